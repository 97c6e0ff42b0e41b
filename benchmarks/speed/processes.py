"""A command in a process of its own: how long it took, what it used, and its largest memory."""

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
    """A command that has ended well."""

    wall_s: float
    processor_s: float
    """User and system, of it and of all that it started and waited for."""
    peak_bytes: int
    """Resident memory of the largest of these processes; files that it maps count as well."""


def run_measured(command: Sequence[str]) -> Finished:
    """Run a command in the repository's root; what it prints matters only if it fails.

    Raises:
        RuntimeError: It failed; the message ends with what it printed last.
    """
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        figures = Path(folder, "figures.json")
        watched = [sys.executable, str(_WATCH), str(figures), *command]
        done = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stdout + done.stderr)[-2000:]
            raise RuntimeError(f"{' '.join(command)}: ended with code {done.returncode}:\n{last}")
        return Finished(*json.loads(figures.read_text(encoding="utf-8")))
