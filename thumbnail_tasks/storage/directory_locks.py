"""One night at a time on a data directory."""

import atexit
import contextlib
import datetime
import functools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.storage.locks import claimed
from thumbnail_tasks.storage.parquet_target import written_whole
from thumbnail_tasks.tasks.progress import say

_IN_USE = "in use"
_uses = contextlib.ExitStack()
"""The shared claims of this process, held to its end."""
atexit.register(_uses.close)


class NightRunsError(ThumbnailTasksError):
    """Another night, or a cleaning, is under way."""


@contextlib.contextmanager
def claimed_night(data_dir: Path, who: str) -> Iterator[None]:
    """Be the only night on a data directory while the block runs.

    The claim is the kernel's (see ``claims``): a night that dies holds nothing, whatever
    ``<data_dir>/.night`` says. That file only tells whom a second night has met.

    Args:
        data_dir: Where everything is kept.
        who: The task, for the message to the second one.

    Raises:
        NightRunsError: Another process holds it.
        StorageError: ``data_dir`` cannot be written, or its file system knows no locks.
    """
    note = data_dir / ".night"

    def refuse() -> None:
        holder = note.read_text(encoding="utf-8") if note.exists() else "one that has just begun"
        raise NightRunsError(
            f"{data_dir}: expected no other night on this data directory; found {holder}. "
            "It goes on; this one stops."
        )

    with claimed(data_dir, "night", refuse):
        now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        with written_whole(note) as temporary:
            holder = f"{who}, process {os.getpid()} on {socket.gethostname()}, since {now}"
            temporary.write_text(holder, encoding="utf-8")
        yield


@functools.cache
def use_data(data_dir: Path) -> None:
    """Keep a data directory from being cleaned until this process ends; waits for a cleaning.

    Raises:
        StorageError: ``data_dir`` cannot be written, or its file system knows no locks.
    """
    wait = functools.partial(say, f"{data_dir}: waiting until CleanUp is done")
    _uses.enter_context(claimed(data_dir, _IN_USE, wait, shared=True))


@contextlib.contextmanager
def unused_data(data_dir: Path) -> Iterator[None]:
    """While the block runs, new runs on a data directory wait.

    Raises:
        NightRunsError: A run is using it.
    """

    def refuse() -> None:
        raise NightRunsError(
            f"{data_dir}: expected no run on this data directory; found one, ExportAttributes or "
            "its like. It goes on; this one stops."
        )

    with claimed(data_dir, _IN_USE, refuse):
        yield
