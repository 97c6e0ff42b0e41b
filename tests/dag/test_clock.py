"""A clock that jumps, or was wrong for a night, is harmless."""

import os
import shutil
from pathlib import Path

import pytest

from tests.dag.contents import content_of
from tests.dag.runs import Finished, files_of, run
from tests.dag.test_damaged_files import flags, undisturbed, videos

pytestmark = pytest.mark.dag

__all__ = ["undisturbed", "videos"]
DAY_S = 86_400


def go(data_dir: Path, videos: Path) -> Finished:
    finished = run(data_dir, *flags(videos))
    assert finished.code == 0, finished.printed
    return finished


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("days", "workers"),
    [
        *((-1, 2), (1, 1)),
        *(pytest.param(*those, marks=pytest.mark.slow) for those in ((-1, 1), (1, 2))),
    ],
)
def test_a_clock_jump_during_a_run_affects_at_most_that_run(
    tmp_path: Path, videos: Path, undisturbed: Path, days: int, workers: int
) -> None:
    jumped = run(
        tmp_path / "data",
        *(*flags(videos, workers), "--module", "tests.dag.clock"),
        environment={"CLOCK_JUMP_S": str(days * DAY_S)},
    )
    assert jumped.code in (0, 30, 40), jumped.printed
    assert "Traceback" not in jumped.printed, jumped.printed
    assert ("ERROR" in jumped.printed) == (jumped.code != 0)
    kept = files_of(tmp_path / "data")
    go(tmp_path / "data", videos)
    assert content_of(tmp_path / "data") == content_of(undisturbed)
    assert kept.items() <= files_of(tmp_path / "data").items()


@pytest.mark.parametrize("days", [-2, 2])
def test_files_written_under_a_wrong_clock_are_accepted(
    tmp_path: Path, videos: Path, undisturbed: Path, days: int
) -> None:
    shutil.copytree(undisturbed, tmp_path / "data")
    for path in tmp_path.joinpath("data").rglob("*.*"):
        at = path.stat().st_mtime_ns + days * DAY_S * 10**9
        os.utime(path, ns=(at, at))
    assert "Nothing to do" in go(tmp_path / "data", videos).printed


def test_a_csv_of_an_earlier_export_is_replaced_even_if_it_is_dated_later(
    tmp_path: Path, videos: Path, undisturbed: Path
) -> None:
    shutil.copytree(undisturbed, tmp_path / "data")
    table = tmp_path / "data" / "exports" / "attributes.csv"
    whole = table.read_bytes()
    table.write_text("of a run that was killed before it wrote the new one\n")
    later = table.stat().st_mtime + DAY_S
    os.utime(table, (later, later))
    go(tmp_path / "data", videos)
    assert table.read_bytes() == whole
