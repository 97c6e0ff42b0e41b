"""Runs where the packages of the notebook's engines are not installed."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.dag.runs import SAMPLE, run, sample_ids, write_videos

pytestmark = pytest.mark.dag


@pytest.mark.model
def test_the_main_job_needs_none_of_them(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(4))
    finished = run(
        tmp_path / "data",
        *("--module", "tests.dag.without_notebook"),
        *("--videos", str(videos), "--images-dir", SAMPLE[-1]),
        environment={"PYTHONPATH": str(ROOT)},
    )
    assert finished.code == 0, finished.printed
    assert len(finished.attributes) == 4


@pytest.mark.parametrize("workers", ["1", "3"])
def test_an_engine_without_its_packages_is_one_line_before_the_first_picture(
    tmp_path: Path, workers: str
) -> None:
    finished = run(
        tmp_path / "data",
        *("--module", "tests.dag.without_notebook", *SAMPLE),
        *("--engines-preset", "notebook", "--workers", workers),
        environment={"PYTHONPATH": str(ROOT)},
    )
    assert finished.code == 4
    (line,) = [line for line in finished.printed.splitlines() if "[engines]" in line]
    assert "[engines] text: keras-ocr: expected the packages of the notebook's engines" in line
    assert line.endswith("notebook.lock")
    assert "Traceback" not in finished.printed, finished.printed
    assert not list((tmp_path / "data").glob("thumbnails/*/*.parquet"))
