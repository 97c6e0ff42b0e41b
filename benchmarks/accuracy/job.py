"""What a user gets: the main job on some pictures, in a process and a folder of its own."""

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
    """What the main job made; every key is a video id."""

    attributes: Mapping[str, Mapping[str, Any]]
    """The row of the export; of a video that stands in several rows, the first."""
    words: Mapping[str, Sequence[Mapping[str, Any]]]
    """Rows of ``schemas.WORDS`` in reading order; also those too unsure for the text."""
    faces: Mapping[str, Sequence[Box]]
    vocabulary: pa.Table
    """Rows of ``schemas.VOCABULARY``: the videos' own words, for the corrector."""


def run_job(videos: Path, images_dir: Path) -> Results:
    """Run ExportAttributes with one worker, under the luigi.cfg that holds here.

    Args:
        videos: A table of videos.
        images_dir: Their pictures, by video id.

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


def job_command(videos: Path, data_dir: Path, workers: int = 1) -> list[str]:
    """The main job as a user starts it.

    Args:
        videos: A table of videos.
        data_dir: Where everything is kept.
        workers: Processes side by side.
    """
    return [
        *(sys.executable, "-m", "luigi", "--module", "thumbnail_tasks", "ExportAttributes"),
        *("--videos", str(videos.resolve()), "--storage-data-dir", str(data_dir.resolve())),
        *("--local-scheduler", "--no-lock", "--workers", str(workers)),
    ]


def read_results(data_dir: Path) -> Results:
    """What a run has left in its data directory."""
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
    """Run the main job on these pictures alone, with the vocabulary of their whole table.

    Args:
        pictures: Video id to picture.
        videos: The table they stand in; need not be there, or name them all.
    """
    with tempfile.TemporaryDirectory(prefix="accuracy-pictures-") as folder:
        images_dir, table = Path(folder, "images"), Path(folder, "videos.csv")
        images_dir.mkdir()
        for video_id, picture in pictures.items():
            Path(images_dir, f"{video_id}{picture.suffix}").symlink_to(picture.resolve())
        _write_videos(table, videos, pictures)
        return run_job(table, images_dir)


def run_quietly(command: Sequence[str]) -> None:
    """Run a measuring process; what it prints matters only if it fails.

    Raises:
        RuntimeError: It failed; the message ends with what it printed last.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stdout + done.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(command)}: ended with code {done.returncode}:\n{last}")


def _write_videos(table: Path, videos: Path, video_ids: Mapping[str, Path]) -> None:
    """Write the rows of ``videos``, then one for each id that has none."""
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
    """The rows of every file of a stage, by thumbnail."""
    found = defaultdict(list)
    for file in sorted(folder.glob("*/*.parquet")):
        for row in pq.read_table(file).to_pylist():
            found[row["thumbnail_id"]].append(row)
    return found
