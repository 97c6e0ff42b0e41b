"""Memory that is free within this process."""

import ctypes

import pyarrow as pa


def release_free_memory() -> None:
    """Give memory that earlier work has freed back to the operating system.

    Allocators keep it for later: after a table of a million rows was read, 80 MB in Arrow's and
    210 MB in the GNU C library's, which only its ``malloc_trim`` gives back. Other C libraries have
    no such function, and get none of theirs back.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
