"""Nights over growing tables: killed, overlapping, failing, cleaned up."""

import os
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES
from tests.dag.runs import (
    QUICKLY,
    Finished,
    files_of,
    kill_after,
    run,
    sample_ids,
    start,
    wait_for,
    write_videos,
)
from tests.report.test_numbers import read_data

pytestmark = pytest.mark.dag

NIGHTS = ("2026-11-23", "2026-11-24", "2026-11-25")


class Box:
    """A folder of tables and a data directory."""

    def __init__(self, folder: Path) -> None:
        self.incoming, self.data_dir = folder / "incoming", folder / "data"
        self.exports = self.data_dir / "exports"
        self.incoming.mkdir()

    def bring(self, name: str, n_videos: int, first: int = 0) -> Path:
        """A table that has settled, the newest so far."""
        table = write_videos(self.incoming / name, sample_ids(n_videos)[first:])
        came_s = time.time() - 3600 + len(list(self.incoming.iterdir()))
        os.utime(table, (came_s, came_s))
        return table

    def flags(self, date: str, *more: str) -> tuple[str, ...]:
        images = str(EXAMPLES / "images")
        tables = ("--tables", str(self.incoming), "--images-dir", images)
        return (*tables, "--date", date, *QUICKLY, *more)

    def night(self, date: str, *more: str) -> Finished:
        return run(self.data_dir, *self.flags(date, *more), task="Nightly")

    def clean(self, *more: str) -> Finished:
        return run(self.data_dir, *more, task="CleanUp")

    def n_rows(self, date: str) -> int:
        return int(pq.read_metadata(self.exports / date / "attributes.parquet").num_rows)

    def dates(self) -> list[str]:
        return sorted(path.name for path in self.exports.glob("2*"))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def account(finished: Finished) -> list[str]:
    """The lines that CleanUp prints, without its heading."""
    return [line for line in finished.printed.splitlines() if " files  " in line]


def test_three_nights_over_a_growing_table_and_a_clean_up(box: Box) -> None:
    keep_two = ("--night-keep", "2")
    for n_videos, date in enumerate(NIGHTS, start=1):
        box.bring(f"{date}.csv", n_videos)
        finished = box.night(date, *keep_two)
        assert finished.code == 0, finished.printed
        assert f"1 thumbnail to do in 1 shard, {n_videos - 1} already" in finished.printed
        assert str(box.exports.joinpath("latest").readlink()) == date
    assert box.dates() == list(NIGHTS[1:])
    assert [box.n_rows(date) for date in NIGHTS[1:]] == [2, 3]
    assert box.n_rows("latest") == 3

    before = files_of(box.data_dir)
    again = box.night(NIGHTS[2], *keep_two)
    assert again.code == 0
    assert "Nothing to do" in again.printed
    assert NIGHTS[2] in again.printed
    del before[".night"]
    dry = box.clean(*keep_two, "--dry-run")
    assert dry.code == 0, dry.printed
    assert "nothing was removed" in dry.printed
    unchanged = files_of(box.data_dir)
    del unchanged[".night"]
    assert unchanged == before

    done = box.clean(*keep_two)
    assert account(done) == account(dry) != []
    gone = before.keys() - files_of(box.data_dir).keys()
    folders = ["embedded_texts", "plans", "thumbnail_ids", "videos"]
    assert sorted(Path(name).parts[0] for name in gone) == folders

    assert box.clean(*keep_two).printed.endswith("nothing to free\n")
    assert "Nothing to do" in box.night(NIGHTS[2], *keep_two).printed
    back = run(
        *(box.data_dir, "--videos", str(box.incoming / f"{NIGHTS[0]}.csv")),
        *("--images-dir", str(EXAMPLES / "images"), *QUICKLY),
    )
    assert back.code == 0, back.printed
    assert "0 thumbnails to do in 0 shards, 1 already in shards" in back.printed


@pytest.mark.thorough
def test_the_report_says_what_is_new_and_gone_since_the_night_before(box: Box) -> None:
    report = ("--report-build", "true")
    box.bring("monday.csv", 4)
    assert box.night(NIGHTS[0], *report).code == 0
    assert read_data(box.exports / "report", "summary")["has_nights"] is False
    box.bring("tuesday.csv", 6, first=1)
    assert box.night(NIGHTS[1], *report).code == 0
    found = read_data(box.exports / "report", "nights")
    ids = read_data(box.exports / "report", "index-0")["id"]
    assert found["date"] == NIGHTS[0]
    assert [ids[item] for item in found["new"]] == sample_ids(6)[4:]
    assert [name for name, _ in found["gone"]] == sample_ids(1)
    assert found["picture"] == found["text"] == found["status"] == []


