"""A machine of nights: luigid, an assistant, a disk that can be full, a host that can be down."""

import configparser
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT, Answer, Handler, Server
from tests.dag.runs import QUICKLY, Finished, run
from tests.dag.test_records import Webhook
from tests.docker.box import BOX_CFG, Luigid
from thumbnail_tasks.runs.record_files import read_records
from thumbnail_tasks.runs.records import Record

HURRY = {"retry_delay": "1", "worker_disconnect_delay": "6"}
"""Settings of [scheduler] that wait for minutes in production, in seconds."""


def hurried_box_cfg(path: Path, **of_scheduler: str) -> Path:
    """``docker/box.cfg`` with shorter waits; the arguments go into its [scheduler]."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(BOX_CFG)
    config["scheduler"].update(HURRY | of_scheduler)
    config["worker"].update({"ping_interval": "0.5", "wait_interval": "0.5"})
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


class SmallDisk:
    """A disk in memory, visible only to commands that are started with ``inside``.

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
        """Prefix of a command that sees the disk."""
        namespaces = ("--user", "--mount", "--preserve-credentials")
        enter = ["nsenter", "--target", str(self._holder.pid), *namespaces]
        return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(ROOT)]

    @property
    def folder(self) -> Path:
        """Path of the disk as seen from outside."""
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


def needs_permission(*inside: str) -> pytest.MarkDecorator:
    """Mark of a test that is skipped if no command may be started with this prefix."""
    is_allowed = shutil.which(inside[0]) and not subprocess.run([*inside, "true"]).returncode
    reason = f"this machine does not allow {' '.join(inside)}"
    return pytest.mark.skipif(not is_allowed, reason=reason)


