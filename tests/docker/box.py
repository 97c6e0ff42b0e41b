"""The folder ``docker/``, and a luigid with its configuration, for tests."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT

DOCKER = ROOT / "docker"
BOX_CFG = DOCKER / "box.cfg"


def installed(tool: str) -> str | None:
    """Find a tool beside this Python, or on PATH; None if it is not installed."""
    beside = Path(sys.executable).with_name(tool)
    return str(beside) if beside.exists() else shutil.which(tool)


def needs_tool(tool: str, package: str) -> pytest.MarkDecorator:
    """Mark of a test that is skipped without this tool, which is part of ``package``."""
    return pytest.mark.skipif(not installed(tool), reason=f"{tool} is not installed ({package})")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def environment(folder: Path) -> dict[str, str]:
    """The variables that compose.yaml sets, for a box on this machine with data in ``folder``."""
    return {
        "LUIGI_CONFIG_PATH": str(BOX_CFG),
        "SCHEDULER_HOST": "127.0.0.1",
        "LUIGID_DIR": str(folder),
        "DATA_DIR": str(folder / "data"),
        "GPUS": "2",
        "GPU_DEVICES": "none",
        "GPU_REQUIRED": "false",
        "METRICS_ADDRESS": "",
        "RUNS_LINK": "",
        "WEBHOOK_URL": "",
        "ALERT_TO": "",
        "ALERT_FROM": "night@example.org",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "25",
        "SMTP_USERNAME": "",
        "SMTP_PASSWORD": "",
    }


@dataclass
class Luigid:
    """A real luigid with ``docker/box.cfg``."""

    folder: Path
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Additional or different environment variables."""
    port: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **environment(self.folder), **self.overrides}

    @contextlib.contextmanager
    def running(self, output: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """Run it during the block, then stop it as Docker would.

        Args:
            output: Destination of its output, as for ``subprocess``; None: the terminal.
        """
        process = subprocess.Popen(
            [str(installed("luigid")), "--address", "127.0.0.1", "--port", str(self.port)],
            cwd=ROOT,
            env=self.environment,
            stdout=output,
            stderr=output,
        )
        try:
            self._wait_for(process)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=600)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"luigid ended with {process.returncode}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        raise TimeoutError("luigid does not listen")

    def page(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=600) as response:
            text: str = response.read().decode()
            return text

    def ask(self, method: str, **arguments: Any) -> Any:
        return json.loads(self.page(f"api/{method}?data={quote(json.dumps(arguments))}"))[
            "response"
        ]

    def start_task(self, task: str, *flags: str) -> subprocess.Popen[str]:
        """Start a task of ``chores.py`` in a real luigi process."""
        return subprocess.Popen(
            [
                *(str(installed("luigi")), "--module", "tests.docker.chores", task),
                *("--scheduler-port", str(self.port), "--workers", "1", *flags),
            ],
            cwd=ROOT,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
