"""An export with more rows than the setting allows in one file: every command works on it."""

import csv
import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES
from tests.dag.runs import (
    QUICKLY,
    Finished,
    files_of,
    read_attributes,
    run,
    sample_ids,
    write_videos,
)
from thumbnail_tasks.export.published import find_export

pytestmark = pytest.mark.dag

N_VIDEOS = 5


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = write_videos(tmp_path_factory.mktemp("in") / "videos.csv", sample_ids(N_VIDEOS))
    long_ago = time.time() - 3600
    os.utime(table, (long_ago, long_ago))
    return table


def go(data_dir: Path, videos: Path, *flags: str, task: str = "ExportAttributes") -> Finished:
    where = ("--tables" if task == "Nightly" else "--videos", str(videos))
    images = ("--images-dir", str(EXAMPLES / "images"))
    finished = run(data_dir, *where, *images, *QUICKLY, *flags, task=task)
    assert finished.code == 0, finished.printed
    return finished


IN_PARTS = ("--export-max-rows-per-file", "2")


def read_parts(exports: Path) -> pa.Table:
    """As docs/COLUMNS.md says."""
    folder = exports / "attributes"
    manifest = json.loads((folder / "_manifest.json").read_text())
    return pq.read_table([folder / part["file"] for part in manifest["parts"]])


def test_a_dataset_is_exported_read_and_replaced_by_a_file(tmp_path: Path, videos: Path) -> None:
    data_dir = tmp_path / "data"
    exports = data_dir / "exports"
    go(data_dir, videos)
    expected = read_attributes(data_dir)
    assert "Nothing to do" in go(data_dir, videos, *IN_PARTS).printed  # made by an earlier version

    (exports / "attributes.parquet").unlink()
    made = go(data_dir, videos, *IN_PARTS)
    assert "1 of 1 parts are new" in made.printed
    assert f"{N_VIDEOS} rows, {N_VIDEOS} thumbnails: {N_VIDEOS} ok" in made.printed
    assert read_parts(exports).equals(expected)
    assert sorted(path.name for path in exports.iterdir()) == ["attributes"]  # the CSV is gone
    before = files_of(data_dir)
    assert "Nothing to do" in go(data_dir, videos, *IN_PARTS).printed
    assert files_of(data_dir) == before

    with_csv = go(data_dir, videos, *IN_PARTS, "--export-csv", "always")
    assert "0 of 1 parts are new" in with_csv.printed
    with (exports / "attributes.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == N_VIDEOS + 1

    go(data_dir, videos, *IN_PARTS, task="BuildReport")
    assert (exports / "report" / "index.html").exists()
    go(data_dir, videos, *IN_PARTS, task="ExportProjector")
    assert (exports / "projector" / "thumbnail_ocr_vecs.tsv").exists()
    go(data_dir, videos, *IN_PARTS, "--query", "a cat", task="SearchTexts")

    go(data_dir, videos)  # the limit is back
    assert read_attributes(data_dir).equals(expected)
    export = find_export(str(exports))
    assert export
    assert not export.is_dataset
    cleaned = run(data_dir, *QUICKLY, task="CleanUp")
    assert "exports/attributes: parts that no manifest names" in cleaned.printed
    assert not (exports / "attributes").exists()


@pytest.mark.thorough
def test_a_night_exports_a_dataset_under_its_date(tmp_path: Path, videos: Path) -> None:
    data_dir, night = tmp_path / "data", ("--date", "2026-11-25")
    go(data_dir, videos.parent, *IN_PARTS, *night, task="Nightly")
    dated = data_dir / "exports" / "latest"
    assert len(read_parts(dated)) == N_VIDEOS
    again = go(data_dir, videos.parent, *IN_PARTS, *night, task="Nightly")
    assert "Nothing to do" in again.printed
    cleaned = run(data_dir, *QUICKLY, task="CleanUp")
    assert cleaned.printed.endswith("nothing to free\n"), cleaned.printed


@pytest.mark.thorough
def test_a_report_of_a_sample_says_so(tmp_path: Path, videos: Path) -> None:
    data_dir = tmp_path / "data"
    go(data_dir, videos, "--report-max-thumbnails", "3", task="BuildReport")
    summary = (data_dir / "exports" / "report" / "data" / "summary.js").read_text()
    shown = json.loads(summary.removeprefix('report.take("summary",').rstrip().removesuffix(");"))
    assert shown["n_thumbnails"] == 3
    assert shown["about"]["sample"] == f"3 of {N_VIDEOS} thumbnails"
    assert not (data_dir / "exports" / ".report-sample").exists()
    assert (
        "Nothing to do"
        in go(data_dir, videos, "--report-max-thumbnails", "3", task="BuildReport").printed
    )
