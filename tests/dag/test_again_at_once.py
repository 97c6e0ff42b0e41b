"""A run killed or interrupted behind a luigid, and repeated before luigid prunes it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.night_box import hurried_box_cfg
from tests.dag.runs import interrupt, run, sample_ids, start, wait_for, write_videos
from tests.docker.box import Luigid

pytestmark = pytest.mark.dag


@pytest.fixture
def flags(tmp_path: Path) -> tuple[str, ...]:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(4))
    return (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "2", "--workers", "2", "--module", "tests.dag.quick"),
        *("--worker-max-keep-alive-idle-duration", "PT40S"),
    )


def luigid_of(tmp_path: Path, **of_scheduler: str) -> Luigid:
    config = hurried_box_cfg(tmp_path / "box.cfg", **of_scheduler)
    return Luigid(tmp_path, {"LUIGI_CONFIG_PATH": str(config), "PYTHONPATH": str(ROOT)})


def start_until_second_shard(
    luigid: Luigid, data_dir: Path, flags: tuple[str, ...]
) -> subprocess.Popen[str]:
    """Start a run; returns it while it recognises the words of its second shard."""
    slowly = {**luigid.environment, "SECONDS_A_BATCH": "3"}
    process = start(data_dir, *flags, *at(luigid), environment=slowly)
    wait_for(data_dir, "words/*/*.parquet")
    return process


def at(luigid: Luigid) -> tuple[str, str]:
    return ("--scheduler-port", str(luigid.port))


@pytest.mark.slow
def test_shard_finished_by_a_killed_run_does_not_block_the_next_run(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    # luigid prunes the killed run while the next one is running.
    luigid = luigid_of(tmp_path, worker_disconnect_delay="20")
    with luigid.running(subprocess.DEVNULL):
        killed = start_until_second_shard(luigid, tmp_path / "data", flags)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        running = luigid.ask("task_list", status="BATCH_RUNNING", upstream_status="")
        assert {task["name"] for task in running.values()} == {"RecognizeText"}
        again = run(tmp_path / "data", *flags, *at(luigid), environment=luigid.environment)
    assert again.code == 0, again.printed
    assert "4 thumbnails: 4 ok" in again.printed


@pytest.mark.thorough
def test_rerun_after_control_c_does_not_wait(tmp_path: Path, flags: tuple[str, ...]) -> None:
    luigid = luigid_of(tmp_path, worker_disconnect_delay="600", retry_delay="600")
    with luigid.running(subprocess.DEVNULL):
        interrupt(start_until_second_shard(luigid, tmp_path / "data", flags))
        again = run(tmp_path / "data", *flags, *at(luigid), environment=luigid.environment)
    assert again.code == 0, again.printed
    assert "4 thumbnails: 4 ok" in again.printed
