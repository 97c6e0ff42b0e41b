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
from thumbnail_tasks.storage.checksums import BrokenSealError, open_sealed, seal
from thumbnail_tasks.tasks.progress import say

_TEMPORARY_PREFIX = ".writing-"
"""Leading dot: pandas, DuckDB, Spark and Arrow skip such files when they read a folder whole."""


_PLACE = "thumbnail_tasks_place"
"""In a file's key-value metadata: where the file belongs, so that another's is not taken for it."""

_MOST_ASIDE = 3
"""So many damaged states of one file are kept and made anew; then it is the disk's fault."""


class LostFileError(StorageError):
    """A file of ours is missing, or was moved aside because it cannot be trusted: make it anew."""


class ParquetTarget(luigi.LocalTarget):
    """A zstd Parquet file of one schema, sealed against damage (see ``seals``).

    Luigi's own atomic file does not reach the disk before it is renamed and leaves its
    temporary file among the data; here the bytes are flushed (fsync), renamed, and the
    folder is flushed, so that after a crash or power loss a file is whole or absent.
    """

    def __init__(self, path: str, place: str = "") -> None:
        """``place`` is the file's place in its data directory, which it says of itself.

        Without one, none is said, and a file of any place is taken: for copies under other names.
        """
        super().__init__(path)
        self._place = place

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
        about = {**(metadata or {}), _PLACE: self._place}
        encoded = {name.encode(): value.encode() for name, value in about.items()}
        file_metadata = {**(schema.metadata or {}), **encoded}
        with written_whole(Path(self.path)) as temporary:
            with pq.ParquetWriter(
                temporary, schema.with_metadata(file_metadata), compression="zstd"
            ) as writer:
                yield writer
            seal(temporary)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns.

        Raises:
            LostFileError: As ``open_reader``.
            StorageError: As ``open_reader``.
        """
        return self.open_reader(columns).read(columns)

    def open_reader(self, columns: Sequence[str] | None = None) -> pq.ParquetFile:
        """Read in pieces; all bytes of these columns (None: of all) are checked before.

        Raises:
            LostFileError: The file is missing, or was damaged or another's and was moved aside.
            StorageError: The file cannot be read.
        """
        path = Path(self.path)
        try:
            file = open_sealed(self.path, columns)
            place = (file.schema_arrow.metadata or {}).get(_PLACE.encode(), b"").decode()
            if self._place not in ("", place):
                raise BrokenSealError(f"the file of {place or 'no place'}")
        except BrokenSealError as damage:
            raise _move_aside(path, str(damage)) from damage
        except FileNotFoundError as error:
            raise LostFileError(f"{path}: expected a file that was made; found none") from error
        except OSError as error:
            raise StorageError(
                f"{path}: cannot be read; expected a file of this package; found: {_reason(error)}"
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
        return {key: value for key, value in texts.items() if key != _PLACE}

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
        _make_folder(path.parent)
        yield
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written; expected a folder with room and leave to write; "
            f"found: {_reason(error)}"
        ) from error


def place(temporary: Path, path: Path) -> None:
    """Give what is written, a file or a folder, its name: all of it is on the disk before."""
    for written in (*temporary.rglob("*"), temporary):
        _flush(written)
    temporary.replace(path)
    _flush(path.parent)


def date_as(path: Path, of: Path) -> None:
    """Give a file the very time of change of the one it was made of, as ``is_dated_as`` asks."""
    times = of.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def is_dated_as(path: Path, of: Path) -> bool:
    """Whether a file was made of this state of another: equal, so that no clock is believed."""
    return path.stat().st_mtime_ns == of.stat().st_mtime_ns


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


def find_asides(folder: Path) -> list[Path]:
    """The damaged files below ``folder`` that were moved aside."""
    return sorted(folder.rglob(".*.damaged-?"))


def _move_aside(path: Path, found: str) -> StorageError:
    """Take a file away that cannot be trusted, and say so; gives the error for who wanted it."""
    what = f"{path}: expected it whole, as this package wrote it; found {found}"
    asides = [path.with_name(f".{path.name}.damaged-{n}") for n in range(1, _MOST_ASIDE + 1)]
    aside = next((each for each in asides if not each.exists()), None)
    if aside is None:
        return StorageError(
            f"{what}, as {_MOST_ASIDE} times before: see {asides[0]} and its like. Is the disk in "
            "order? Remove it and them, and run again to make it anew."
        )
    try:
        path.rename(aside)
    except FileNotFoundError:  # another process was quicker
        return LostFileError(what)
    except OSError as error:
        return StorageError(
            f"{what}, and it cannot be moved aside ({_reason(error)}). Remove it and run again to "
            "make it anew."
        )
    say(f"WARNING: {what}. It was moved aside, to {aside}, and is to be made anew.")
    return LostFileError(what)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)  # Arrow adds to the first


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that after power loss their names are there, too."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
