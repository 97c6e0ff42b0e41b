"""The kernel's locks, for a data directory in a folder."""

import contextlib
import fcntl
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from thumbnail_tasks.storage.atomic import writing

_LOCK_FILE: Final = ".claims"
"""The name in data directories since 0.1: runs of two versions must exclude each other."""


@contextlib.contextmanager
def hold_lock(
    data_dir: Path, name: str, on_wait: Callable[[], None], shared: bool = False
) -> Iterator[None]:
    """See ``storage.locks.hold_lock``.

    It is a kernel lock on one byte of a file in ``data_dir``. The kernel releases it however its
    holder ends, and children of the holder do not inherit it, so that no lock is left over.
    """
    path = data_dir / _LOCK_FILE
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    byte = int(hashlib.sha256(name.encode()).hexdigest()[:15], 16)
    with writing(path):
        handle = _open(path)
        is_free = _try_lock(handle, byte, kind)
    if not is_free:
        on_wait()
        fcntl.lockf(handle, kind, 1, byte)
    try:
        yield
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, byte)


def _try_lock(handle: int, byte: int, kind: int) -> bool:
    try:
        fcntl.lockf(handle, kind | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):  # POSIX allows either
        return False
    return True


@functools.cache  # and never closed: closing one handle would release all locks of the process
def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
