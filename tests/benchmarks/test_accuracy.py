"""The whole measurement, on the drawn sample and without data."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.labels import QUALITY, MissingError
from benchmarks.accuracy.parts import Setting
from benchmarks.accuracy.parts.changes import measure_changes
from benchmarks.accuracy.parts.vectors import share_neighbours
from tests.conftest import EXAMPLES, ROOT
from thumbnail_tasks.engines.text.scripts import OTHER, SCRIPTS


def measure(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.accuracy", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.dag
def test_the_drawn_sample_gives_a_table_and_a_gallery(tmp_path: Path) -> None:
    done = measure("--only", "sample", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "accuracy.json").read_text(encoding="utf-8"))["rows"]
    score = {row["measured"]: row["estimate"]["score"] for row in rows}
    assert score.keys() == {
        "word recall",
        "word precision",
        "false text on wordless pictures",
        "number of faces is right",
        "status is right",
    }
    assert all("not accuracy" in row["part"] for row in rows)
    assert score["word recall"] > 0.85
    assert score["status is right"] == 1
    assert (tmp_path / "accuracy.md").read_text(encoding="utf-8").count("drawn sample") == len(rows)
    page = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert page.count("<article") == len(list((tmp_path / "pictures").iterdir())) == 40


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.skipif(not shutil.which("fc-list"), reason="no fontconfig")
def test_drawn_lines_are_read_or_have_a_reason(tmp_path: Path) -> None:
    done = measure("--only", "drawn lines", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "accuracy.json").read_text(encoding="utf-8"))["rows"]
    told = {row["measured"] for row in rows if row["note"].startswith("skipped: no font")}
    for row in rows:
        if row["measured"] == "script told right":
            told.add(row["group"].partition(" (")[0])
            assert row["estimate"]["score"] >= 0.5, row
    assert told == set(SCRIPTS) - {OTHER} or told == {"all"}  # "all": there is no font


def test_changes_are_noticed_and_encodings_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "thumbnails" / QUALITY
    folder.mkdir(parents=True)
    for number in (0, 1):
        picture = sorted((EXAMPLES / "images").glob("sample0*.jpg"))[number]
        shutil.copy(picture, folder / f"{number}.jpg")
    rows = [row for row in measure_changes(Setting(tmp_path, tmp_path)).rows if row.target]
    assert len(rows) == 8
    assert all(row.is_met for row in rows)
    assert {row.n_cases for row in rows} == {2}
    with pytest.raises(MissingError, match="no pictures in"):
        measure_changes(Setting(tmp_path / "none", tmp_path))


@pytest.mark.model  # imports every engine's stage
def test_missing_data_is_skipped_with_a_reason(tmp_path: Path) -> None:
    data, out = tmp_path / "empty", tmp_path / "out"
    data.mkdir()
    parts = "text,faces,emotions,objects,vectors,scripts"
    done = measure("--data", str(data), "--only", parts, "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows = json.loads((out / "accuracy.json").read_text(encoding="utf-8"))["rows"]
    assert {row["part"] for row in rows} == set(parts.split(","))
    assert all(row["note"].startswith("skipped: no ") for row in rows)


@pytest.mark.model
@pytest.mark.parametrize("flags", [("--only", "words"), ("--data", "/nowhere")])
def test_invalid_flags_are_errors(flags: tuple[str, ...]) -> None:
    done = measure(*flags)
    assert done.returncode == 2
    assert "expected" in done.stderr


def test_common_neighbours_are_nearest_for_both_encoders() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert share_neighbours(vectors, vectors).tolist() == [1.0] * 40
    turned = vectors[:, ::-1]
    assert share_neighbours(vectors, turned).tolist() == [1.0] * 40
