"""The export in a folder, as its readers see it: one Parquet file, or a dataset of parts."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError, ThumbnailTasksError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, join, name_of, relative_to, stem_of
from thumbnail_tasks.storage.manifest import MANIFEST_NAME, Part, read_manifest
from thumbnail_tasks.storage.parquet_target import ParquetTarget

FINGERPRINT_KEY: Final = "made_of"
"""Metadata key of the fingerprint in exported files, since 0.1."""

NAME: Final = "attributes"


class Export(NamedTuple):
    """A complete export."""

    path: str
    """Its file, or the manifest of its parts: what is written last."""
    csv: str
    """Its CSV, which may not exist."""
    fingerprint: str | None
    """A digest of what it was made from; None in a file that has none."""
    n_rows: int
    parts: Sequence[ParquetTarget]
    """Its Parquet files in the order of the rows, one or more."""

    @property
    def folder(self) -> str:
        """The folder that it is in."""
        return folder_of(self.csv)

    def at(self, folder: str) -> "Export":
        """The same export, copied to another folder."""

        def moved(address: str) -> str:
            return join(folder, relative_to(address, self.folder))

        parts = [ParquetTarget(moved(part.path)) for part in self.parts]
        return self._replace(path=moved(self.path), csv=moved(self.csv), parts=parts)

    def wanted_csv(self) -> list[str]:
        """Its CSV, if the settings want one beside an export of this form."""
        wanted = settings.export().csv
        has_csv = wanted == "always" or (wanted == "auto" and not self.is_dataset)
        return [self.csv] if has_csv else []

    @property
    def is_dataset(self) -> bool:
        """Whether it is a folder of parts with a manifest."""
        return name_of(self.path) == MANIFEST_NAME

    def names(self) -> list[str]:
        """The names of its columns.

        Raises:
            StorageError: It cannot be read.
        """
        return list(self.parts[0].read_schema().names)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Some of its columns.

        Raises:
            LostFileError: A file is missing or damaged.
            StorageError: It cannot be read.
        """
        return pa.concat_tables(part.read(columns) for part in self.parts)

    def open_parts(self) -> "OpenParts":
        """Its files, opened one after the other whenever they are iterated."""
        return OpenParts(self.parts)

    def iter_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some of its columns in batches, in the order of the rows.

        Raises:
            LostFileError: A file is missing or damaged.
            StorageError: It cannot be read.
        """
        for part in self.parts:
            yield from part.open_reader(columns).iter_batches(columns=list(columns))

    def check(self) -> None:
        """Check that it is complete and undamaged.

        Of a file all bytes are checked; of a dataset that each part exists, with its own footer:
        the pages of a part are checked when it is read. Luigi asks five times in a run whether an
        export is complete: footers and bytes are read once per state of the files.

        Raises:
            LostFileError: A file is missing or damaged.
            StorageError: It cannot be read.
        """
        backend = files.backend_of(self.path)
        if not self.is_dataset:
            _check_once(self.path, backend.state_of(self.path))
            return
        listed = files.list_files(folder_of(self.path), suffix=".parquet")
        revisions = {entry.address: entry.revision for entry in listed}
        state = frozenset((part.path, revisions.get(part.path)) for part in self.parts)
        if state not in _checked_parts:
            backend.map_reads(_check_footer, self.parts)
            _checked_parts.add(state)


class OpenParts:
    """Files that are opened one after the other, each time that they are iterated."""

    def __init__(self, parts: Sequence[ParquetTarget]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[pq.ParquetFile]:
        for part in self._parts:
            yield part.open_reader(())


@functools.lru_cache(maxsize=8)
def _check_once(path: str, state: str) -> None:
    ParquetTarget(path).open_reader()


_checked_parts: set[frozenset[tuple[str, str | None]]] = set()
"""The states of datasets that were checked: the parts' addresses and revisions."""


def _check_footer(part: ParquetTarget) -> None:
    part.open_reader(())


def find_export(folder: str, key: str = "") -> Export | None:
    """The export in a folder; None if there is none.

    Args:
        folder: A folder with ``attributes.parquet``, or with a dataset in ``attributes``.
        key: The folder's path in its data directory, which its files have stored; empty for copies.

    Raises:
        StorageError: It cannot be read.
    """
    csv = join(folder, f"{NAME}.csv")
    manifest = read_manifest(join(folder, NAME))
    if manifest:
        parts = [_part(folder, part, key) for part in manifest.parts]
        path = join(folder, NAME, MANIFEST_NAME)
        return Export(path, csv, manifest.fingerprint, manifest.n_rows, parts)
    path = join(folder, f"{NAME}.parquet")
    file = ParquetTarget(path, f"{key}/{NAME}" if key else "")
    if not file.exists():
        return None
    metadata = file.open_reader(()).metadata
    return Export(path, csv, file.read_metadata().get(FINGERPRINT_KEY), metadata.num_rows, [file])


def _part(folder: str, part: Part, key: str) -> ParquetTarget:
    path = join(folder, NAME, part.file)
    return ParquetTarget(path, f"{key}/{NAME}/{stem_of(path)}" if key else "")


def find_readable_export(folder: str, key: str = "") -> Export | None:
    """As ``find_export``; None also if it cannot be read, or was damaged and moved aside."""
    try:
        return find_export(folder, key)
    except StorageError:
        return None


def is_current_export(export: Export | None, expected: Callable[[], str]) -> bool:
    """Whether an export exists undamaged, with its CSV and with the expected fingerprint.

    Args:
        export: From ``find_readable_export``.
        expected: Computes the fingerprint; False is returned if input or settings are wrong.
    """
    try:
        if export is None or export.fingerprint != expected():
            return False
        if not all(files.is_made_from(csv, export.path) for csv in export.wanted_csv()):
            return False
        export.check()
        return True
    except (ThumbnailTasksError, OSError):
        return False
