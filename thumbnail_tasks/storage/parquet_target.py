"""The Parquet file as a Luigi target: published complete or not at all."""

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import luigi
import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.atomic import atomic_write, describe_os_error
from thumbnail_tasks.storage.checksums import ChecksumError, add_checksums, open_checked

logger = logging.getLogger(__name__)

_KEY = "thumbnail_tasks_place"
"""Metadata key under which a file stores its own key, so that a misplaced file is noticed."""

_MAX_DAMAGED_COPIES = 3
"""A file is regenerated this many times; more damage than that is the disk's fault."""


class LostFileError(StorageError):
    """A result file is missing, or was damaged and moved aside: it must be regenerated."""


class ParquetTarget(luigi.LocalTarget):
    """A zstd-compressed Parquet file with checksums (see ``storage.checksums``).

    Luigi's own atomic file is not flushed to disk before it is renamed, and leaves its
    temporary file among the data. Here the bytes are flushed (fsync), renamed, and the
    folder is flushed, so that after a crash or power loss a file is complete or absent.
    """

    def __init__(self, path: str, key: str = "") -> None:
        """``key`` is the file's path within its data directory, which is stored in the file.

        Without a key none is stored, and a file with any key is accepted: for copies.
        """
        super().__init__(path)
        self._key = key

    def write(self, table: pa.Table, metadata: Mapping[str, str] | None = None) -> None:
        """Publish ``table`` at this path; ``metadata`` becomes the file's key-value metadata.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        with self.open_writer(table.schema, metadata) as writer:
            writer.write_table(table)

    @contextlib.contextmanager
    def open_writer(
        self, schema: pa.Schema, metadata: Mapping[str, str] | None = None
    ) -> Iterator[pq.ParquetWriter]:
        """Write in batches; the file appears when the block ends, and not if it raises.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        about = {**(metadata or {}), _KEY: self._key}
        encoded = {name.encode(): value.encode() for name, value in about.items()}
        file_metadata = {**(schema.metadata or {}), **encoded}
        with atomic_write(Path(self.path)) as temporary:
            with pq.ParquetWriter(
                temporary, schema.with_metadata(file_metadata), compression="zstd"
            ) as writer:
                yield writer
            add_checksums(temporary)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        return self.open_reader(columns).read(columns)

    def open_reader(self, columns: Sequence[str] | None = None) -> pq.ParquetFile:
        """Open for reading in batches, after checking the bytes of these columns (None: all).

        Raises:
            LostFileError: The file is missing, or was damaged or misplaced and was moved aside.
            StorageError: The file cannot be read.
        """
        path = Path(self.path)
        try:
            file = open_checked(self.path, columns)
            stored_key = (file.schema_arrow.metadata or {}).get(_KEY.encode(), b"").decode()
            if self._key not in ("", stored_key):
                raise ChecksumError(f"the file of {stored_key or 'no key'}")
        except ChecksumError as damage:
            raise _move_aside(path, str(damage)) from damage
        except FileNotFoundError as error:
            raise LostFileError(f"{path}: expected a result file; found none") from error
        except OSError as error:
            raise StorageError(
                f"{path}: cannot be read; expected a file of this package; "
                f"found: {describe_os_error(error)}"
            ) from error
        return file

    def read_schema(self) -> pa.Schema:
        """The table's columns, without its metadata.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        return self.open_reader(()).schema_arrow.remove_metadata()

    def read_metadata(self) -> dict[str, str]:
        """The file's key-value metadata.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        metadata = self.open_reader(()).schema_arrow.metadata
        texts = {key.decode(): value.decode() for key, value in metadata.items()}
        return {key: value for key, value in texts.items() if key != _KEY}

    def written_at(self) -> float:
        """When the file was published, in seconds since the epoch."""
        return Path(self.path).stat().st_mtime


def find_damaged(folder: Path) -> list[Path]:
    """The damaged files below ``folder`` that were moved aside."""
    return sorted(folder.rglob(".*.damaged-?"))


def _move_aside(path: Path, found: str) -> StorageError:
    """Rename a file that cannot be trusted, log it, and return the error for its reader."""
    what = f"{path}: expected a complete file written by this package; found {found}"
    copies = [
        path.with_name(f".{path.name}.damaged-{n}") for n in range(1, _MAX_DAMAGED_COPIES + 1)
    ]
    copy = next((each for each in copies if not each.exists()), None)
    if copy is None:
        return StorageError(
            f"{what}, as {_MAX_DAMAGED_COPIES} times before: see {copies[0]}. Check the disk, "
            "remove the file and its damaged copies, and run again to regenerate it."
        )
    try:
        path.rename(copy)
    except FileNotFoundError:  # another process has already moved it
        return LostFileError(what)
    except OSError as error:
        return StorageError(
            f"{what}, and it cannot be moved aside ({describe_os_error(error)}). Remove it and run "
            "again to regenerate it."
        )
    logger.warning("%s. It was moved to %s and will be regenerated.", what, copy)
    return LostFileError(what)