needs_small_disk = needs_permission("unshare", "--user", "--map-root-user", "--mount")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk while the block runs; see ``needs_small_disk``."""
    disk = SmallDisk(folder)
    try:
        yield disk
    finally:
        disk.close()


@dataclass
class Box:
    """A luigid, an assistant, a folder of tables, and an image server that can be down."""

    folder: Path
    luigid: Luigid
    disk: SmallDisk
    server: Server
    webhook: Webhook
    shard_size: int = 2
    is_host_down: bool = False

    def bring(self, table: Path) -> None:
        """Add a table that has settled, the newest so far."""
        incoming = self.folder / "incoming"
        incoming.mkdir(exist_ok=True)
        came_s = time.time() - 3600 + len(list(incoming.iterdir()))
        os.utime(shutil.copy(table, incoming / table.name), (came_s, came_s))

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
        """Flags shared by the night and its assistant."""
        return (
            *(*QUICKLY, "--storage-shard-size", str(self.shard_size)),
            *("--thumbnails-url-template", f"{self.server.url}/vi/{{video_id}}/{{quality}}.jpg"),
            *("--thumbnails-allow-private-addresses", "true", "--thumbnails-retries", "0"),
            *("--thumbnails-stop-after", "2", "--runs-update-interval-s", "0.2"),
        )

    def start(self, task: str, *flags: str, output: Any = subprocess.PIPE) -> subprocess.Popen[str]:
        luigi = [str(Path(sys.executable).with_name("luigi")), task, "--no-lock"]
        command = [*luigi, "--scheduler-port", str(self.luigid.port), *self.settings, *flags]
        return subprocess.Popen(
            [*self.disk.inside, *command],
            cwd=ROOT,
            env={**self.luigid.environment, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def start_night(self, date: str) -> subprocess.Popen[str]:
        incoming = str(self.folder / "incoming")
        return self.start("Nightly", "--tables", incoming, "--date", date, "--workers", "2")

    def night(self, date: str) -> Finished:
        process = self.start_night(date)
        printed, _ = process.communicate(timeout=600)
        return Finished(process.returncode, printed, self.data_dir)

    def run_undisturbed(self, table: Path) -> Finished:
        """Export a table into a data directory of its own, without luigid."""
        flags = ("--videos", str(table), *self.settings)
        return run(self.folder / "single", *flags)

    @contextlib.contextmanager
    def assisted(self) -> Iterator[None]:
        """Run an assistant during the block; one that ends is restarted, as by systemd."""
        is_over = threading.Event()

        def start() -> None:
            with (self.folder / "assistant.log").open("a") as log:
                self._assistant = self.start("WrapperTask", "--assistant", output=log)

        def restart() -> None:
            while True:
                self._assistant.wait()
                if is_over.is_set():
                    return
                start()

        start()
        thread = threading.Thread(target=restart)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            while thread.is_alive():  # it may have restarted the assistant just now
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._assistant.pid, signal.SIGKILL)
                thread.join(1)

    @property
    def data_dir(self) -> Path:
        return self.disk.folder

    @property
    def latest(self) -> str:
        return str((self.data_dir / "exports" / "latest").readlink())

    def records(self) -> list[Record]:
        return read_records(str(self.data_dir), 99)

    def told(self) -> list[str]:
        """The messages since the last call."""
        texts = [message["text"] for message in self.webhook.posted]
        self.webhook.posted.clear()
        return texts

    def tasks(self, family: str) -> list[str]:
        """The statuses of a task family in luigid, in no order."""
        return [
            status
            for status in ("PENDING", "RUNNING", "BATCH_RUNNING", "FAILED", "DISABLED", "DONE")
            for task in self.luigid.ask("task_list", status=status, upstream_status="").values()
            if task["name"] == family
        ]

    def wait_until_luigid_misses(self, pid: int) -> None:
        """Wait until luigid prunes the worker, which takes two minutes in production."""
        deadline = time.monotonic() + 600
        while any(worker["pid"] == pid for worker in self.luigid.ask("worker_list")):
            assert time.monotonic() < deadline, f"luigid has not missed {pid}"
            time.sleep(0.2)

    def history(self) -> dict[str, str]:
        """The status of each night in luigid's history, by date."""
        page = re.sub("<[^>]*>", " ", self.luigid.page("history/by_name/Nightly"))
        return {
            date: status
            for status, date in re.findall(r"\s([A-Z]{4,})\s.*?\sdate\s*(\S+)", page, re.S)
        }

    def assert_night_is_done(self, finished: Finished, date: str, n_rows: int) -> None:
        """Exit code, record, luigid and files agree that the export of a date is complete."""
        assert finished.code == 0, finished.printed
        assert "ERROR" not in finished.printed
        record = self.records()[-1]
        assert (record.state, record.exit_code, record.task) == ("succeeded", 0, "Nightly")
        assert (record.n_rows, record.statuses) == (n_rows, self.statuses(date))
        assert record.failures == []
        assert self.latest == date
        assert pq.read_metadata(self.export(date)).num_rows == n_rows
        assert self.told() == []
        assert set(self.tasks("Nightly")) == {"DONE"}
        assert set(self.tasks("DownloadThumbnails")) == {"DONE"}
        assert self.history()[date] == "DONE"

    def assert_night_stopped(self, finished: Finished, date: str, reason: str) -> None:
        """Exit code, record, message and luigid agree why nothing was exported."""
        assert finished.code in (30, 40), finished.printed
        errors = [line for line in finished.printed.splitlines() if line.startswith("ERROR")]
        assert any(reason in line for line in errors), finished.printed
        assert "Traceback" not in finished.printed, finished.printed
        record = self.records()[-1]
        # The night or its assistant may meet it first.
        assert record.state in ("stopped", "failed")
        assert record.exit_code == finished.code
        assert reason in str(record.first_error)
        (message,) = self.told()
        assert f"(exit code {finished.code})" in message.splitlines()[0]
        assert reason in message
        assert self.latest < date
        assert not self.export(date).exists()
        assert set(self.tasks("Nightly")) == {"DONE", "PENDING"}
        assert self.history().get(date) != "DONE"

    def export(self, date: str) -> Path:
        return self.data_dir / "exports" / date / "attributes.parquet"

    def statuses(self, date: str) -> dict[str, int]:
        """Thumbnails of an export by status."""
        table = pq.read_table(self.export(date), columns=["thumbnail_id", "thumbnail_status"])
        rows = {(row["thumbnail_id"], row["thumbnail_status"]) for row in table.to_pylist()}
        return dict(Counter(status for _, status in rows))
