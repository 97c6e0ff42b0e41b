"""The whole job as a contender, and the overhead of its stages around their models."""

import csv
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.accuracy.job import job_command
from benchmarks.accuracy.labels import read_rows
from benchmarks.accuracy.ours import as_thumbnails, load_stage, without_titles
from benchmarks.speed.processes import run_measured
from benchmarks.speed.shares import JobTime, Overhead, read_stage_seconds
from benchmarks.speed.turns import Run
from thumbnail_tasks import schemas
from thumbnail_tasks.pictures.batches import iter_pictures
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.words import RecognizeText

_BATCH_SIZE = 16


def lay_out(pictures: Sequence[Path], videos: Path, folder: Path) -> tuple[Path, Path]:
    """Write a table and a folder with only these pictures; return both paths.

    Args:
        pictures: Named by video id.
        videos: Their table; may not exist.
        folder: A new folder.
    """
    table, images_dir = folder / "videos.csv", folder / "images"
    images_dir.mkdir(parents=True)
    for picture in pictures:
        (images_dir / picture.name).symlink_to(picture.resolve())
    known = {row["video_id"]: row for row in read_rows(videos)} if videos.exists() else {}
    rows = [known.get(path.stem, {"video_id": path.stem}) for path in pictures]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return table, images_dir


def load_job(layout: tuple[Path, Path], workers: int, keep: Path | None) -> Run:
    """Run the command in a new data directory each time; returns the ``JobTime`` of the run.

    Args:
        layout: From ``lay_out``.
        workers: Number of processes.
        keep: Path at which to keep the data directory of the first run; None to keep none.
    """
    videos, images_dir = layout

    def run(pictures: Sequence[Any]) -> JobTime:
        fresh = videos.with_name("data")
        done = run_measured([*job_command(videos, fresh, workers), "--images-dir", str(images_dir)])
        spent = JobTime(len(pictures), done.wall_s, read_stage_seconds(fresh))
        if keep and not keep.exists():
            fresh.rename(keep)
        else:
            shutil.rmtree(fresh)
        return spent

    return run


def load_second_run(layout: tuple[Path, Path], data_dir: Path) -> Run:
    """Run the command in a data directory with finished results."""
    videos, images_dir = layout
    command = [*job_command(videos, data_dir), "--images-dir", str(images_dir)]
    return lambda pictures: run_measured(command)


def load_probe() -> Run:
    """Measure the ``Overhead`` of the stages with a model, on encoded pictures."""
    return measure_overhead


def measure_overhead(contents: Sequence[bytes]) -> Overhead:
    """Measure start-up and decoding of the stages with a model, in a new process.

    Args:
        contents: Encoded pictures, one or more.
    """
    thumbnails = as_thumbnails(contents)
    first = thumbnails.slice(0, 1)
    text = {"thumbnail_id": "picture0", "ocr_raw": "QUIZ NIGHT", "ocr": "QUIZ NIGHT"}
    texts = pa.Table.from_pylist([text], schemas.TEXTS)
    face = {"thumbnail_id": "picture0", "face_index": 0, "confidence": 1.0}
    box = {"x_min": 100, "y_min": 100, "x_max": 200, "y_max": 200}
    faces = pa.Table.from_pylist([face | box], schemas.FACES)
    start_up_s = 0.0
    for stage, tables in (
        (RecognizeText, [first, without_titles(first)]),
        (DetectFaces, [first]),
        (ClassifyEmotions, [first, faces]),
        (EmbedText, [texts]),
        (MeasureAppearance, [first]),
    ):
        compute = load_stage(stage)
        # The first call loads and prepares the model; the second only runs it.
        start_up_s += _seconds(compute, tables) - _seconds(compute, tables)
    decode_s = _seconds(lambda table: list(iter_pictures(table, _BATCH_SIZE)), thumbnails)
    # Text, faces and appearance decode every picture; emotions those with faces, about half.
    return Overhead(start_up_s, 3.5 * decode_s / len(contents))


def _seconds(run: Any, argument: Any) -> float:
    started = time.perf_counter()
    run(argument)
    return time.perf_counter() - started