@pytest.mark.thorough
def test_a_newer_table_of_the_same_night_is_exported_again(box: Box) -> None:
    box.bring("early.csv", 1)
    assert box.night(NIGHTS[0]).code == 0
    box.bring("late.csv", 2)
    growing = write_videos(box.incoming / "growing.csv", sample_ids(3))
    finished = box.night(NIGHTS[0])
    assert finished.code == 0, finished.printed
    assert f"not used: {growing}: changed" in finished.printed
    assert box.dates() == [NIGHTS[0]]
    assert box.n_rows("latest") == 2
    earlier = box.night("2026-11-01", "--night-keep", "1")
    assert earlier.code == 0, earlier.printed
    assert str(box.exports.joinpath("latest").readlink()) == NIGHTS[0]
    assert box.dates() == ["2026-11-01", NIGHTS[0]]


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "3"])
def test_a_second_night_stops_and_a_killed_one_leaves_no_lock(box: Box, workers: str) -> None:
    box.bring("first.csv", 1)
    assert box.night(NIGHTS[0]).code == 0
    table = box.bring("second.csv", 3)
    flags = box.flags(NIGHTS[1], "--workers", workers, "--storage-shard-size", "1")
    process = start(box.data_dir, *flags, task="Nightly", environment={"HELD": str(table)})
    try:
        assert process.stdout
        next(line for line in process.stdout if "PlanShards" in line)
        second = box.night(NIGHTS[1], "--workers", workers)
        cleaning = box.clean("--dry-run")
        assert process.poll() is None
    finally:
        kill_after(process, 0)
    held = f"found Nightly, process {process.pid} on "
    for finished, code in ((second, 20), (cleaning, 30)):
        assert finished.code == code, finished.printed
        assert finished.printed.count(held) == 1
        assert "Traceback" not in finished.printed, finished.printed
    assert str(box.exports.joinpath("latest").readlink()) == NIGHTS[0]
    assert box.dates() == [NIGHTS[0]]

    finished = run(box.data_dir, *flags, task="Nightly")
    assert finished.code == 0, finished.printed
    assert box.n_rows("latest") == 3


@pytest.mark.thorough
def test_clean_up_refuses_while_another_run_uses_the_directory(box: Box) -> None:
    table = str(box.bring("table.csv", 1))
    flags = ("--videos", table, "--images-dir", str(EXAMPLES / "images"), *QUICKLY)
    process = start(box.data_dir, *flags, environment={"HELD": table})
    try:
        wait_for(box.data_dir, "plans/*/*.parquet")
        cleaning = box.clean()
        assert process.poll() is None
    finally:
        kill_after(process, 0)
    assert cleaning.code == 30, cleaning.printed
    assert "expected no run on this data directory" in cleaning.printed
    assert box.clean().code == 0


def test_a_failed_night_leaves_the_last_export_in_place(box: Box) -> None:
    box.bring("good.csv", 1)
    assert box.night(NIGHTS[0]).code == 0
    box.bring("bad.csv", 1).write_text("name\nno link, no id\n")
    os.utime(box.incoming / "bad.csv", (time.time() - 120,) * 2)
    before = files_of(box.exports)
    finished = box.night(NIGHTS[1])
    assert finished.code == 30, finished.printed
    assert "bad.csv: no column" in finished.printed
    assert files_of(box.exports) == before
    assert str(box.exports.joinpath("latest").readlink()) == NIGHTS[0]


def test_a_data_directory_that_cannot_be_written_fails_the_night_in_one_line(box: Box) -> None:
    box.bring("table.csv", 1)
    box.data_dir.touch()
    finished = box.night(NIGHTS[0])
    assert finished.code == 30, finished.printed
    assert f"{box.data_dir}/" in finished.printed
    assert "cannot be written" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
def test_after_a_kill_in_the_last_steps_only_the_missing_ones_are_done(
    box: Box,
) -> None:
    box.bring("table.csv", 1)
    assert box.night(NIGHTS[0]).code == 0
    before = files_of(box.data_dir)
    (box.exports / "latest").unlink()
    (box.exports / NIGHTS[0] / "attributes.csv").unlink()
    finished = box.night(NIGHTS[0])
    assert finished.code == 0, finished.printed
    assert str(box.exports.joinpath("latest").readlink()) == NIGHTS[0]
    after = files_of(box.data_dir)
    assert before.pop(".night") < after.pop(".night")
    assert after == before


@pytest.mark.thorough
def test_superseded_results_are_removed_once_the_export_is_by_todays_engines(box: Box) -> None:
    box.bring("table.csv", 2)
    assert box.night(NIGHTS[0]).code == 0
    stricter = ("--text-min-confidence", "0.9")
    early = box.clean(*stricter)
    assert early.code == 0, early.printed
    assert "results, plans and tables are kept" in early.printed
    assert account(early) == []

    assert box.night(NIGHTS[1], *stricter).code == 0
    by_mistake = box.clean()
    assert account(by_mistake) == []
    before = files_of(box.data_dir)
    done = box.clean(*stricter)
    assert done.code == 0, done.printed
    gone = before.keys() - files_of(box.data_dir).keys()
    assert sorted(Path(name).parts[0] for name in gone) == ["embeddings", "texts"]
    assert "Nothing to do" in box.night(NIGHTS[1], *stricter).printed
