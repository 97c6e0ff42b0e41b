"""Locks on a whole data directory: one night at a time, and no clean-up during a run."""

import atexit
import contextlib
import datetime
import functools
import logging
import os
import socket
from collections.abc import Iterator

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.locks import hold_lock

logger = logging.getLogger(__name__)

_IN_USE = "in use"
_shared = contextlib.ExitStack()
"""The shared locks of this process, held until it ends."""
atexit.register(_shared.close)


class DataDirBusyError(ThumbnailTasksError):
    """Another night, or a clean-up, is using the data directory."""


@contextlib.contextmanager
def hold_night_lock(data_dir: str, who: str) -> Iterator[None]:
    """Hold the lock for one night at a time on a data directory while the block runs.

    A night that dies holds nothing (see ``storage.locks``), whatever ``<data_dir>/.night`` says.
    That file only tells a second night who holds the lock.

    Args:
        data_dir: The data directory.
        who: The task, for the message to a second night.

    Raises:
        DataDirBusyError: Another process holds the lock.
        StorageError: ``data_dir`` cannot be written, or its file system has no locks.
    """
    note = join(data_dir, ".night")

    def refuse() -> None:
        try:
            holder = files.read_text(note)
        except FileNotFoundError:
            holder = "one that has just started"
        raise DataDirBusyError(
            f"{data_dir}: expected no other night on this data directory; found {holder}. "
            "It continues; this one stops."
        )

    with hold_lock(data_dir, "night", refuse):
        now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        files.write_text(
            note, f"{who}, process {os.getpid()} on {socket.gethostname()}, since {now}"
        )
        yield


@functools.cache
def share_data_dir(data_dir: str) -> None:
    """Protect a data directory from ``CleanUp`` until this process ends; waits for a clean-up.

    Raises:
        StorageError: ``data_dir`` cannot be written, or its file system has no locks.
    """
    wait = functools.partial(logger.info, "%s: waiting for CleanUp to finish", data_dir)
    _shared.enter_context(hold_lock(data_dir, _IN_USE, wait, shared=True))


@contextlib.contextmanager
def hold_unused_data_dir(data_dir: str) -> Iterator[None]:
    """Keep new runs on a data directory waiting while the block runs.

    Raises:
        DataDirBusyError: A run is using it.
    """

    def refuse() -> None:
        raise DataDirBusyError(
            f"{data_dir}: expected no run on this data directory; found one (ExportAttributes or "
            "similar). It continues; this one stops."
        )

    with hold_lock(data_dir, _IN_USE, refuse):
        yield
