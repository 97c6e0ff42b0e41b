"""A run that was killed behind a luigid, and given again before luigid has missed it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.night_box import hurried_box_cfg
from tests.dag.runs import run, sample_ids, start, wait_for, write_videos
from tests.docker.box import Luigid

pytestmark = [pytest.mark.dag, pytest.mark.model]


def test_what_the_killed_run_had_just_made_holds_nobody_up(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(4))
    # luigid misses the killed run while the next one is under way.
    config = hurried_box_cfg(tmp_path / "box.cfg", worker_disconnect_delay="20")
    luigid = Luigid(tmp_path, {"LUIGI_CONFIG_PATH": str(config)})
    flags = (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "2", "--workers", "2", "--module", "tests.dag.quick"),
        *("--scheduler-port", str(luigid.port), "--worker-max-keep-alive-idle-duration", "PT40S"),
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
