"""The record of a run counts the work of an assistant."""

import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.night_box import hurried_box_cfg
from tests.dag.runs import sample_ids, start, write_videos
from tests.docker.box import Luigid
from thumbnail_tasks.runs.record_files import read_records

pytestmark = pytest.mark.dag


def has_rows(export: Path, n: int) -> bool:
    return export.exists() and pq.read_metadata(export).num_rows == n


def wait_until(is_so: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while not is_so():
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.thorough
def test_work_of_an_assistant_counts_for_the_run(tmp_path: Path) -> None:
    config = hurried_box_cfg(tmp_path / "box.cfg")
    luigid = Luigid(tmp_path, {"LUIGI_CONFIG_PATH": str(config)})
    data_dir = tmp_path / "data"
    export = data_dir / "exports" / "attributes.parquet"
    settings = (
        *("--module", "tests.dag.elsewhere", "--storage-shard-size", "2", "--workers", "1"),
        *("--scheduler-port", str(luigid.port), "--runs-update-interval-s", "0.2"),
    )
    environment = {**luigid.environment, "PYTHONPATH": str(ROOT)}

    def waits() -> bool:
        running = luigid.ask("task_list", status="RUNNING", upstream_status="")
        return "WaitFirst" in {task["name"] for task in running.values()}

    def export_with(n: int) -> subprocess.Popen[str]:
        """Start an export that waits for an assistant."""
        videos = write_videos(tmp_path / f"{n}.csv", sample_ids(n))
        (tmp_path / str(n)).mkdir()
        return start(
            data_dir,
            *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"), *settings),
            *("--floor", str(tmp_path / str(n) / "floor")),
            task="ExportElsewhere",
            environment=environment,
        )

    with luigid.running(subprocess.DEVNULL):
        for n in (2, 6):
            run = export_with(n)
            wait_until(waits, run)
            assistant = start(
                data_dir, "--assistant", *settings, task="WrapperTask", environment=environment
            )
            wait_until(functools.partial(has_rows, export, n), run)
            (tmp_path / str(n) / "broom").touch()
            printed, _ = run.communicate(timeout=600)
            os.killpg(assistant.pid, signal.SIGKILL)
            assistant.communicate()
            assert run.returncode == 0, printed

    first, second = read_records(str(data_dir), 9)
    assert (first.n_new, first.n_reused) == (2, 0)
    assert (second.n_new, second.n_reused) == (4, 2)
    assert [(stage.n_shards, stage.n_shards_left) for stage in first.stages] == [(1, 0)] * 7
    assert [(stage.n_shards, stage.n_shards_left) for stage in second.stages] == [(2, 0)] * 7
