"""The newest export is found for notebooks, whatever its form and place."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.dataset import dataset

from thumbnail_tasks import newest_export
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.folder import point
from thumbnail_tasks.storage.manifest import Manifest, Part, write_manifest
from thumbnail_tasks.storage.parquet_target import ParquetTarget


def write(path: Path, *numbers: int) -> str:
    ParquetTarget(str(path)).write(pa.table({"n": list(numbers)}))
    return str(path)


def test_a_file_and_then_the_dated_one_that_latest_points_to(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    with pytest.raises(StorageError, match="expected an export; found none"):
        newest_export(str(tmp_path))
    only = write(exports / "attributes.parquet", 1)
    assert newest_export(str(tmp_path)) == [only]
    dated = write(exports / "2026-11-28" / "attributes.parquet", 2)
    point(str(exports / "latest"), "2026-11-28")
    assert newest_export(str(tmp_path)) == [dated]


def test_the_parts_of_a_dataset_that_its_manifest_names(tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "attributes"
    first, second = write(folder / "a.parquet", 1, 2), write(folder / "b.parquet", 3)
    write(folder / "old.parquet", 9)
    parts = (Part("a.parquet", 0, 2), Part("b.parquet", 2, 1))
    write_manifest(str(folder), Manifest("made of this", 3, parts))
    newest = newest_export(str(tmp_path))
    assert newest == [first, second]
    assert dataset(newest).to_table()["n"].to_pylist() == [1, 2, 3]
