"""The main job on real tables and real thumbnails, if they are available."""

import shutil
from pathlib import Path

import pytest

from benchmarks.accuracy import score_export
from tests.conftest import EXAMPLES, REAL_TABLES
from tests.dag.runs import QUICKLY, run
from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.reading import read_batches, read_schema
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails

pytestmark = pytest.mark.dag


@pytest.mark.slow
@pytest.mark.model
def test_real_thumbnails_are_read_about_as_well_as_the_readme_says(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "thumbnails"
    videos, images_dir = str(folder / "videos.csv"), str(folder / "hqdefault")
    finished = run(tmp_path / "data", "--videos", videos, "--images-dir", images_dir)
    assert finished.code == 0, finished.printed
    statuses = finished.attributes["thumbnail_status"].to_pylist()
    assert statuses == ["ok"] * 282
    as_read, corrected, faces = score_export(folder, finished.data_dir)
    assert as_read.recall > 0.72
    assert as_read.precision > 0.78
    assert corrected.recall >= as_read.recall
    assert faces.n_found >= faces.n_clear - 2
    assert faces.n_false <= 4


@pytest.mark.parametrize(("name", "n_rows"), REAL_TABLES.items())
def test_rows_in_are_rows_out(shared_data: Path, tmp_path: Path, name: str, n_rows: int) -> None:
    videos = shared_data / "videos" / name
    schema = read_schema([videos], "auto")
    first = next(read_batches([videos], "auto", schema))
    thumbnail_id = identify_thumbnails(first, from_folder=True)["thumbnail_id"][0]
    (tmp_path / "images").mkdir()
    picture = EXAMPLES / "images" / "sample00017.jpg"
    shutil.copy(picture, tmp_path / "images" / f"{thumbnail_id}.jpg")

    images_dir = str(tmp_path / "images")
    finished = run(tmp_path / "data", "--videos", str(videos), "--images-dir", images_dir, *QUICKLY)

    assert finished.code == 0, finished.printed
    table = finished.attributes
    assert len(table) == n_rows
    assert table.column_names == [*schema.names, *schemas.exported(512).names]
    assert set(table["thumbnail_status"].to_pylist()) == {"ok", "not_found"}
    assert table["thumbnail_status"][0].as_py() == "ok"
