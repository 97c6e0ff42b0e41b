import json
from pathlib import Path

import pytest

from benchmarks.speed.machine import Machine, inspect_machine
from benchmarks.speed.spread import Spread
from benchmarks.speed.table import Row, ratio_row, skipped, time_rows, write_table
from benchmarks.speed.turns import Contest, Outcome, Turn
from benchmarks.tables import Target

OURS = Outcome("ours", [Turn(10, 1.0, 2.0), Turn(10, 2.0, 2.0), Turn(10, 1.0, 2.0)])
THEIRS = Outcome("theirs", [Turn(2, 1.0, 0.8), Turn(2, 2.0, 0.8), Turn(2, 0.8, 0.8)])
MACHINE = Machine("A CPU", 2, 16.0, (0.5, 1.0, 2.0))


def test_times_are_milliseconds_per_item() -> None:
    contest = Contest([OURS, THEIRS], {"absent": "no package"})
    ours, theirs, absent = time_rows("text", "picture", contest, {"ours": "warm"})
    assert (ours.measured, ours.cases, ours.note) == ("time per picture", "3 turns of 10", "warm")
    assert ours.wall_time == pytest.approx((100, 100, 200))
    assert ours.cpu_time == pytest.approx((200, 200, 200))
    assert theirs.wall_time == pytest.approx((500, 400, 1000))
    assert (absent.wall_time, absent.note) == (None, "skipped: no package")


def test_a_ratio_is_theirs_over_ours_and_its_target_applies_to_wall_time() -> None:
    row = ratio_row("text", "times longer", THEIRS, OURS, Target("≥", 5))
    assert row.contender == "theirs / ours"
    assert row.wall_time == pytest.approx((5, 4, 5))
    assert row.cpu_time == pytest.approx((2, 2, 2))
    assert row.is_met is True


def test_a_target_may_apply_to_cpu_time() -> None:
    about = ("download", "times as many", "ours / theirs", "")
    both = (Spread(2, 1, 3), Spread(0.5, 0.4, 0.6), "×", Target("≥", 1))
    assert Row(*about, *both).is_met is True
    assert Row(*about, *both, is_judged_by_cpu_time=True).is_met is False


def test_without_a_figure_a_target_is_neither_met_nor_missed() -> None:
    assert Row("job", "time", "ours", target=Target("≤", 5)).is_met is None
    assert skipped("job", "time", "ours", "no data").is_met is None


def test_both_files_have_every_row_and_the_machine(tmp_path: Path) -> None:
    rows = [
        Row("text", "ratio", "ours | theirs", "", Spread(8.111, 7, 9), None, "×", Target("≥", 15)),
        Row("job", "time", "ours", "", Spread(5, 5, 5), Spread(1234, 1, 2000), "s"),
        skipped("faces", "time per picture", "cnn", "no such file"),
    ]
    busy = MACHINE._replace(load_average=(6.0, 3.0, 2.5))
    markdown, as_json = write_table(rows, Path("data"), tmp_path / "new", MACHINE, busy)
    text = markdown.read_text(encoding="utf-8")
    assert "0.5, 1.0, 2.0 at the start, 6.0, 3.0, 2.5 at the end" in text
    ratio, time, missing = text.splitlines()[-3:]
    assert "ours \\| theirs |  | 8.11 (7.00 to 9.00) |  | × | ≥ 15 | **no** |" in ratio
    assert "| 5.00 | 1,230 (1.00 to 2,000) | s |" in time
    assert "skipped: no such file" in missing
    content = json.loads(as_json.read_text(encoding="utf-8"))
    assert (content["cpu"], content["cores_allowed"]) == ("A CPU", 2)
    first, _, last = content["rows"]
    assert first["wall_time"] == {"median": 8.111, "minimum": 7, "maximum": 9}
    assert (first["is_met"], last["wall_time"], last["target"]) == (False, None, None)


def test_this_machine_has_a_cpu_and_cores() -> None:
    machine = inspect_machine()
    assert machine.cpu
    assert machine.cores_allowed >= 1
    assert "load_average" not in machine.describe()
