"""Recognise the words on each thumbnail."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word, choose
from thumbnail_tasks.engines.text import keras_ocr, rapidocr
from thumbnail_tasks.stages import notebook_texts
from thumbnail_tasks.stages.detections import find_on_pictures
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.tasks.shard_task import ShardTask

RECOGNIZERS: Mapping[str, Engine] = {
    "rapidocr": rapidocr.ENGINE,
    "keras-ocr": keras_ocr.ENGINE,
    notebook_texts.NAME: notebook_texts.ENGINE,
}


_COLUMNS_VERSION = 2
"""Raise it when the table of words has other columns."""


def recognize_text(thumbnails: pa.Table, recognize: TextRecognizer, advance: Progress) -> pa.Table:
    """Recognise the words on each thumbnail, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        recognize: Maps B pictures of one size to B lists of words in reading order.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        One row of ``schemas.WORDS`` per word, in the order of ``thumbnails`` and of reading;
        boxes in pixels of the stored picture. No row without a picture or words.
    """
    rows = find_on_pictures(thumbnails, recognize, _describe, advance)
    return pa.Table.from_pylist(rows, schemas.WORDS)


def _describe(words: Sequence[Word]) -> list[dict[str, Any]]:
    return [
        {
            "word_index": index,
            "text": word.text,
            "confidence": word.confidence,
            "script": word.script,
        }
        for index, word in enumerate(words)
    ]


class RecognizeText(ShardTask):
    """Write the words of some shards."""

    table = "words"
    upstream = (DownloadThumbnails,)

    def process_resources(self) -> dict[str, int]:
        """The GPU, except for texts of the notebook."""
        return {} if settings.engine_name("text") == notebook_texts.NAME else {"gpu": 1}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The text recogniser selected by the settings."""
        engine = choose("text", settings.engine_name("text"), RECOGNIZERS)
        return engine._replace(about=lambda: {**engine.about(), "columns": _COLUMNS_VERSION})

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (thumbnails,) = tables
        if settings.engine_name("text") == notebook_texts.NAME:
            return notebook_texts.take_words(thumbnails, self.selected_engine().load(), progress)
        return recognize_text(thumbnails, self.selected_engine().on_demand(), progress)
