"""Who makes a file: of several runs on one data directory, one."""

import contextlib
import fcntl
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from thumbnail_tasks.storage.parquet_target import writing


@contextlib.contextmanager
def claimed(
    data_dir: Path, name: str, on_wait: Callable[[], None], shared: bool = False
) -> Iterator[None]:
    """Hold the claim to ``name`` while the block runs; where another process has it, wait.

    A claim is a lock on one byte of ``<data_dir>/.claims``. The kernel frees it however its holder
    ends, and no child of the holder inherits it: no claim can be left over.

    Args:
        data_dir: Where everything is kept.
        name: What is claimed, as the place of a file in ``data_dir``.
        on_wait: Called once if the claim is another's; what it raises ends the wait.
        shared: Others that share it may hold it at the same time.

    Raises:
        StorageError: ``data_dir`` cannot be written, or its file system knows no locks.
    """
    path = data_dir / ".claims"
    lock = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    byte = int(hashlib.sha256(name.encode()).hexdigest()[:15], 16)
    with writing(path):
        handle = _open(path)
        is_free = _try_lock(handle, byte, lock)
    if not is_free:
        on_wait()
        fcntl.lockf(handle, lock, 1, byte)
    try:
        yield
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, byte)


def _try_lock(handle: int, byte: int, lock: int) -> bool:
    try:
        fcntl.lockf(handle, lock | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):  # POSIX allows either
        return False
    return True


@functools.cache  # and never closed: closing one handle would drop all claims of the process
def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
