"""The box in ``docker compose``, if there is an engine: nights, a stop, a restart."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import EXAMPLES
from tests.docker.box import DOCKER, free_port
from thumbnail_tasks.console import EXIT_INTERRUPTED, INTERRUPTED

PICTURES = "/pictures"
NIGHT = ("luigi", "--module", "thumbnail_tasks", "Nightly", "--tables", "/incoming")


@dataclass
class Compose:
    """The box of this working tree, separate from others on this machine."""

    tables: Path
    port: int

    def start(self, *command: str) -> subprocess.Popen[str]:
        names = {
            "COMPOSE_PROJECT_NAME": "thumbnail-tasks-test",
            "TABLES_DIR": str(self.tables),
            "SCHEDULER_PORT": str(self.port),
        }
        return subprocess.Popen(
            ["docker", "compose", *command],
            cwd=DOCKER,
            env={**os.environ, **names},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str) -> str:
        process = self.start(*command)
        printed, _ = process.communicate(timeout=1800)
        assert process.returncode == 0, printed
        return printed

    def deliver(self, table: Path) -> None:
        """Copy a table into the incoming folder, unchanged for an hour."""
        an_hour_ago = time.time() - 3600
        os.utime(shutil.copy(table, self.tables), (an_hour_ago, an_hour_ago))

    def start_night(self, name: str) -> subprocess.Popen[str]:
        """Start a night with the sample's pictures in a container of this name."""
        pictures = f"{EXAMPLES / 'images'}:{PICTURES}:ro"
        about = ("--rm", "--use-aliases", "--name", name, "--volume", pictures)
        return self.start("run", *about, "worker", *NIGHT, "--images-dir", PICTURES)

    def states(self) -> list[str]:
        """The final states of the runs, the oldest first."""
        show = ("sh", "-c", "cat /data/runs/*.json")
        records = self.run("run", "--rm", "--no-deps", "-T", "worker", *show)
        return re.findall(r'(?m)^  "state": "(\w+)"', records)

    def history(self) -> str:
        """luigid's page of all nights."""
        url = f"http://127.0.0.1:{self.port}/history/by_name/Nightly"
        with urlopen(url, timeout=30) as response:
            text: str = response.read().decode()
        return text


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def why_not() -> str:
    """Why no container can be run on this machine; empty if one can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    for command in (("docker", "info"), ("docker", "compose", "version")):
        if not succeeds(*command):
            return f"{' '.join(command)} fails on this machine"
    for image in re.findall(r"(?m)^FROM (python:\S+)", (DOCKER / "Dockerfile").read_text()):
        if not any(succeeds("docker", *how, image) for how in (["image", "inspect"], ["pull"])):
            return f"the image {image} is not available on this machine"
    return ""


REASON = why_not()
pytestmark = [
    *(pytest.mark.dag, pytest.mark.model, pytest.mark.slow),
    pytest.mark.skipif(bool(REASON), reason=REASON),
]


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Compose]:
    (tmp_path / "incoming").mkdir()
    box = Compose(tmp_path / "incoming", free_port())
    box.run("build")
    try:
        box.run("up", "--detach", "--wait")
        yield box
    finally:
        box.run("--profile", "night", "down", "--volumes", "--remove-orphans")


def test_nights_in_containers_end_as_documented(compose: Compose) -> None:
    no_table = compose.start_night("no-table")
    printed, _ = no_table.communicate(timeout=600)
    assert no_table.returncode == 30, printed
    assert (
        "ERROR: --tables /incoming: expected a table of videos; found: a folder without one"
        in printed
    )

    compose.deliver(EXAMPLES / "videos.csv")
    stopped = compose.start_night("stopped")
    assert stopped.stdout
    assert any("RecognizeText      on CPU" in line for line in stopped.stdout)
    subprocess.run(["docker", "stop", "stopped"], check=True, capture_output=True)
    printed, _ = stopped.communicate(timeout=600)
    assert stopped.returncode == EXIT_INTERRUPTED, printed
    assert INTERRUPTED in printed

    night = compose.start_night("whole")
    printed, _ = night.communicate(timeout=600)
    assert night.returncode == 0, printed
    assert "47 rows, 43 thumbnails: 40 ok, 2 not_an_image, 1 not_found" in printed
    assert compose.states() == ["failed", "interrupted", "succeeded"]

    compose.run("restart", "scheduler")
    compose.run("up", "--detach", "--wait")
    assert re.search(r"(?s)\sDONE\s.*\splan_number\s", re.sub("<[^>]*>", " ", compose.history()))
