"""The folder of the report as a whole."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.report.drawn import draw_export
from tests.report.test_numbers import read_data
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


def test_eight_bits_keep_who_is_near_whom() -> None:
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(40, 384))
    vectors = (topics[rng.integers(0, 40, 2000)] + rng.normal(size=(2000, 384))).astype(np.float32)
    small = in_8_bits(vectors).astype(np.float64)
    kept = 0
    for row in range(100):
        nearest = [
            set(np.argsort(-(each @ each[row]) / np.linalg.norm(each, axis=1))[:11])
            for each in (vectors.astype(np.float64), small)
        ]
        kept += len(nearest[0] & nearest[1])
    assert kept / 1100 > 0.97


def test_a_vector_of_zeros_stays_one() -> None:
    assert (in_8_bits(np.zeros((2, 3), np.float32)) == 0).all()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_data(tmp_path: Path, text: str) -> None:
    write_data(tmp_path, "x", {"text": text})
    written = (tmp_path / "x.js").read_text(encoding="utf-8")
    assert json.loads(written.removeprefix('report.take("x",').removesuffix(");\n"))["text"] == text


def test_numbers_that_json_has_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_data(tmp_path, "x", float("nan"))


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(tmp_path: Path) -> None:
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


def test_what_the_page_carries_of_others_has_its_licence_beside_it(tmp_path: Path) -> None:
    page = draw_export(tmp_path / "export", 1).write_site(tmp_path / "report")
    vendor = page.parent / "vendor"
    for script in vendor.glob("*.js"):
        name = script.name.partition(".")[0]
        assert (vendor / f"{name}.LICENSE").read_text().strip(), script


def test_large_exports_are_cut_into_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PER_FILE", {"index": 8, "details": 4, "vectors": 3, "rows": 5})
    page = draw_export(tmp_path / "export", 20).write_site(tmp_path / "report")
    summary = read_data(page.parent, "summary")
    names = {path.name for path in (page.parent / "data").iterdir()}
    sizes = {"index": "items", "details": "items", "vectors": "texts", "rows": "rows"}
    for kind, of in sizes.items():
        files = -(-summary["sizes"][of] // summary["per_file"][kind])
        assert {f"{kind}-{number}.js" for number in range(files)} <= names
        assert f"{kind}-{files}.js" not in names
