"""Recognise the words on each thumbnail."""

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word, choose
from thumbnail_tasks.engines.text import keras_ocr, ppocr_v5, rapidocr
from thumbnail_tasks.engines.text.line_readers import VIETNAMESE
from thumbnail_tasks.engines.text.scripts import scripts_of
from thumbnail_tasks.engines.text.vietnamese import is_vietnamese_title
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.stages import notebook_texts
from thumbnail_tasks.stages.detections import find_on_pictures
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails, PlannedShard
from thumbnail_tasks.tasks.shard_task import ShardTask

RECOGNIZERS: Mapping[str, Engine] = {
    "rapidocr": rapidocr.ENGINE,
    ppocr_v5.NAME: ppocr_v5.ENGINE,
    "keras-ocr": keras_ocr.ENGINE,
    notebook_texts.NAME: notebook_texts.ENGINE,
}

_COLUMNS_VERSION = 2
"""Raise it when the table of words has other columns."""


def recognize_text(
    thumbnails: pa.Table,
    expected: Sequence[Collection[str]],
    recognize: TextRecognizer,
    advance: Progress,
) -> pa.Table:
    """Recognise the words on each thumbnail, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        expected: N times the scripts that are expected on a thumbnail.
        recognize: Maps B pictures of one size, and what is expected on them, to B lists of words in
            reading order.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        One row of ``schemas.WORDS`` per word, in the order of ``thumbnails`` and of reading;
        boxes in pixels of the stored picture. No row without a picture or words.
    """
    rows = find_on_pictures(
        thumbnails,
        lambda images, numbers: recognize(images, [expected[number] for number in numbers]),
        _describe,
        advance,
    )
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


def titles_of(shard: pa.Table) -> dict[str, str]:
    """Title and channel of each thumbnail of ``schemas.SHARDS``, by its id."""
    columns = (shard[name].to_pylist() for name in ("thumbnail_id", "title_and_channel"))
    return dict(zip(*columns, strict=True))


def expected_scripts(thumbnails: pa.Table, shard: pa.Table) -> list[frozenset[str]]:
    """The scripts of the title and channel of each thumbnail, with Vietnamese as one of its own.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        shard: Rows of ``schemas.SHARDS`` on these thumbnails; it has none on quarantined ones.
    """
    titles = titles_of(shard)
    of_each = [
        titles.get(thumbnail_id, "") for thumbnail_id in thumbnails["thumbnail_id"].to_pylist()
    ]
    return [
        scripts_of(title) | ({VIETNAMESE} if is_vietnamese_title(title) else frozenset())
        for title in of_each
    ]


def wanted_scripts(engine: Engine) -> tuple[str, ...]:
    """The scripts of ``[text] scripts``, all that the engine reads by default.

    Raises:
        SettingsError: The engine does not read one of them.
    """
    names = [name.strip() for name in settings.text().scripts.split(",") if name.strip()]
    known = {script.casefold(): script for script in engine.scripts}
    if unknown := [name for name in names if name.casefold() not in known]:
        raise SettingsError(
            f"[text] scripts: expected some of {', '.join(engine.scripts) or 'none'}, which "
            f"{engine.name()} reads; found: {', '.join(unknown)}"
            + (f"; {engine.limits()}" if engine.limits() else "")
        )
    named = {known[name.casefold()] for name in names}
    return tuple(script for script in engine.scripts if script in named or not names)


class RecognizeText(ShardTask):
    """Write the words of some shards.

    The scripts of a video's title and channel are expected on its thumbnail, which helps to tell
    those of its lines.
    """

    table = "words"
    upstream = (DownloadThumbnails,)

    @classmethod
    def needs(cls) -> dict[str, int]:
        """The GPU, except for texts of the notebook."""
        return {} if settings.engine_name("text") == notebook_texts.NAME else {"gpu": 1}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The text recogniser selected by the settings."""
        engine = choose("text", settings.engine_name("text"), RECOGNIZERS)
        about = {"columns": _COLUMNS_VERSION}
        scripts = wanted_scripts(engine)
        if scripts == tuple(engine.scripts):
            return engine._replace(about=lambda: {**engine.about(), **about})
        return engine._replace(
            load=functools.partial(engine.load, scripts),
            about=lambda: {**engine.about(), **about, "scripts": scripts},
        )

    def requires_for(self, shard: str) -> list[luigi.Task]:
        planned = PlannedShard(data_dir=self.data_dir, source=self.source, shard=shard)
        return [*super().requires_for(shard), planned]

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        thumbnails, shard = tables
        if settings.engine_name("text") == notebook_texts.NAME:
            return notebook_texts.take_words(thumbnails, self.selected_engine().load(), progress)
        recognize = self.selected_engine().on_demand()
        return recognize_text(thumbnails, expected_scripts(thumbnails, shard), recognize, progress)
