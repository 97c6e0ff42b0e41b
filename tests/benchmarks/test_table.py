import json
from pathlib import Path

import pytest

from benchmarks.accuracy.intervals import Estimate
from benchmarks.accuracy.table import Bar, Cost, Row, skipped, write_table

NAN = float("nan")


def row(score: float, bar: Bar | None = None, cost: Cost | None = None) -> Row:
    about = ("pictures", Estimate(score, score, NAN), 3, cost, bar)
    return Row("text", "recall", "ours | theirs", 3, *about)


@pytest.mark.parametrize(
    ("bar", "is_met"),
    [
        (Bar("≥", 0.5), True),
        (Bar(">", 0.5), False),
        (Bar("≤", 0.5), True),
        (Bar("<", 0.5), False),
        (None, None),
    ],
)
def test_a_bar_is_met_on_its_own_side(bar: Bar | None, is_met: bool | None) -> None:
    assert row(0.5, bar).is_met is is_met


def test_without_a_score_no_bar_is_met_or_missed() -> None:
    assert row(NAN, Bar("≥", 0.5)).is_met is None
    assert skipped("text", "recall", "ours", "no data").is_met is None


@pytest.mark.parametrize(
    ("cost_ms", "told"),
    [(0.01234, "0.0123"), (9.998, "10.0"), (98.44, "98.4"), (1089.9, "1,090")],
)
def test_a_cost_has_three_digits(tmp_path: Path, cost_ms: float, told: str) -> None:
    markdown, _ = write_table([row(0.5, cost=Cost(cost_ms))], Path("data"), tmp_path)
    assert f"| {told} |" in markdown.read_text(encoding="utf-8")


def test_both_files_hold_every_row(tmp_path: Path) -> None:
    rows = [
        row(0.25, Bar("≥", 0.5), Cost(1234.5, is_cached=True)),
        skipped("faces", "recall", "cnn", "no such file"),
    ]
    markdown, as_json = write_table(rows, Path("data"), tmp_path / "new")
    lines = markdown.read_text(encoding="utf-8").splitlines()
    assert "| 0.250 |" in lines[-2]
    assert "| 1,230° | ≥ 0.5 | **no** |" in lines[-2]
    assert "ours \\| theirs" in lines[-2]
    assert "skipped: no such file" in lines[-1]
    first, second = json.loads(as_json.read_text(encoding="utf-8"))["rows"]
    assert first["estimate"] == {"score": 0.25, "low": 0.25, "high": None}
    assert (first["is_met"], second["estimate"]) == (False, None)
