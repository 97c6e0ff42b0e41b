"""Objects, which a run detects only if it is asked to."""

import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.runs import QUICKLY, Finished, files_of, run, sample_ids, write_videos
from thumbnail_tasks import schemas
from thumbnail_tasks.console import format_count
from thumbnail_tasks.runs.record_files import read_records

pytestmark = pytest.mark.dag

N_VIDEOS = 4
WITH_OBJECTS = ("--objects-detect", "true")
COUNTS = schemas.OBJECT_COUNTS.names


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    return write_videos(tmp_path / "videos.csv", [*sample_ids(N_VIDEOS), "_missing_00"])


def go(data_dir: Path, videos: Path, *flags: str, task: str = "ExportAttributes") -> Finished:
    images = ("--images-dir", str(EXAMPLES / "images"), "--storage-shard-size", "2")
    finished = run(data_dir, "--videos", str(videos), *images, *QUICKLY, *flags, task=task)
    assert finished.code == 0, finished.printed
    return finished


def results_in(data_dir: Path) -> dict[str, int]:
    """The files of all stages, with their modification times."""
    tables = (*STAGE_TABLES, "objects")
    return {name: at for name, at in files_of(data_dir).items() if name.split("/")[0] in tables}


def test_objects_are_added_to_a_finished_archive_and_nothing_else_is_computed(
    tmp_path: Path, videos: Path
) -> None:
    data_dir = tmp_path / "data"
    without = go(data_dir, videos)
    before = results_in(data_dir)
    plain = without.attributes
    assert "DetectObjects" not in without.printed
    assert not (data_dir / "objects").exists()

    added = go(data_dir, videos, *WITH_OBJECTS)
    after = results_in(data_dir)
    assert {name: at for name, at in after.items() if name in before} == before
    new = [name for name in after if name not in before]
    assert len(new) == 3
    assert all(name.startswith("objects/nanodet-g-") for name in new)
    table = added.attributes
    assert [name for name in table.column_names if name not in COUNTS] == plain.column_names
    assert table.drop_columns(COUNTS).equals(plain)
    n_persons = [count or 0 for count in table["person_count"].to_pylist()]
    persons = format_count(sum(n_persons), "person")
    thumbnails = format_count(sum(map(bool, n_persons)), "thumbnail")
    assert f"{persons} on {thumbnails}\n" in added.printed
    assert not re.search(" persons? on ", without.printed)
    (stage,) = (
        each for each in read_records(str(data_dir), 1)[0].stages if each.stage == "DetectObjects"
    )
    assert (stage.n_thumbnails, stage.n_found) == (N_VIDEOS + 1, N_VIDEOS)

    assert "Nothing to do" in go(data_dir, videos, *WITH_OBJECTS).printed
    assert go(data_dir, videos).attributes.equals(plain)
    assert results_in(data_dir) == after  # they are kept, and found again
    assert go(data_dir, videos, *WITH_OBJECTS).attributes.equals(table)
    assert results_in(data_dir) == after


@pytest.mark.thorough
def test_counts_are_those_of_the_table_of_objects_in_every_form_of_the_export(
    tmp_path: Path, videos: Path
) -> None:
    exported = go(tmp_path / "data", videos, *WITH_OBJECTS)
    paths = (tmp_path / "data" / "objects").glob("*/*.parquet")
    objects = pa.concat_tables(map(pq.read_table, paths)).to_pylist()
    rows = exported.attributes.select(["video_id", *COUNTS]).to_pylist()
    for row in rows[:N_VIDEOS]:
        classes = [each["class"] for each in objects if each["thumbnail_id"] == row["video_id"]]
        assert dict(row["object_counts"]) == {name: classes.count(name) for name in set(classes)}
        assert row["person_count"] == classes.count("person")
    assert rows[N_VIDEOS] == {"video_id": "_missing_00", **dict.fromkeys(COUNTS)}
    assert {row["person_count"] for row in rows[:N_VIDEOS]} > {0}

    path = tmp_path / "data" / "exports" / "attributes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert [each["object_counts"] and json.loads(each["object_counts"]) for each in cells] == [
        *(dict(row["object_counts"]) for row in rows[:N_VIDEOS]),
        "",
    ]
    parts = go(tmp_path / "parts", videos, *WITH_OBJECTS, "--export-max-rows-per-file", "2")
    (part,) = (parts.data_dir / "exports" / "attributes").glob("*.parquet")
    assert pq.read_table(part).equals(exported.attributes)


def test_objects_detected_earlier_are_imported(tmp_path: Path, videos: Path) -> None:
    first, second, *_ = sample_ids(N_VIDEOS)
    detections = {
        f"https_i.ytimg.comvi{first}default.jpg": ["person", "tie", "person"],
        f"https_i.ytimg.comvi{second}default.jpg": [],
    }
    path = tmp_path / "yolo_detections.json"
    path.write_text(json.dumps(detections))
    flags = ("--engines-objects", "yolo-detections", "--yolo-detections-path", str(path))
    table = go(tmp_path / "data", videos, *WITH_OBJECTS, *flags).attributes
    assert table["person_count"].to_pylist() == [2, 0, None, None, None]
    assert table["object_counts"].to_pylist() == [
        [("person", 2), ("tie", 1)],
        [],
        *[None] * (N_VIDEOS - 1),
    ]
    assert table["face_count"].null_count == 1


@pytest.mark.thorough
def test_results_stay_while_objects_are_not_asked_for(tmp_path: Path, videos: Path) -> None:
    data_dir = tmp_path / "data"
    warning = "[engines] objects is set, but no objects are detected"
    assert warning not in go(data_dir, videos, *WITH_OBJECTS).printed
    assert warning in go(data_dir, videos, "--engines-objects", "nanodet").printed
    before = results_in(data_dir)
    assert run(data_dir, *QUICKLY, task="CleanUp").code == 0
    assert results_in(data_dir) == before
    go(data_dir, videos, *WITH_OBJECTS, "--objects-min-confidence", "0.7")
    cleaned = run(
        data_dir, *QUICKLY, *WITH_OBJECTS, "--objects-min-confidence", "0.7", task="CleanUp"
    )
    assert "objects" in cleaned.printed
    assert len(list((data_dir / "objects").iterdir())) == 1


@pytest.mark.thorough
def test_the_report_of_an_export_with_objects_is_built(tmp_path: Path, videos: Path) -> None:
    data_dir = tmp_path / "data"
    go(data_dir, videos, *WITH_OBJECTS, task="BuildReport")
    assert (data_dir / "exports" / "report" / "index.html").exists()
