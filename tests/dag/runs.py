"""Start the real command in a process of its own, as a user or cron does."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import EXAMPLES, ROOT

Found = TypeVar("Found")

QUICKLY = ("--module", "tests.dag.quick")
"""Flag of a command that runs without models."""

SAMPLE = ("--videos", str(EXAMPLES / "videos.csv"), "--images-dir", str(EXAMPLES / "images"))


@dataclass(frozen=True)
class Finished:
    """The result of a run."""

    code: int
    printed: str
    data_dir: Path

    @property
    def attributes(self) -> pa.Table:
        return read_attributes(self.data_dir)


def read_attributes(data_dir: Path) -> pa.Table:
    return pq.read_table(data_dir / "exports" / "attributes.parquet")


def start(
    data_dir: Path | str,
    *flags: str,
    hash_seed: str = "0",
    task: str = "ExportAttributes",
    environment: Mapping[str, str] = MappingProxyType({}),
    inside: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start a task in its own process group, so that all of it can be killed.

    ``inside`` is the command that is given this one, such as ``SmallDisk.inside``.
    """
    return subprocess.Popen(
        [
            *inside,
            *(str(Path(sys.executable).with_name("luigi")), "--module", "thumbnail_tasks"),
            *(task, "--storage-data-dir", str(data_dir), "--no-lock"),
            *("--thumbnails-allow-private-addresses", "true"),  # the tests' servers are local
            *flags,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(data_dir: Path | str, *flags: str, **how: Any) -> Finished:
    """Run a task to its end; ``how`` as in ``start``."""
    process = start(data_dir, *flags, **how)
    printed, _ = process.communicate(timeout=1800)
    return Finished(process.returncode, printed, Path(data_dir))


def kill_after(process: subprocess.Popen[str], seconds: float, sign: int = signal.SIGKILL) -> None:
    """Send a signal to the whole process group after a while, unless it has ended."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, sign)
    process.communicate(timeout=600)


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C once; returns what was printed."""
    os.killpg(process.pid, signal.SIGINT)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130, printed
    return printed


def wait_until(look: Callable[[], Found | None], timeout_s: float = 600) -> Found:
    """Call ``look`` again and again until it returns something true; returns that."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing happened for {timeout_s:.0f} s"
        time.sleep(0.05)
    return found


def wait_for(data_dir: Path, pattern: str) -> None:
    """Wait until a file matches the pattern."""
    wait_until(lambda: list(data_dir.glob(pattern)))


def files_of(data_dir: Path) -> dict[str, int]:
    """Every file of a data directory with its modification time, except run records."""
    return {
        str(path.relative_to(data_dir)): path.stat().st_mtime_ns
        for path in data_dir.rglob("*")
        if path.is_file() and path.parent != data_dir / "runs"
    }


def write_videos(path: Path, video_ids: Sequence[str]) -> Path:
    """Write a table of these videos; returns its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "title", "description"])
        writer.writerows([video_id, f"Title {video_id}", "A video"] for video_id in video_ids)
    return path


def cfg_of_luigid_away(folder: Path) -> Path:
    """Settings of a run with an unreachable luigid: two attempts, without a pause."""
    path = folder / "away.cfg"
    path.write_text(
        "[core]\nlocal_scheduler = false\nscheduler_url = http://127.0.0.1:1/\n"
        "rpc_retry_attempts = 2\nrpc_retry_wait = 0\n"
    )
    return path


def sample_ids(n: int) -> list[str]:
    """The first drawn pictures of the sample."""
    return [path.stem for path in sorted((EXAMPLES / "images").glob("sample0*.jpg"))[:n]]
