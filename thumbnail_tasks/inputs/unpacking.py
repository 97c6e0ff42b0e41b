"""Open the file of a table, unpacked while it is read if it is compressed."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

import pyarrow as pa

from thumbnail_tasks.inputs.columns import reading

SUFFIXES: Final = (".gz", ".zst", ".bz2", ".lz4")
"""Suffixes of files that are unpacked; they are recognised by their first bytes."""

_COMPRESSIONS: Final = (
    (rb"\x1f\x8b", "gzip"),
    (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", "zstd"),
    (rb"BZh[1-9]", "bz2"),
    (rb"\x04\x22\x4d\x18", "lz4"),
)
"""Pattern of the first bytes, and pyarrow's name."""


def compression_of(path: Path) -> str | None:
    """How a file is compressed, as pyarrow names it; None if it is not.

    Raises:
        InputError: It cannot be read.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(4)
    return next((name for pattern, name in _COMPRESSIONS if re.match(pattern, start)), None)


@contextlib.contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file, plain or compressed with gzip, Zstandard, bzip2 or LZ4.

    Raises:
        InputError: It cannot be read, also while the block reads it: it is cut off or damaged.
    """
    compression = compression_of(path)
    with reading(path):
        if compression:
            packed = cast(io.RawIOBase, pa.input_stream(path, compression=compression))
            with io.BufferedReader(packed) as file:
                yield file
        else:
            with path.open("rb") as file:
                yield file
