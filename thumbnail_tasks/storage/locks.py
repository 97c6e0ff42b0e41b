"""Locks between runs on one data directory: one process makes a file, the others wait."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from thumbnail_tasks.storage.files import backend_of


def hold_lock(
    data_dir: str,
    name: str,
    on_wait: Callable[[], None],
    shared: bool = False,
    on_renewal: Callable[[float], None] | None = None,
) -> AbstractContextManager[None]:
    """Hold the lock ``name`` while the block runs, after waiting for other processes.

    However its holder ends, the lock is released: in a folder by the kernel and at once (see
    ``kernel_locks``), in a bucket after half a minute (see ``s3_leases``).

    Args:
        data_dir: The data directory.
        name: What is locked, as the path of a file in ``data_dir``.
        on_wait: Called once if another process holds the lock; an exception ends the wait.
        shared: Whether others that share the lock may hold it at the same time.
        on_renewal: Called, in another thread, whenever a lock in a bucket is renewed, with the
            moment by ``time.monotonic`` until which nobody else takes it over.

    Raises:
        StorageError: ``data_dir`` cannot be written, or its file system has no locks.
    """
    return backend_of(data_dir).hold_lock(data_dir, name, on_wait, shared, on_renewal)
