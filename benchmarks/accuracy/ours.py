"""The package's stages as contestants, run on one picture as in the job."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.timing import Contestant
from thumbnail_tasks import schemas
from thumbnail_tasks.console import Progress
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.texts import CorrectText, read_thresholds
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.tasks.shard_task import ShardTask

_ID = "picture0"


def our_text() -> Contestant:
    """The stage RecognizeText, with the engine from luigi.cfg, and the words that are kept."""
    return Contestant(f"ours: {RecognizeText.selected_engine().name()}", _load_text)


def our_texts() -> Contestant:
    """The stages RecognizeText and CorrectText: the text before correction, and its script."""
    return Contestant(f"ours: {RecognizeText.selected_engine().name()}", _load_texts)


def our_faces() -> Contestant:
    """The stage DetectFaces, with the engine from luigi.cfg."""
    return Contestant(f"ours: {DetectFaces.selected_engine().name()}", _load_faces)


def our_persons() -> Contestant:
    """The stage DetectObjects, with the engine from luigi.cfg: the boxes of persons."""
    return Contestant(f"ours: {DetectObjects.selected_engine().name()}", _load_persons)


def time_correction(words_of: Iterable[Sequence[Mapping[str, Any]]], vocabulary: pa.Table) -> float:
    """Median milliseconds of the stage CorrectText per picture.

    Args:
        words_of: Rows of ``schemas.WORDS`` of each picture; one or more pictures.
        vocabulary: Rows of ``schemas.VOCABULARY``.
    """
    thumbnail = as_thumbnails([b""])
    listed = {"thumbnail_id": _ID, "title_and_channel": ""}
    shard = pa.Table.from_pylist([listed], schemas.SHARDS)
    tables = []
    for words in words_of:
        rows = [{**word, "thumbnail_id": _ID} for word in words]
        tables.append([thumbnail, pa.Table.from_pylist(rows, schemas.WORDS), shard, vocabulary])
    correct = load_stage(CorrectText)
    correct(tables[0])  # loads the dictionary
    times_ms = []
    for each in tables:
        started = time.perf_counter()
        correct(each)
        times_ms.append(1000 * (time.perf_counter() - started))
    return statistics.median(times_ms)


def _load_text() -> Callable[[bytes], list[str]]:
    recognize = load_stage(RecognizeText)
    thresholds = read_thresholds()

    def read(content: bytes) -> list[str]:
        thumbnails = as_thumbnails([content])
        words = recognize([thumbnails, without_titles(thumbnails)])
        return list(filter(None, words.filter(thresholds.keep(words))["text"].to_pylist()))

    return read


def _load_texts() -> Callable[[bytes], dict[str, Any]]:
    recognize, correct = load_stage(RecognizeText), load_stage(CorrectText)
    vocabulary = schemas.VOCABULARY.empty_table()

    def read(content: bytes) -> dict[str, Any]:
        thumbnail = as_thumbnails([content])
        shard = without_titles(thumbnail)
        words = recognize([thumbnail, shard])
        (row,) = correct([thumbnail, words, shard, vocabulary]).to_pylist()
        return {
            "text": row["ocr_raw"] or "",
            "script": row["text_script"],
            "n_unread_lines": row["unread_lines"],
        }

    return read


def _load_faces() -> Callable[[bytes], list[Box]]:
    detect = load_stage(DetectFaces)
    return lambda content: _boxes_of(detect([as_thumbnails([content])]))


def _load_persons() -> Callable[[bytes], list[Box]]:
    detect = load_stage(DetectObjects)

    def find(content: bytes) -> list[Box]:
        objects = detect([as_thumbnails([content])])
        return _boxes_of(objects.filter(pc.equal(objects["class"], "person")))

    return find


def _boxes_of(found: pa.Table) -> list[Box]:
    edges = (found[name].to_pylist() for name in ("x_min", "y_min", "x_max", "y_max"))
    return list(zip(*edges, strict=True))


def load_stage(stage: type[ShardTask]) -> Callable[[Sequence[pa.Table]], pa.Table]:
    """Load a stage's computation, without Luigi and without files."""
    task = stage.on(shard=_ID, source=_ID, data_dir=_ID)
    return lambda tables: task.compute(tables, cast(Progress, _ignore_progress))


def as_thumbnails(contents: Sequence[bytes]) -> pa.Table:
    """Pictures as rows of ``schemas.THUMBNAILS``, with ids ``picture0``, ``picture1`` and so on."""
    rows = [
        {"thumbnail_id": f"picture{number}", "status": "ok", "image": content}
        for number, content in enumerate(contents)
    ]
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


def without_titles(thumbnails: pa.Table) -> pa.Table:
    """Rows of ``schemas.SHARDS`` for rows of ``schemas.THUMBNAILS``, with empty titles."""
    rows = [
        {"thumbnail_id": thumbnail_id, "title_and_channel": ""}
        for thumbnail_id in thumbnails["thumbnail_id"].to_pylist()
    ]
    return pa.Table.from_pylist(rows, schemas.SHARDS)


def _ignore_progress(n: int) -> None:
    """Do nothing: the benchmark reports progress itself."""
