"""Three nights in a row behind a luigid, with an assistant, over a table that grows.

One night is killed, one finds the host of the pictures down, one finds the disk full; the same
command is then given again, as the morning's person does. After each of them the records, the
messages, the exit codes and luigid's pages are asked what happened.
"""

import configparser
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT, Answer, Handler, Server
from tests.dag.runs import Finished, run, sample_ids, write_videos
from tests.dag.test_records import Webhook, webhook
from tests.docker.box import BOX_CFG, Luigid
from thumbnail_tasks.records import Record, read_records

__all__ = ["webhook"]
pytestmark = [pytest.mark.dag, pytest.mark.model]

NIGHTS = ("2026-11-23", "2026-11-24", "2026-11-25")
HURRY = {"retry_delay": "1", "worker_disconnect_delay": "6", "disable_persist": "6"}
"""What of [scheduler] waits for minutes and hours in a real box, in seconds."""


def hurried_box_cfg(path: Path) -> Path:
    """``docker/box.cfg`` with shorter waits."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(BOX_CFG)
    config["scheduler"].update(HURRY)
    config["worker"].update({"ping_interval": "0.5", "wait_interval": "0.5"})
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


class SmallDisk:
    """A disk of its own in memory, seen only by commands that are started with ``inside``.

    Nobody needs to be root for it: it is mounted in a namespace, which a process holds open.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "echo in; cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout
        self._holder.stdout.readline()
        self._mount("size=1g")

    @property
    def inside(self) -> list[str]:
        """What a command begins with that is to see the disk."""
        namespaces = ("--user", "--mount", "--preserve-credentials")
        enter = ["nsenter", "--target", str(self._holder.pid), *namespaces]
        return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(ROOT)]

    @property
    def folder(self) -> Path:
        """The disk as it is seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self._folder}")

    def _mount(self, options: str) -> None:
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self._folder)]
        subprocess.run([*self.inside, *mount], check=True)

    def fill(self, n_bytes_left: int) -> None:
        used = shutil.disk_usage(self.folder).used
        self._mount(f"remount,size={used + n_bytes_left}")

    def empty(self) -> None:
        self._mount("remount,size=1g")

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()


@dataclass
class Box:
    """A luigid, an assistant, a folder of tables, and a server of pictures that can be down."""

    folder: Path
    luigid: Luigid
    disk: SmallDisk
    server: Server
    webhook: Webhook
    is_host_down: bool = False
    processes: tuple[subprocess.Popen[str], ...] = ()

    def lay_down(self, video_ids: list[str]) -> None:
        pictures = sorted((EXAMPLES / "images").glob("sample0*.jpg"))
        for nth, video_id in enumerate(video_ids):
            content = pictures[nth % len(pictures)].read_bytes()
            answer = Answer(custom=self._answer_with(content))
            self.server.lay_down(f"/vi/{video_id}/hqdefault.jpg", answer)

    def _answer_with(self, content: bytes) -> Callable[[Handler], None]:
        def answer(to: Handler) -> None:
            (Answer(503) if self.is_host_down else Answer(200, content)).send(to)

        return answer

    @property
    def settings(self) -> tuple[str, ...]:
        """The flags that the night and its assistant share."""
        return (
            *("--module", "tests.dag.quick", "--no-lock"),
            *("--scheduler-port", str(self.luigid.port), "--storage-shard-size", "2"),
            *("--thumbnails-url-template", f"{self.server.url}/vi/{{video_id}}/{{quality}}.jpg"),
            *("--thumbnails-allow-private-addresses", "true", "--thumbnails-retries", "0"),
            *("--thumbnails-stop-after", "2", "--runs-update-interval-s", "0.2"),
        )

    def start(self, task: str, *flags: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("luigi")), task, *self.settings, *flags]
        return subprocess.Popen(
            [*self.disk.inside, *command],
            cwd=ROOT,
            env={**self.luigid.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def start_night(self, date: str) -> subprocess.Popen[str]:
        incoming = str(self.folder / "incoming")
        return self.start("Nightly", "--tables", incoming, "--date", date, "--workers", "2")

    def night(self, date: str) -> Finished:
        process = self.start_night(date)
        printed, _ = process.communicate(timeout=300)
        return Finished(process.returncode, printed, self.data_dir)

    @property
    def data_dir(self) -> Path:
        return self.disk.folder
