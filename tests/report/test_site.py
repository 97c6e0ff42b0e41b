"""The folder of the report as a whole."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.report.drawn import Drawn, draw_export
from tests.report.test_numbers import read_data
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.report import site
from thumbnail_tasks.report.site import in_8_bits, write_data

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "\"'`${1}\\",
    "\u2028\u2029\u202eabc\u2066",
    "=cmd|' /C calc'!A0",
    "\U0001f600" * 50,
    "x" * 10_000,
)


def test_8_bit_vectors_keep_the_nearest_neighbours() -> None:
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(40, 512))
    vectors = (topics[rng.integers(0, 40, 2000)] + rng.normal(size=(2000, 512))).astype(np.float32)
    small = in_8_bits(vectors).astype(np.float64)
    n_common = 0
    for row in range(100):
        nearest = [
            set(np.argsort(-(each @ each[row]) / np.linalg.norm(each, axis=1))[:11])
            for each in (vectors.astype(np.float64), small)
        ]
        n_common += len(nearest[0] & nearest[1])
    assert n_common / 1100 > 0.97


def test_a_zero_vector_stays_zero() -> None:
    assert (in_8_bits(np.zeros((2, 3), np.float32)) == 0).all()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_written_as_data(tmp_path: Path, text: str) -> None:
    write_data(tmp_path, "x", {"text": text})
    written = (tmp_path / "x.js").read_text(encoding="utf-8")
    assert json.loads(written.removeprefix('report.take("x",').removesuffix(");\n"))["text"] == text


def test_numbers_that_json_cannot_represent_raise(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_data(tmp_path, "x", float("nan"))


def test_the_page_loads_no_external_files_and_has_no_inline_scripts(tmp_path: Path) -> None:
    page = draw_export(tmp_path / "export", 3).write_site(tmp_path / "report")
    html = page.read_text(encoding="utf-8")
    assert "http://" not in html
    assert "https://" not in html
    assert "default-src 'none'" in html
    assert "unsafe" not in html
    assert re.findall(r"<script(?![^>]* src=)", html) == []
    assert re.findall(r"\son\w+=|\sstyle=", html) == []
    for source in re.findall(r'(?:src|href)="([^"#:]+)"', html):
        assert (page.parent / source).is_file(), source


def test_a_report_of_nothing_but_failed_thumbnails_is_built(tmp_path: Path) -> None:
    drawn = draw_export(tmp_path / "export", 20)
    table = pq.read_table(drawn.parquet)
    is_missing = pc.not_equal(table["thumbnail_status"], "ok")
    failed = Drawn(tmp_path / "attributes.parquet", tmp_path / "attributes.csv", drawn.results)
    pq.write_table(table.filter(is_missing), failed.parquet)
    write_csv(pq.ParquetFile(failed.parquet), failed.csv, frozenset({"thumbnail_ocr_embed"}))
    summary = read_data(failed.write_site(tmp_path / "report").parent, "summary")
    assert (summary["n_ok"], summary["n_items"]) == (0, 2)
    assert summary["describe"] == summary["words"] == summary["correlations"] == []


def test_third_party_scripts_are_shipped_with_their_licences(tmp_path: Path) -> None:
    page = draw_export(tmp_path / "export", 1).write_site(tmp_path / "report")
    vendor = page.parent / "vendor"
    for script in vendor.glob("*.js"):
        name = script.name.partition(".")[0]
        assert (vendor / f"{name}.LICENSE").read_text().strip(), script


def test_large_exports_are_split_into_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "PER_FILE", {"index": 8, "details": 4, "vectors": 3, "rows": 5})
    page = draw_export(tmp_path / "export", 20).write_site(tmp_path / "report")
    summary = read_data(page.parent, "summary")
    names = {path.name for path in (page.parent / "data").iterdir()}
    sizes = {"index": "items", "details": "items", "vectors": "texts", "rows": "rows"}
    for kind, unit in sizes.items():
        files = -(-summary["sizes"][unit] // summary["per_file"][kind])
        assert {f"{kind}-{number}.js" for number in range(files)} <= names
        assert f"{kind}-{files}.js" not in names
