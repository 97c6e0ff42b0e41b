"""Troubleshooting in docs/OPERATIONS.md: each trouble is provoked and prints what it says."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import EXAMPLES, ROOT, Answer, Server
from tests.dag.night_box import needs_small_disk, small_disk
from tests.dag.runs import (
    QUICKLY,
    cfg_of_luigid_away,
    kill_after,
    run,
    sample_ids,
    start,
    wait_for,
    write_videos,
)
from tests.dag.test_records import Webhook, webhook
from tests.dag.torture import KilledLuigid

__all__ = ["webhook"]
pytestmark = pytest.mark.dag

VARYING = {
    " …": ".*",
    "…": ".*",
    "i.ytimg.com": r"127\.0\.0\.1",
    "x.parquet": r"\S+\.parquet",
    "incoming": r"\S*incoming",
    "on box": r"on \S+",
    "+00:00": r"[+-]\d\d:\d\d",
    "auto": "none",
}
"""What differs between runs, besides numbers."""


class Ended(NamedTuple):
    """A finished command, and everything it printed."""

    code: int
    said: str


class Trouble(NamedTuple):
    """A row of the table in the document."""

    messages: list[str]
    code: int | None
    """The exit code, if it is not the general one for failures."""


def documented() -> list[Trouble]:
    text = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
    _, _, section = text.partition("## Troubleshooting\n")
    cells = re.findall(r"(?m)^\| (`.*?) \| ", section)
    codes = [re.search(r"\(exit code (\d+)\)", cell) for cell in cells]
    return [
        Trouble(re.findall(r"`([^`]+)`", cell), int(code[1]) if code else None)
        for cell, code in zip(cells, codes, strict=True)
    ]


def pattern_of(message: str) -> str:
    parts = re.split("(" + "|".join(map(re.escape, VARYING)) + r"|\d+)", message)
    return "".join(
        VARYING.get(part) or (r"\d+" if part.isdecimal() else re.escape(part)) for part in parts
    )


class Box:
    """A folder in which to provoke troubles."""

    def __init__(self, folder: Path, server: Server, webhook: Webhook) -> None:
        self.folder, self.server, self.webhook = folder, server, webhook
        self.data_dir = folder / "data"
        self.incoming = folder / "incoming"
        self.incoming.mkdir()

    def bring(self, name: str, n_videos: int = 2, text: str = "") -> None:
        """Add a table that has settled: with this many videos, or with this text."""
        table = write_videos(self.incoming / name, sample_ids(n_videos))
        if text:
            table.write_text(text)
        os.utime(table, (time.time() - 3600,) * 2)

    def settings(self, *more: str) -> tuple[str, ...]:
        return ("--images-dir", str(EXAMPLES / "images"), *self.webhook.flags, *QUICKLY, *more)

    def night(self, *more: str, inside: Sequence[str] = (), **environment: str) -> Ended:
        flags = ("--tables", str(self.incoming), *self.settings(*more))
        how = {"environment": environment, "inside": inside}
        finished = run(self.data_dir, *flags, task="Nightly", **how)
        messages = [posted["text"] for posted in self.webhook.posted]
        return Ended(finished.code, "\n".join([finished.printed, *messages]))

    def start_night(self) -> subprocess.Popen[str]:
        """Start a night; returns it once it is running."""
        flags = ("--tables", str(self.incoming), *self.settings("--storage-shard-size", "1"))
        held = {"HELD": str(self.incoming)}
        process = start(self.data_dir, *flags, task="Nightly", environment=held)
        wait_for(self.data_dir, "plans/*/*.parquet")
        return process


def host_is_down(box: Box) -> Ended:
    links = [box.server.lay_down(f"/{number}.jpg", Answer(503)) for number in range(12)]
    box.bring("a.csv", text="\n".join(["thumbnail_link", *links]))
    few = ("--thumbnails-retries", "0", "--thumbnails-stop-after", "4", "--images-dir", "")
    return box.night(*few)


def disk_is_full(box: Box) -> Ended:
    box.bring("a.csv", 12)
    with small_disk(box.data_dir) as disk:
        disk.fill(150_000)
        return box.night(inside=disk.inside)


def table_lacks_its_column(box: Box) -> Ended:
    box.bring("bad.csv", text="name\nno link, no id\n")
    return box.night()


def table_has_not_arrived(box: Box) -> Ended:
    box.bring("a.csv.part")
    return box.night()


def night_is_running(box: Box) -> Ended:
    box.bring("a.csv", 9)
    process = box.start_night()
    try:
        return box.night()
    finally:
        kill_after(process, 0)


def night_before_was_killed(box: Box) -> Ended:
    box.bring("a.csv", 9)
    kill_after(box.start_night(), 0)
    return box.night()


def memory_runs_out(box: Box) -> Ended:
    box.bring("a.csv")
    return box.night(
        *("--module", "tests.dag.quick_poison", "--scheduler-retry-count", "1"),
        KILLED_WHEN_LOADED=f"{signal.SIGKILL:d}",
    )


def luigid_is_unreachable(box: Box) -> Ended:
    box.bring("a.csv")
    return box.night(LUIGI_CONFIG_PATH=str(cfg_of_luigid_away(box.folder)))


def luigid_gives_out_nothing(box: Box) -> Ended:
    box.bring("a.csv")
    luigid = KilledLuigid(box.folder, "[resources]\ngpu = 0\n")
    luigid.start()
    try:
        return box.night(
            *("--scheduler-port", str(luigid.port)),
            *("--worker-max-keep-alive-idle-duration", "PT3S"),
            LUIGI_CONFIG_PATH="docker/luigi.cfg",
        )
    finally:
        luigid.kill()


def gpu_is_not_seen(box: Box) -> Ended:
    box.bring("a.csv")
    return box.night("--gpus-required", "true", "--gpus-devices", "none")


PROVOKE: tuple[Callable[[Box], Ended], ...] = (
    *(host_is_down, disk_is_full, table_lacks_its_column, table_has_not_arrived, night_is_running),
    *(night_before_was_killed, memory_runs_out, luigid_is_unreachable, luigid_gives_out_nothing),
    gpu_is_not_seen,
)
"""In the order of the document."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("trouble", "provoke"),
    [
        pytest.param(
            *(trouble, provoke),
            marks=[needs_small_disk] if provoke is disk_is_full else [],
            id=provoke.__name__,
        )
        for trouble, provoke in zip(documented(), PROVOKE, strict=True)
    ],
)
def test_each_trouble_prints_what_the_document_says(
    tmp_path: Path,
    server: Server,
    webhook: Webhook,
    trouble: Trouble,
    provoke: Callable[[Box], Ended],
) -> None:
    ended = provoke(Box(tmp_path, server, webhook))
    assert trouble.messages
    for message in trouble.messages:
        assert re.search(pattern_of(message), ended.said), ended.said
    if trouble.code is not None:
        assert ended.code == trouble.code
