"""The pure functions of the speed benchmark."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed.looks import make_looks
from benchmarks.speed.parts import Setting
from benchmarks.speed.parts.correction import distinct_words
from benchmarks.speed.parts.download import without_start_up
from benchmarks.speed.parts.faces import count_equal
from benchmarks.speed.peers.spellchecker_words import load_spellchecker
from benchmarks.speed.shares import (
    JobTime,
    Overhead,
    extrapolate_run,
    share_outside,
    share_without_models,
)
from benchmarks.speed.spread import Spread, extrapolate, ratios, spread
from benchmarks.speed.turns import Outcome, Turn
from benchmarks.tables import Target
from tests.conftest import ROOT
from thumbnail_tasks.export.look_alikes import group_look_alikes


def test_the_spread_is_the_median_minimum_and_maximum() -> None:
    assert spread([3, 1, 2]) == (2, 1, 3)
    assert spread([1.0]) == (1, 1, 1)
    assert Spread(2, 1, 4).map(lambda seconds: 1 / seconds) == (0.5, 0.25, 1)


def test_ratios_are_of_the_same_turn() -> None:
    # The second turn was slow for both.
    assert ratios([10, 40], [1, 4]) == (10, 10, 10)


def test_extrapolation_is_linear_but_not_below_zero() -> None:
    assert extrapolate((10, 20), (2, 3), 100) == pytest.approx(11)
    assert extrapolate((10, 20), (3, 1), 100) == 0


def test_the_share_without_models_includes_their_start_up_and_decoding() -> None:
    spent = JobTime(n_pictures=100, wall_s=100, stages_s=90)
    assert share_outside(spent) == pytest.approx(0.1)
    overhead = Overhead(start_up_s=5, decoding_s=0.02)
    assert share_without_models(spent, overhead) == pytest.approx(0.1 + 0.05 + 0.02)


def test_both_parts_of_a_run_are_extrapolated() -> None:
    small, large = JobTime(50, 30, 20), JobTime(100, 51, 40)
    assert extrapolate_run(small, large, 1000) == pytest.approx((1000, 429, 400))
    # Noise: the small run had more time outside of the stages.
    assert extrapolate_run(JobTime(50, 35, 20), large, 1000) == pytest.approx((1000, 411, 400))


def test_start_up_is_subtracted_turn_by_turn() -> None:
    whole = Outcome("theirs", [Turn(100, 12, 9), Turn(100, 13, 10)])
    few = Outcome("start-up", [Turn(10, 3, 2), Turn(10, 4, 3)])
    assert without_start_up(whole, few).turns == [Turn(90, 9, 7), Turn(90, 9, 7)]


def test_equal_boxes_are_counted_one_to_one() -> None:
    box, near, far = (0.0, 0.0, 100.0, 100.0), (0.0, 0.0, 101.0, 101.0), (50.0, 0.0, 150.0, 100.0)
    assert count_equal([box, box], [near, far]) == 1
    assert count_equal([box, far], [far, near]) == 2
    assert count_equal([], [near]) == 0


def test_distinct_words_ignore_case() -> None:
    assert distinct_words(["TOP 10!", "Hell's", "top"]) == ["top", "hell"]


def test_a_correction_is_unique_if_no_other_candidate_is_as_frequent() -> None:
    correct = load_spellchecker({"zorbix": 3, "zorbax": 3, "quibbly": 2})
    known, unique, tied, nothing = correct(["zorbix", "quibblyy", "zorbux", "xqzvwkjqzx"])
    assert (known.correction, known.is_unique) == ("zorbix", False)
    assert (unique.correction, unique.is_unique) == ("quibbly", True)
    assert (tied.correction in ("zorbix", "zorbax"), tied.is_unique) == (True, False)
    assert (nothing.correction, nothing.is_unique) == (None, False)


def test_without_data_the_undamaged_pictures_of_the_sample_are_used(tmp_path: Path) -> None:
    setting = Setting(tmp_path / "nowhere", tmp_path)
    assert setting.is_sample
    assert setting.note == "the drawn sample"
    assert setting.judge(Target("≥", 1)) is None
    names = [path.name for path in setting.pictures]
    assert len(names) == 40
    assert "sample00041.jpg" not in names  # truncated
    assert setting.videos.exists()
    table, titles = setting.read_titles()
    assert (table, len(titles) > 30) == ("the drawn sample", True)


def run_benchmark(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.speed", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.model  # imports every engine's stage
def test_a_fifth_of_the_looks_of_an_archive_are_copies() -> None:
    looks = make_looks(5000, np.random.default_rng(0))
    assert len(looks[0]) == len(looks[1]) == 5000
    assert len(np.unique(group_look_alikes(*looks))) == pytest.approx(4000, abs=50)


def test_help_lists_the_parts_and_the_layout() -> None:
    done = run_benchmark("--help")
    assert done.returncode == 0, done.stderr
    parts = "text, faces, emotions, appearance, objects, job, correction, embedding, download"
    assert f"only some of {parts}, scale, cluster;" in " ".join(done.stdout.split())
    assert "DIR/thumbnails/hqdefault" in done.stdout


@pytest.mark.model
@pytest.mark.parametrize("flags", [("--only", "words"), ("--data", "/nowhere"), ("--rounds", "0")])
def test_invalid_flags_are_errors(flags: tuple[str, ...]) -> None:
    done = run_benchmark(*flags)
    assert done.returncode == 2
    assert "expected" in done.stderr
