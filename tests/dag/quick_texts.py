"""``tests.dag.quick`` with chunks of four texts, whose encoder notes what it is given.

Each text of the table is a line of the file ``$GIVEN``; the text ``$HELD_AT`` takes a minute.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tests.dag import quick
from thumbnail_tasks.stages import embedded_columns
from thumbnail_tasks.stages.text_vectors import embed_distinct

__all__ = ["quick"]


def embed_here(texts: Sequence[str], advance: object) -> pa.Table:
    if os.environ.get("HELD_AT") in texts:
        time.sleep(60)
    with Path(os.environ["GIVEN"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in texts)
    return embed_distinct(texts, quick.encode)


embedded_columns.CHUNK_TEXTS = 4  # type: ignore[misc]
embedded_columns._embed_here = embed_here
