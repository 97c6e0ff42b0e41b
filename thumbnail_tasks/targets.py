"""The Parquet file as a Luigi target: placed whole or not at all."""

import contextlib
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks.errors import StorageError

_TEMPORARY_PREFIX = ".writing-"
"""Leading dot: pandas, DuckDB, Spark and Arrow skip such files when they read a folder whole."""


class ParquetTarget(luigi.LocalTarget):
    """A zstd Parquet file of one schema.

    Luigi's own atomic file does not reach the disk before it is renamed and leaves its
    temporary file among the data; here the bytes are flushed (fsync), renamed, and the
    folder is flushed, so that after a crash or power loss a file is whole or absent.
    """

    def write(self, table: pa.Table, metadata: Mapping[str, str] | None = None) -> None:
        """Place ``table`` at this path; ``metadata`` goes into the file's key-value metadata.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        with self.open_writer(table.schema, metadata) as writer:
            writer.write_table(table)

    @contextlib.contextmanager
    def open_writer(
        self, schema: pa.Schema, metadata: Mapping[str, str] | None = None
    ) -> Iterator[pq.ParquetWriter]:
        """Write in pieces; the file appears when the block ends, and never if it raises.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        file_metadata = {**(schema.metadata or {}), **(metadata or {})}
        with (
            written_whole(Path(self.path)) as temporary,
            pq.ParquetWriter(
                temporary, schema.with_metadata(file_metadata), compression="zstd"
            ) as writer,
        ):
            yield writer

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns.

        Raises:
            StorageError: The file is missing or is not a whole Parquet file.
        """
        with _named(self.path):
            return pq.ParquetFile(self.path, memory_map=True).read(columns)

    def read_schema(self) -> pa.Schema:
        """The table's columns.

        Raises:
            StorageError: The file is missing or is not a whole Parquet file.
        """
        with _named(self.path):
            return pq.read_schema(self.path)

    def read_metadata(self) -> dict[str, str]:
        """The file's key-value metadata.

        Raises:
            StorageError: The file is missing or is not a whole Parquet file.
        """
        metadata = self.read_schema().metadata or {}
        return {key.decode(): value.decode() for key, value in metadata.items()}

    def written_at(self) -> float:
        """When the file was placed, in seconds since the epoch."""
        return Path(self.path).stat().st_mtime


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends, put it in place durably.

    Raises:
        StorageError: The folder or file cannot be written.
    """
    temporary = path.parent / f"{_TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    try:
        with writing(path):
            yield temporary
            place(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the folder of ``path``; what then cannot be written is named.

    Raises:
        StorageError: The folder, or what the block writes, cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written; expected a folder with room and leave to write; "
            f"found: {error.strerror or error}"
        ) from error


def place(temporary: Path, path: Path) -> None:
    """Give what is written, a file or a folder, its name: all of it is on the disk before."""
    for written in (*temporary.rglob("*"), temporary):
        _flush(written)
    temporary.replace(path)
    _flush(path.parent)


def find_orphans(folder: Path, older_than_s: float = 86_400) -> list[Path]:
    """What killed writers left below ``folder``.

    A day is longer than any shard takes, so that a file still being written is safe.
    """
    now = time.time()
    orphans = []
    for path in sorted(folder.rglob(f"{_TEMPORARY_PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):
            if now - path.lstat().st_mtime > older_than_s:
                orphans.append(path)
    return orphans


def remove_orphans(folder: Path, older_than_s: float = 86_400) -> list[Path]:
    """Remove what killed writers left below ``folder``; returns what was removed."""
    orphans = find_orphans(folder, older_than_s)
    for path in orphans:
        path.unlink(missing_ok=True)
    return orphans


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"{path}: expected a Parquet file written by this package; found: {error}. "
            "Remove the file and run again to make it anew."
        ) from error


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
