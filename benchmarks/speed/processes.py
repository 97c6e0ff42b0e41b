"""Run a command in a separate process and measure its time and memory."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy.job import ROOT

_WATCH = Path(__file__).with_name("watch.py")


class Finished(NamedTuple):
    """Figures of a successful command."""

    wall_s: float
    cpu_s: float
    """User and system time, including child processes that it waited for."""
    peak_bytes: int
    """Resident memory of the largest of these processes, including mapped files."""


def run_measured(command: Sequence[str]) -> Finished:
    """Run a command in the repository's root without showing its output, unless it fails.

    Raises:
        RuntimeError: It failed; the message ends with its last output.
    """
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        figures = Path(folder, "figures.json")
        watched = [sys.executable, str(_WATCH), str(figures), *command]
        done = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stdout + done.stderr)[-2000:]
            raise RuntimeError(f"{' '.join(command)}: ended with code {done.returncode}:\n{last}")
        return Finished(*json.loads(figures.read_text(encoding="utf-8")))
