"""Checksums in every Parquet file of this package: no changed byte is read unnoticed.

Between the pages and the footer, where no Parquet reader looks, the file has a SHA-256 of the pages
of each column and one of the footer. Parquet's own checksums cover pages without their headers, and
not the footer: of the 2,056 bytes of a small table with them, 51 could each be changed so that it
was read as another table, or with other metadata (pyarrow 26, 2026-11-25).
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_MAGIC: Final = b"PAR1"
_END_BYTES: Final = 8  # of each Parquet file: the footer's length, and the magic
_DIGEST_BYTES: Final = 32
_PIECE_BYTES: Final = 1 << 20


class ChecksumError(Exception):
    """The bytes are not those that were written; the message says what was found."""


def add_checksums(path: Path) -> None:
    """Add the checksums to a Parquet file that has just been written."""
    with pa.OSFile(str(path)) as file:
        footer = _read_footer(file)
        metadata = _parse(footer)
        digests = [_digest_pages(file, metadata, column) for column in range(metadata.num_columns)]
    with path.open("r+b") as file:
        file.seek(-len(footer), os.SEEK_END)
        file.write(b"".join([*digests, hashlib.sha256(footer).digest(), footer]))


def open_checked(file: pa.NativeFile, columns: Sequence[str] | None = None) -> pq.ParquetFile:
    """Read a file after checking its footer and the pages of some columns (None: of all).

    Raises:
        ChecksumError: A checksum does not match.
    """
    footer = _read_footer(file)
    before_footer = file.size() - len(footer)
    stored = file.read_at(_DIGEST_BYTES, max(0, before_footer - _DIGEST_BYTES))
    if stored != hashlib.sha256(footer).digest():
        raise ChecksumError("a damaged footer, or a Parquet file that this package did not write")
    metadata = _parse(footer)
    first_digest = before_footer - _DIGEST_BYTES * (1 + metadata.num_columns)
    for column in range(metadata.num_columns):
        name = metadata.schema.column(column).path
        if columns is not None and not any(f"{name}.".startswith(f"{top}.") for top in columns):
            continue
        expected = file.read_at(_DIGEST_BYTES, first_digest + _DIGEST_BYTES * column)
        if _digest_pages(file, metadata, column) != expected:
            raise ChecksumError(f"damage in its column {name}")
    # With its default, Arrow keeps all that it has read of the file while it is read in batches.
    return pq.ParquetFile(file, metadata=metadata, pre_buffer=False)


def check(path: Path) -> None:
    """Check all checksums of a Parquet file on this machine.

    Raises:
        ChecksumError: A checksum does not match.
    """
    with pa.OSFile(str(path)) as file:
        open_checked(file)


def _read_footer(file: pa.NativeFile) -> bytes:
    """A Parquet file's footer with what follows it: its length and the magic."""
    n_bytes = file.size()
    if n_bytes < len(_MAGIC) + _END_BYTES:
        raise ChecksumError(f"{n_bytes} bytes")
    end = file.read_at(_END_BYTES, n_bytes - _END_BYTES)
    n_footer = int.from_bytes(end[:4], "little") + _END_BYTES
    if end[4:] != _MAGIC or n_footer > n_bytes - len(_MAGIC):
        raise ChecksumError(f"{n_bytes} bytes that do not end as a Parquet file does")
    footer: bytes = file.read_at(n_footer, n_bytes - n_footer)
    return footer


def _parse(footer: bytes) -> pq.FileMetaData:
    return pq.read_metadata(pa.BufferReader(footer))


def _digest_pages(file: pa.NativeFile, metadata: pq.FileMetaData, column: int) -> bytes:
    """The SHA-256 of a column's pages and their headers, in all row groups."""
    digest = hashlib.sha256()
    for row_group in range(metadata.num_row_groups):
        chunk = metadata.row_group(row_group).column(column)
        first = chunk.dictionary_page_offset if chunk.has_dictionary_page else None
        start = chunk.data_page_offset if first is None else first
        end = start + chunk.total_compressed_size
        for at in range(start, end, _PIECE_BYTES):
            digest.update(file.read_at(min(_PIECE_BYTES, end - at), at))
    return digest.digest()
