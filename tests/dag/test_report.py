"""The report is built again when what it shows has changed."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import EXAMPLES
from tests.dag.runs import QUICKLY, Finished, run
from tests.report.test_numbers import read_data

pytestmark = pytest.mark.dag


@pytest.mark.thorough
def test_names_of_categories_and_stored_pictures_build_it_again(tmp_path: Path) -> None:
    videos, report = tmp_path / "videos.csv", tmp_path / "data" / "exports" / "report"
    table = pd.read_csv(EXAMPLES / "videos.csv", dtype=str, keep_default_na=False)
    table.head(3).to_csv(videos, index=False)

    def build(*flags: str) -> Finished:
        table, images = ("--videos", str(videos)), ("--images-dir", str(EXAMPLES / "images"))
        built = run(tmp_path / "data", *table, *images, *QUICKLY, *flags, task="BuildReport")
        assert built.code == 0, built.printed
        return built

    build()
    stored = {path.read_bytes() for path in report.glob("stored/*/*.jpg")}
    assert stored == {
        (EXAMPLES / "images" / f"{name}.jpg").read_bytes() for name in table["video_id"][:3]
    }
    summary = read_data(report, "summary")
    assert summary["categories"]["28"] == "Science & Technology"
    assert summary["about"]["videos"] == "videos.csv"
    assert summary["about"]["exported_at"].endswith("+00:00")
    assert "Nothing to do" in build().printed

    names = {"items": [{"id": "28", "snippet": {"title": "Wissenschaft"}}]}
    (tmp_path / "category_id.json").write_text(json.dumps(names))
    assert "Nothing to do" not in build().printed
    assert read_data(report, "summary")["categories"]["28"] == "Wissenschaft"
    assert "Nothing to do" in build().printed

    build("--report-stored-pictures", "false")
    assert not (report / "stored").exists()
    assert len([*report.glob("pictures/*/*.webp")]) == 3
