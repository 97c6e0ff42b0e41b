"""A real luigid with the box's configuration: its state, history and metrics."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from tests.docker.box import DOCKER, Luigid

pytestmark = pytest.mark.dag


def run_task(luigid: Luigid, task: str, *flags: str) -> int:
    process = luigid.start_task(task, *flags)
    process.communicate(timeout=600)
    return process.returncode


def health(luigid: Luigid) -> subprocess.CompletedProcess[str]:
    """Run the worker's health check as the container does."""
    return subprocess.run(
        [sys.executable, str(DOCKER / "healthy.py")],
        env={**luigid.environment, "SCHEDULER_PORT": str(luigid.port)},
        capture_output=True,
        text=True,
        check=False,
    )


def health_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthy", DOCKER / "healthy.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tasks_and_history_survive_a_restart(tmp_path: Path) -> None:
    luigid = Luigid(tmp_path)
    with luigid.running():
        assert run_task(luigid, "Sweep", "--path", str(tmp_path / "floor")) == 0
    with luigid.running():
        tasks = luigid.ask("task_list", status="DONE", upstream_status="")
        assert [task["name"] for task in tasks.values()] == ["Sweep"]
        assert "Sweep" in luigid.page("history")


@pytest.mark.thorough
def test_the_history_survives_a_kill(tmp_path: Path) -> None:
    luigid = Luigid(tmp_path)
    with luigid.running() as process:
        assert run_task(luigid, "Sweep", "--path", str(tmp_path / "floor")) == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    with luigid.running():
        assert "Sweep" in luigid.page("history")
        assert str(tmp_path / "floor") in luigid.page("history/by_name/Sweep")


@pytest.mark.thorough
def test_metrics_count_tasks_by_family_and_include_those_of_the_dashboard(tmp_path: Path) -> None:
    luigid = Luigid(tmp_path)
    with luigid.running():
        run_task(luigid, "Sweep", "--path", str(tmp_path / "floor"))
        run_task(luigid, "Stumble", "--over", "mat")
        metrics = luigid.page("metrics")
    assert 'luigi_task_done_total{family="Sweep"} 1.0' in metrics
    assert 'luigi_task_disabled_total{family="Stumble"} 1.0' in metrics
    dashboard = json.loads((DOCKER / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    shown = re.findall(r"\bluigi_\w+", " ".join(queries))
    assert len(shown) > 3
    for name in shown:
        assert f"# TYPE {name} " in metrics


def test_the_number_of_gpus_is_the_limit_in_luigid(tmp_path: Path) -> None:
    luigid = Luigid(tmp_path, {"GPUS": "4"})
    with luigid.running():
        resources = luigid.ask("resource_list")
    limits = {resource["name"]: resource["num_total"] for resource in resources}
    assert limits == {"gpu": 4, "download": 1}


@pytest.mark.thorough
def test_a_worker_is_healthy_while_luigid_receives_heartbeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    luigid = Luigid(tmp_path)
    with luigid.running():
        none_yet = health(luigid)
        worker = luigid.start_task("WaitForBroom", "--path", str(tmp_path / "floor"))
        deadline = time.monotonic() + 600
        while health(luigid).returncode and time.monotonic() < deadline:
            time.sleep(0.2)
        working = health(luigid)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(1)
        healthy = health_check()
        monkeypatch.setattr(healthy, "SILENCE_S", 0.5)
        for name, value in {**luigid.environment, "SCHEDULER_PORT": str(luigid.port)}.items():
            monkeypatch.setitem(os.environ, name, value)
        silent = healthy.main()
        worker.kill()
        worker.communicate()
    gone = health(luigid)

    assert none_yet.returncode == 1
    assert "found none" in none_yet.stderr
    assert working.returncode == 0, working.stderr
    assert silent is not None
    assert "expected a heartbeat" in silent
    assert gone.returncode == 1
    assert "refused" in gone.stderr
