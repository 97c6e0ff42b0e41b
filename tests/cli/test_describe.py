"""``thumbnail-tasks describe`` summarises an export without changing it."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks.cli.describe import describe
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.schemas import EMOTION_LABELS


def write_export(path: Path) -> Path:
    """An export of four rows: two of one thumbnail, one without a thumbnail."""
    columns = {
        "thumbnail_id": ["a", "a", "b", None],
        "thumbnail_status": ["ok", "ok", "not_found", "no_link"],
        "thumbnail_ocr_length": [2, 2, None, None],
        "face_count": [1, 1, None, None],
        **{f"{label}_count": [0, 0, None, None] for label in EMOTION_LABELS},
        "happy_count": [1, 1, None, None],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def describe_in(data_dir: Path) -> str:
    with CmdlineParser.global_instance(["CleanUp", "--data-dir", str(data_dir)]):
        return describe()


@pytest.mark.parametrize("given", [".", "exports", "exports/attributes.parquet"])
def test_rows_thumbnails_and_statuses_are_counted(tmp_path: Path, given: str) -> None:
    path = write_export(tmp_path / "exports" / "attributes.parquet")
    before = path.read_bytes()
    lines = describe_in(tmp_path / given).splitlines()
    assert "4 rows, 2 thumbnails: 1 ok, 1 not_found" in lines
    assert "with text 100 %, with faces 100 %" in lines
    assert "1 face: 1 happy" in lines
    assert "not_found: HTTP 404 or 410, or no such file in the folder" in lines
    assert path.read_bytes() == before


def test_persons_are_counted_if_objects_were_detected(tmp_path: Path) -> None:
    path = write_export(tmp_path / "attributes.parquet")
    assert not re.search("persons? on", describe_in(path))
    counts = pa.array([2, 2, None, None], pa.int32())
    pq.write_table(pq.read_table(path).append_column("person_count", counts), path)
    assert "2 persons on 1 thumbnail" in describe_in(path).splitlines()


def test_without_an_export_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"found none\. To make it: thumbnail-tasks export"):
        describe_in(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really PAR1"])
def test_a_file_that_is_no_export_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "attributes.parquet"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="expected an exported table"):
        describe_in(path)
    assert path.read_bytes() == content


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "attributes.parquet"
    pq.write_table(pa.table({"video_id": ["a"]}), path)
    with pytest.raises(StorageError, match="found no column thumbnail_id"):
        describe_in(path)
