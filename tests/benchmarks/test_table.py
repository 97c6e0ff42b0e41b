import json
from pathlib import Path

import pytest

from benchmarks.accuracy.intervals import Estimate
from benchmarks.accuracy.table import Cost, Row, Target, skipped, write_table

NAN = float("nan")


def row(score: float, target: Target | None = None, cost: Cost | None = None) -> Row:
    about = ("pictures", Estimate(score, score, NAN), 3, cost, target)
    return Row("text", "recall", "ours | theirs", 3, *about)


@pytest.mark.parametrize(
    ("target", "is_met"),
    [
        (Target("≥", 0.5), True),
        (Target(">", 0.5), False),
        (Target("≤", 0.5), True),
        (Target("<", 0.5), False),
        (None, None),
    ],
)
def test_a_target_is_met_by_its_comparison(target: Target | None, is_met: bool | None) -> None:
    assert row(0.5, target).is_met is is_met


def test_without_a_score_a_target_is_neither_met_nor_missed() -> None:
    assert row(NAN, Target("≥", 0.5)).is_met is None
    assert skipped("text", "recall", "ours", "no data").is_met is None


@pytest.mark.parametrize(
    ("cost_ms", "expected"),
    [(0.01234, "0.0123"), (9.998, "10.0"), (98.44, "98.4"), (1089.9, "1,090")],
)
def test_a_cost_has_three_digits(tmp_path: Path, cost_ms: float, expected: str) -> None:
    markdown, _ = write_table([row(0.5, cost=Cost(cost_ms))], Path("data"), tmp_path)
    assert f"| {expected} |" in markdown.read_text(encoding="utf-8")


def test_both_files_have_every_row(tmp_path: Path) -> None:
    rows = [
        row(0.25, Target("≥", 0.5), Cost(1234.5, is_cached=True)),
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


def test_groups_have_a_table_of_their_own(tmp_path: Path) -> None:
    rows = [
        row(0.25),
        *(
            Row("scripts", measured, engine, n, "pictures", score, target=target, group="Greek")
            for measured, engine, n, score, target in (
                ("recall", "ours", 5, Estimate(0.5, 0.25, 0.75), Target("≥", 0.7)),
                ("recall", "theirs", 4, Estimate(0, 0, 0), None),
                ("precision", "theirs", 4, Estimate(NAN, NAN, NAN), None),
            )
        ),
    ]
    markdown, _ = write_table(rows, Path("data"), tmp_path)
    first, own = markdown.read_text(encoding="utf-8").split("\n## scripts\n")
    assert "Greek" not in first
    assert own.split("\n") == [
        "",
        "| script or language | engine | cases | recall | precision | note |",
        "|---|---|---|---|---|---|",
        "| Greek | ours | 5 pictures | 0.500 (0.250 to 0.750), ≥ 0.7: **no** |  |  |",
        "| Greek | theirs | 4 pictures | 0.000 | – |  |",
        "",
    ]
