"""The Parquet file as a Luigi target: published complete or not at all."""

import contextlib
import functools
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, join, name_of, stem_of
from thumbnail_tasks.storage.atomic import describe_os_error
from thumbnail_tasks.storage.backend import ChangedError, Entry
from thumbnail_tasks.storage.checksums import ChecksumError, add_checksums, open_checked
from thumbnail_tasks.storage.file_target import FileTarget

logger = logging.getLogger(__name__)

_KEY = "thumbnail_tasks_place"
"""Metadata key under which a file stores its own key, so that a misplaced file is noticed."""

_MANY_ROWS: Final = 65_536
_COMPRESSION: Final = "zstd"

_MAX_DAMAGED_COPIES = 3
"""A file is regenerated this many times; more damage than that is the disk's fault."""
_DAMAGED: Final = re.compile(r"\..*\.damaged-.", re.DOTALL)


class LostFileError(StorageError):
    """A result file is missing, or was damaged and moved aside: it must be regenerated."""


class ParquetTarget(FileTarget):
    """A compressed Parquet file with checksums (see ``storage.checksums``).

    Luigi's own atomic file is not flushed to disk before it is renamed, and leaves its
    temporary file among the data. Here, after a crash or power loss, a file is complete or absent:
    see ``storage.folder`` and ``storage.s3``.
    """

    def __init__(self, path: str, key: str = "") -> None:
        """``path`` is its address; ``key`` its path within its data directory, stored in the file.

        Without a key none is stored, and a file with any key is accepted: for copies.
        """
        super().__init__(path)
        self._key = key

    @property
    def name(self) -> str:
        """Name of the file without its suffix."""
        return stem_of(self.path)

    def write(
        self,
        table: pa.Table,
        metadata: Mapping[str, str] | None = None,
        compression: str = _COMPRESSION,
    ) -> None:
        """Publish ``table`` at this path.

        Args:
            table: The table.
            metadata: Becomes the file's key-value metadata.
            compression: The codec, as Parquet names it.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        with self._publish(table.schema, metadata, compression=compression) as writer:
            writer.write_table(table)

    def write_if_absent(self, table: pa.Table, metadata: Mapping[str, str]) -> None:
        """As ``write``; if another process has published the file meanwhile, that one is kept.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        with (
            contextlib.suppress(ChangedError),
            self._publish(table.schema, metadata, if_absent=True) as writer,
        ):
            writer.write_table(table)

    def update(self, change: Callable[[pa.Table], pa.Table]) -> None:
        """Replace the table; if another process replaces it meanwhile, ``change`` is called again.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``, or the file cannot be written.
        """
        while True:
            entry = self.find()
            table = change(self.read())
            try:
                revision = entry.revision if entry else ""
                with self._publish(table.schema, if_revision=revision) as writer:
                    writer.write_table(table)
                return
            except ChangedError:
                continue

    @contextlib.contextmanager
    def open_writer(
        self,
        schema: pa.Schema,
        metadata: Mapping[str, str] | None = None,
    ) -> Iterator[pq.ParquetWriter]:
        """Write in batches; the file appears when the block ends, and not if it raises.

        Args:
            schema: Of the table.
            metadata: Becomes the file's key-value metadata.

        Raises:
            StorageError: The folder or file cannot be written.
        """
        with self._publish(schema, metadata) as writer:
            yield writer

    @contextlib.contextmanager
    def _publish(
        self,
        schema: pa.Schema,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        if_revision: str = "",
        compression: str = _COMPRESSION,
    ) -> Iterator[pq.ParquetWriter]:
        about = {**(metadata or {}), _KEY: self._key}
        encoded = {name.encode(): value.encode() for name, value in about.items()}
        file_metadata = {**(schema.metadata or {}), **encoded}
        backend = files.backend_of(self.path)
        with backend.publish(self.path, if_absent=if_absent, if_revision=if_revision) as temporary:
            with pq.ParquetWriter(
                temporary,
                schema.with_metadata(file_metadata),
                compression=compression,
                use_dictionary=_without_vectors(schema),
            ) as writer:
                yield writer
            add_checksums(temporary)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        return _read(self.open_reader(columns), columns)

    def read_if(self, metadata: Mapping[str, str]) -> pa.Table | None:
        """The table if the file was written with this metadata, else None; one request on S3.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        file = self.open_reader()
        return _read(file) if metadata.items() <= _metadata_of(file).items() else None

    def open_reader(self, columns: Sequence[str] | None = None) -> pq.ParquetFile:
        """Open for reading in batches, after checking the bytes of these columns (None: all).

        Raises:
            LostFileError: The file is missing, or was damaged or misplaced and was moved aside.
            StorageError: The file cannot be read.
        """
        path = self.path
        try:
            # One handle: the file may be replaced by a newer one.
            opened = files.backend_of(path).open(path, columns)
            file = open_checked(opened, columns)
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
        return _metadata_of(self.open_reader(()))

    def written_at(self) -> float:
        """When the file was published, in seconds since the epoch.

        Raises:
            LostFileError: There is none.
        """
        entry = self.find()
        if entry is None:
            raise LostFileError(f"{self.path}: expected a result file; found none")
        return entry.written_at


def find_damaged(folder: str) -> list[Entry]:
    """The damaged files below ``folder`` that were moved aside."""
    found = files.list_files(folder, below=True)
    return [each for each in found if _DAMAGED.fullmatch(name_of(each.address))]


@functools.lru_cache(maxsize=64)
def _without_vectors(schema: pa.Schema) -> list[str]:
    """The columns of a Parquet file, by their paths in it, but for those of lists of floats.

    A dictionary of their numbers takes three times as long to write, and only saves space if the
    same few lists are repeated.
    """
    empty = pa.BufferOutputStream()
    pq.write_metadata(schema, empty)
    columns = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    return [
        column.path
        for column in map(columns.column, range(len(columns)))
        if not (column.physical_type in ("FLOAT", "DOUBLE") and column.max_repetition_level)
    ]


def _read(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> pa.Table:
    # Threads take longer to start than to read a shard's table.
    return file.read(columns, use_threads=file.metadata.num_rows > _MANY_ROWS)


def _metadata_of(file: pq.ParquetFile) -> dict[str, str]:
    metadata = file.schema_arrow.metadata
    texts = {key.decode(): value.decode() for key, value in metadata.items()}
    return {key: value for key, value in texts.items() if key != _KEY}


def _move_aside(path: str, found: str) -> StorageError:
    """Rename a file that cannot be trusted, log it, and return the error for its reader."""
    what = f"{path}: expected a complete file written by this package; found {found}"
    copies = [
        join(folder_of(path), f".{name_of(path)}.damaged-{n}")
        for n in range(1, _MAX_DAMAGED_COPIES + 1)
    ]
    copy = next((each for each in copies if not files.exists(each)), None)
    if copy is None:
        return StorageError(
            f"{what}, as {_MAX_DAMAGED_COPIES} times before: see {copies[0]}. Check the disk, "
            "remove the file and its damaged copies, and run again to regenerate it."
        )
    try:
        files.backend_of(path).move(path, copy)
    except FileNotFoundError:  # another process has already moved it
        return LostFileError(what)
    except OSError as error:
        return StorageError(
            f"{what}, and it cannot be moved aside ({describe_os_error(error)}). Remove it and run "
            "again to regenerate it."
        )
    logger.warning("%s. It was moved to %s and will be regenerated.", what, copy)
    return LostFileError(what)
