"""Three nights in a row behind a luigid, with an assistant, over a table that grows.

One night is killed, one meets an image host that is down, one a full disk; then the same command
is run again. After each, records, messages, exit codes and luigid's pages must agree.
"""

import csv
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from tests.conftest import SHARED_DATA, Server
from tests.dag.night_box import Box, hurried_box_cfg, needs_small_disk, small_disk
from tests.dag.runs import sample_ids, wait_for, write_videos
from tests.dag.test_records import Webhook, webhook
from tests.docker.box import Luigid
from thumbnail_tasks.runs import records
from thumbnail_tasks.storage.parquet_target import ParquetTarget

__all__ = ["webhook"]
pytestmark = pytest.mark.dag

FETCHED = "thumbnail_first_seen_at"
NIGHTS = ("2026-11-23", "2026-11-24", "2026-11-25")
REAL_TABLE = SHARED_DATA / "videos" / "GBvideos_first760.csv"
needs_real_table = pytest.mark.skipif(
    not REAL_TABLE.exists(),
    reason=f"no real table at {REAL_TABLE}; the drawn sample covers the same path",
)


def drawn_tables(folder: Path) -> list[Path]:
    """A growing table, from the drawn sample."""
    return [write_videos(folder / f"{n}.csv", sample_ids(n)) for n in (4, 8, 12)]


def real_tables(folder: Path) -> list[Path]:
    """A growing table: the first rows of a real one, with videos of several days."""
    with REAL_TABLE.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    tables = []
    for n in (200, 300, 400):
        tables.append(folder / f"{n}.csv")
        with tables[-1].open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows[:n]])
    return tables


def read_rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def box(tmp_path: Path, server: Server, webhook: Webhook) -> Iterator[Box]:
    config = str(hurried_box_cfg(tmp_path / "box.cfg"))
    url = webhook.flags[1]
    luigid = Luigid(tmp_path, {"LUIGI_CONFIG_PATH": config, "WEBHOOK_URL": url})
    with small_disk(tmp_path / "data") as disk, luigid.running(subprocess.DEVNULL):
        box = Box(tmp_path, luigid, disk, server, webhook)
        with box.assisted():
            yield box


@pytest.mark.thorough
@needs_small_disk
@pytest.mark.parametrize(
    ("make_tables", "shard_size", "n_bytes_left"),
    [
        (drawn_tables, 2, 150_000),
        pytest.param(real_tables, 16, 500_000, marks=[needs_real_table, pytest.mark.slow]),
    ],
)
def test_nights_survive_a_kill_a_host_that_is_down_and_a_full_disk(
    box: Box,
    tmp_path: Path,
    make_tables: Callable[[Path], list[Path]],
    shard_size: int,
    n_bytes_left: int,
) -> None:
    (tmp_path / "tables").mkdir()
    tables = make_tables(tmp_path / "tables")
    n_rows = [len(read_rows(table)) for table in tables]
    box.shard_size = shard_size
    box.lay_down(sorted({row["video_id"] for row in read_rows(tables[-1])}))

    box.bring(tables[0])
    process = box.start_night(NIGHTS[0])
    wait_for(box.data_dir, "thumbnails/*/*.parquet")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (killed,) = box.records()
    assert (killed.state, killed.exit_code) == ("running", None)
    assert box.told() == []
    box.wait_until_luigid_misses(process.pid)
    again = box.night(NIGHTS[0])
    told = box.told()
    assert len(told) == 1, "\n".join([again.printed, *told])
    message = told[0]
    assert "DIED" in message.splitlines()[0]
    assert killed.run_id in message
    assert f"WARNING: the run of {killed.started_at:%Y-%m-%d %H:%M} UTC died" in again.printed
    box.assert_night_is_done(again, NIGHTS[0], n_rows[0])

    box.bring(tables[1])
    box.is_host_down = True
    down = box.night(NIGHTS[1])
    box.assert_night_stopped(down, NIGHTS[1], "HTTP 503 Service Unavailable")
    box.is_host_down = False
    box.assert_night_is_done(box.night(NIGHTS[1]), NIGHTS[1], n_rows[1])

    box.bring(tables[2])
    box.disk.fill(n_bytes_left)
    full = box.night(NIGHTS[2])
    box.assert_night_stopped(full, NIGHTS[2], "No space left on device")
    box.disk.empty()
    box.assert_night_is_done(box.night(NIGHTS[2]), NIGHTS[2], n_rows[2])

    states = [record.state for record in box.records()]
    assert states[0] == "died"
    assert states[1::2] == ["succeeded"] * 3
    rows = ds.dataset(sorted((box.data_dir / "runs").glob("*.parquet")), records.RUNS).to_table()
    assert rows.sort_by("run_id")["state"].to_pylist() == states
    assert box.history() == dict.fromkeys(NIGHTS, "DONE")
    assert list((box.data_dir / "runs").glob(".*")) == []  # no space is reserved for finished runs

    single = box.run_undisturbed(tables[2])
    assert single.code == 0, single.printed
    exported = pq.read_table(box.export(NIGHTS[2])).drop_columns([FETCHED])
    assert exported.equals(single.attributes.drop_columns([FETCHED]))
    for date in NIGHTS:
        assert ParquetTarget(str(box.export(date))).read().num_rows > 0
    csvs = [folder / "exports" / "attributes.csv" for folder in (box.data_dir, single.data_dir)]
    rows_of_night, rows_of_single = map(read_rows, csvs)
    assert [row | {FETCHED: ""} for row in rows_of_night] == [
        row | {FETCHED: ""} for row in rows_of_single
    ]
