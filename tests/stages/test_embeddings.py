"""The vector of each thumbnail's text."""

import numpy as np
import pyarrow as pa

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.embeddings import embed_texts


def test_vectors_are_zero_without_text_and_null_without_a_picture() -> None:
    rows = [
        {"thumbnail_id": name, "ocr": text} for name, text in (("a", "x"), ("b", ""), ("c", None))
    ]
    texts = pa.Table.from_pylist(rows, schemas.TEXTS)
    embeddings = embed_texts(texts, lambda batch: np.ones((len(batch), 4), np.float32), ignore)
    assert embeddings.schema == schemas.embeddings(4)
    assert embeddings["ocr_embed"].to_pylist() == [[1, 1, 1, 1], [0, 0, 0, 0], None]
