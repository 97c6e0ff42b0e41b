"""Turns of trivial contenders. Their processes import this file, so it imports little."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.processes import run_measured
from benchmarks.speed.turns import Contender, cut_rounds, measure, take_turns

FEW = ["a", "b", "c"]


def load_writer(log: Path, name: str) -> Callable[[Sequence[str]], int]:
    def write(items: Sequence[str]) -> int:
        print("Keras prints progress bars")
        with log.open("a") as file:
            file.write(f"{name} {''.join(items)}\n")
        return os.getpid()

    return write


def load_nothing() -> Callable[[Sequence[str]], int]:
    raise MissingError("no package")


def test_contenders_take_turns_in_separate_processes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    quick = Contender("quick", load_writer, (log, "quick"), n_warm_up=2)
    slow = Contender("slow", load_writer, (log, "slow"), max_items=1)
    absent = Contender("absent", load_nothing)
    contest = take_turns([quick, absent, slow], [["a", "b", "c"], ["d", "e", "f"]], "test")
    first = ["quick ab", "quick abc", "slow a", "slow a"]
    assert log.read_text().splitlines() == [*first, "quick def", "slow d"]
    assert contest.missing == {"absent": "no package"}
    assert [done.name for done in contest.outcomes] == ["quick", "slow"]
    assert contest.find(absent) is None
    by_quick, by_slow = contest.outcomes
    assert (by_quick.cases, by_slow.cases) == ("2 turns of 3", "2 turns of 1")
    processes = {turn.result for done in contest.outcomes for turn in done.turns}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_an_error_of_a_contender_ends_the_measurement(tmp_path: Path) -> None:
    broken = Contender("broken", load_writer, (tmp_path, "no file"))
    with pytest.raises(IsADirectoryError):
        take_turns([broken], [FEW], "test")


def test_rounds_repeat_items_if_there_are_few() -> None:
    assert cut_rounds(FEW, 2, 2) == [["a", "b"], ["c", "a"]]
    assert cut_rounds(FEW, 2, 16) == [FEW, FEW]


def test_cpu_time_includes_child_processes() -> None:
    burn = "sum(range(20_000_000))"
    turn = measure(lambda _: subprocess.run([sys.executable, "-c", burn], check=True), FEW)
    assert turn.n_items == 3
    assert turn.cpu_s > 0.1


def test_peak_memory_excludes_the_parent_process() -> None:
    ours = bytearray(200 << 20)
    large, small = (
        run_measured([sys.executable, "-c", f"x = bytearray({n_mb} << 20)"]) for n_mb in (150, 1)
    )
    assert large.peak_bytes > 150 << 20
    assert small.peak_bytes < 50 << 20 < len(ours)


def test_the_error_of_a_failed_command_has_its_output() -> None:
    with pytest.raises(RuntimeError, match="code 3:\nwhy"):
        run_measured([sys.executable, "-c", "print('why'); raise SystemExit(3)"])
