"""Embed each thumbnail's text as a vector."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.embeddings import minilm, tensorflow_hub, use_multilingual
from thumbnail_tasks.engines.interface import Engine, TextEncoder, choose
from thumbnail_tasks.execution.bisection import split_on_oom
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.tasks.shard_task import ShardTask

ENCODERS: Mapping[str, Engine] = {
    "use-multilingual": use_multilingual.ENGINE,
    "minilm": minilm.ENGINE,
    "tensorflow-hub": tensorflow_hub.ENGINE,
}


def embed_texts(
    texts: pa.Table, encode: TextEncoder, advance: Progress, width: int | None = None
) -> pa.Table:
    """Embed each thumbnail's text as a vector.

    Args:
        texts: N rows of ``schemas.TEXTS``.
        encode: Maps B texts to (B, width) float32 vectors.
        advance: Called with the number of thumbnails completed since the last call.
        width: Numbers of a vector; None if only ``encode`` knows it. If it is given, ``encode`` is
            not called for a shard without texts.

    Returns:
        N rows of ``schemas.embeddings(width)``. Null without a picture, zeros without text.
    """
    ocr = texts["ocr"].to_pylist()
    with_text = [row for row, text in enumerate(ocr) if text]
    if with_text or width is None:
        encoded = np.concatenate(split_on_oom(encode, [ocr[row] for row in with_text]))
    else:
        encoded = np.zeros((0, width), np.float32)
    vectors = np.zeros((len(ocr), encoded.shape[1]), np.float32)
    vectors[with_text] = encoded
    schema = schemas.embeddings(encoded.shape[1])
    missing = pa.array([text is None for text in ocr], pa.bool_())
    column = pa.FixedSizeListArray.from_arrays(vectors.ravel(), encoded.shape[1], mask=missing)
    advance(len(ocr))
    return pa.table([texts["thumbnail_id"], column], schema=schema)


class EmbedText(ShardTask):
    """Write the text vectors of some shards."""

    table = "embeddings"
    upstream = (CorrectText,)

    @classmethod
    def needs(cls) -> dict[str, int]:
        """The GPU if TensorFlow runs the encoder; the others run on the CPU."""
        return {"gpu": 1} if settings.engine_name("embedding") == "tensorflow-hub" else {}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The text encoder selected by the settings."""
        return choose("embedding", settings.engine_name("embedding"), ENCODERS)

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (texts,) = tables
        engine = self.selected_engine()
        return embed_texts(texts, engine.on_demand(), progress, engine.width)
