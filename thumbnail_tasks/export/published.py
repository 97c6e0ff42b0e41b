"""The export in a folder, as its readers see it: one Parquet file, or a dataset of parts."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError, ThumbnailTasksError
from thumbnail_tasks.storage.atomic import has_same_mtime
from thumbnail_tasks.storage.listing import state_of
from thumbnail_tasks.storage.manifest import MANIFEST_NAME, Part, read_manifest
from thumbnail_tasks.storage.parquet_target import ParquetTarget

FINGERPRINT_KEY: Final = "made_of"
"""Metadata key of the fingerprint in exported files, since 0.1."""

NAME: Final = "attributes"


class Export(NamedTuple):
    """A complete export."""

    path: Path
    """Its file, or the manifest of its parts: what is written last."""
    csv: Path
    """Its CSV, which may not exist."""
    fingerprint: str | None
    """A digest of what it was made from; None in a file that has none."""
    n_rows: int
    parts: Sequence[ParquetTarget]
    """Its Parquet files in the order of the rows, one or more."""

    @property
    def folder(self) -> Path:
        """The folder that it is in."""
        return self.csv.parent

    def at(self, folder: Path) -> "Export":
        """The same export, copied to another folder."""
        files = [
            ParquetTarget(str(folder / Path(each.path).relative_to(self.folder)))
            for each in self.parts
        ]
        path, csv = (folder / each.relative_to(self.folder) for each in (self.path, self.csv))
        return self._replace(path=path, csv=csv, parts=files)

    def wanted_csv(self) -> list[Path]:
        """Its CSV, if the settings want one beside an export of this form."""
        wanted = settings.export().csv
        has_csv = wanted == "always" or (wanted == "auto" and not self.is_dataset)
        return [self.csv] if has_csv else []

    @property
    def is_dataset(self) -> bool:
        """Whether it is a folder of parts with a manifest."""
        return self.path.name == MANIFEST_NAME

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

        Of a file all bytes are checked, once per state of the file; of a dataset that each part
        exists, with its own footer: the pages of a part are checked when it is read.

        Raises:
            LostFileError: A file is missing or damaged.
            StorageError: It cannot be read.
        """
        if self.is_dataset:
            for part in self.parts:
                part.open_reader(())
        else:
            _check_once(self.path, state_of(self.path))


@functools.lru_cache(maxsize=8)
def _check_once(path: Path, state: str) -> None:
    """Check all bytes of a file; Luigi asks five times in a run whether an export is complete."""
    ParquetTarget(str(path)).open_reader()


def find_export(folder: str | Path, key: str = "") -> Export | None:
    """The export in a folder; None if there is none.

    Args:
        folder: A folder with ``attributes.parquet``, or with a dataset in ``attributes``.
        key: The folder's path in its data directory, which its files have stored; empty for copies.

    Raises:
        StorageError: It cannot be read.
    """
    csv = Path(folder, f"{NAME}.csv")
    manifest = read_manifest(Path(folder, NAME))
    if manifest:
        parts = [_part(folder, part, key) for part in manifest.parts]
        path = Path(folder, NAME, MANIFEST_NAME)
        return Export(path, csv, manifest.fingerprint, manifest.n_rows, parts)
    path = Path(folder, f"{NAME}.parquet")
    file = ParquetTarget(str(path), f"{key}/{NAME}" if key else "")
    if not file.exists():
        return None
    metadata = file.open_reader(()).metadata
    return Export(path, csv, file.read_metadata().get(FINGERPRINT_KEY), metadata.num_rows, [file])


def _part(folder: str | Path, part: Part, key: str) -> ParquetTarget:
    stem = Path(part.file).stem
    return ParquetTarget(str(Path(folder, NAME, part.file)), f"{key}/{NAME}/{stem}" if key else "")


def find_readable_export(folder: str | Path, key: str = "") -> Export | None:
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
        if not all(has_same_mtime(csv, export.path) for csv in export.wanted_csv()):
            return False
        export.check()
        return True
    except (ThumbnailTasksError, OSError):
        return False
