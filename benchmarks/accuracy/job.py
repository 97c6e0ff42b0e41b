"""Run the main job on some pictures, as a user would, in a separate process and folder."""

import csv
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.accuracy.boxes import Box
from benchmarks.progress import say

ROOT = Path(__file__).parents[2]


class Results(NamedTuple):
    """Results of the main job; all keys are video ids."""

    attributes: Mapping[str, Mapping[str, Any]]
    """The row of the export; the first row of a video with several."""
    words: Mapping[str, Sequence[Mapping[str, Any]]]
    """Rows of ``schemas.WORDS`` in reading order, including words left out of the text."""
    faces: Mapping[str, Sequence[Box]]
    vocabulary: pa.Table
    """Rows of ``schemas.VOCABULARY``: words of the videos, for the corrector."""


def run_job(videos: Path, images_dir: Path) -> Results:
    """Run ExportAttributes with one worker and the current luigi.cfg.

    Args:
        videos: A table of videos.
        images_dir: Their pictures, named by video id.

    Raises:
        RuntimeError: The job failed.
    """
    say(f"the main job on {images_dir}")
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        command = [*job_command(videos, Path(folder)), "--images-dir", str(images_dir.resolve())]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the main job ended with code {done.returncode}:\n{done.stdout}")
        return read_results(Path(folder))


def job_command(videos: Path, data_dir: Path | str, workers: int = 1) -> list[str]:
    """The command line of the main job.

    Args:
        videos: A table of videos.
        data_dir: Its data directory: a folder, or an address on S3.
        workers: Number of processes.
    """
    address = str(data_dir.resolve()) if isinstance(data_dir, Path) else data_dir
    return [
        *(sys.executable, "-m", "luigi", "--module", "thumbnail_tasks", "ExportAttributes"),
        *("--videos", str(videos.resolve()), "--storage-data-dir", address),
        *("--local-scheduler", "--no-lock", "--workers", str(workers)),
    ]


def read_results(data_dir: Path) -> Results:
    """Read the results of a run from its data directory."""
    rows = pq.read_table(data_dir / "exports" / "attributes.parquet").to_pylist()
    attributes = {row["video_id"]: row for row in reversed(rows)}
    words, faces = _read_all(data_dir / "words"), _read_all(data_dir / "faces")
    boxes: dict[str, Sequence[Box]] = {
        name: [(face["x_min"], face["y_min"], face["x_max"], face["y_max"]) for face in found]
        for name, found in faces.items()
    }
    (vocabulary,) = map(pq.read_table, (data_dir / "vocabularies").glob("*.parquet"))
    return Results(attributes, words, boxes, vocabulary)


def run_on_pictures(pictures: Mapping[str, Path], videos: Path) -> Results:
    """Run the main job on these pictures only, with the vocabulary of their whole table.

    Args:
        pictures: Video id to picture.
        videos: Their table; it may not exist or lack some of them.
    """
    with tempfile.TemporaryDirectory(prefix="accuracy-pictures-") as folder:
        images_dir, table = Path(folder, "images"), Path(folder, "videos.csv")
        images_dir.mkdir()
        for video_id, picture in pictures.items():
            Path(images_dir, f"{video_id}{picture.suffix}").symlink_to(picture.resolve())
        _write_videos(table, videos, pictures)
        return run_job(table, images_dir)


def run_quietly(command: Sequence[str]) -> None:
    """Run a process without showing its output, unless it fails.

    Raises:
        RuntimeError: It failed; the message ends with its last output.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stdout + done.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(command)}: ended with code {done.returncode}:\n{last}")


def _write_videos(table: Path, videos: Path, video_ids: Mapping[str, Path]) -> None:
    """Write the rows of ``videos``, then one for each id without a row."""
    rows: list[dict[str, str]] = []
    columns = ["video_id"]
    if videos.exists():
        with videos.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), list(reader.fieldnames or columns)
    known = {row["video_id"] for row in rows}
    rows += [{"video_id": video_id} for video_id in video_ids if video_id not in known]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _read_all(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the rows of all files of a stage, by thumbnail."""
    found = defaultdict(list)
    for file in sorted(folder.glob("*/*.parquet")):
        for row in pq.read_table(file).to_pylist():
            found[row["thumbnail_id"]].append(row)
    return found
