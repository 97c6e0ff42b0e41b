"""A run that was killed behind a luigid, and given again before luigid has missed it."""

import configparser
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import run, sample_ids, start, wait_for, write_videos
from tests.docker.box import BOX_CFG, Luigid

pytestmark = [pytest.mark.dag, pytest.mark.model]


def patient_box_cfg(path: Path) -> Path:
    """``docker/box.cfg``, whose luigid misses a worker while the next run is under way."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(BOX_CFG)
    config["scheduler"].update({"worker_disconnect_delay": "20", "retry_delay": "1"})
    config["worker"].update(
        {"wait_interval": "0.5", "ping_interval": "0.5", "max_keep_alive_idle_duration": "PT40S"}
    )
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


def test_what_the_killed_run_had_just_made_holds_nobody_up(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(4))
    luigid = Luigid(tmp_path, {"LUIGI_CONFIG_PATH": str(patient_box_cfg(tmp_path / "box.cfg"))})
    flags = (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "2", "--workers", "2", "--module", "tests.dag.quick"),
        *("--scheduler-port", str(luigid.port)),
    )
    environment = {**luigid.environment, "PYTHONPATH": str(ROOT)}
    with luigid.running(subprocess.DEVNULL):
        slowly = {**environment, "SECONDS_A_BATCH": "5"}
        killed = start(tmp_path / "data", *flags, environment=slowly)
        wait_for(tmp_path / "data", "words/*/*.parquet")
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        running = luigid.ask("task_list", status="BATCH_RUNNING", upstream_status="")
        assert {task["name"] for task in running.values()} == {"RecognizeText"}
        again = run(tmp_path / "data", *flags, environment=environment)
    assert again.code == 0, again.printed
    assert "4 thumbnails: 4 ok" in again.printed
