"""The content of a data directory, independent of shards, files and order of rows."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import STAGE_TABLES
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join

_TIMES = ("fetched_at", "thumbnail_first_seen_at")
"""Columns that say when a run was."""
_ORDER = ("thumbnail_id", "word_index", "face_index")


def content_of(data_dir: Path | str) -> dict[str, str]:
    """A digest of each column of each stage's table, and of the export."""
    digests = {}
    for table in STAGE_TABLES:
        rows = _read(join(str(data_dir), table))
        order = [(name, "ascending") for name in _ORDER if name in rows.column_names]
        rows = rows.sort_by(order)
        for name in _compared(rows):
            digests[f"{table}.{name}"] = _digest(rows[name].to_pylist())
    export = _open(join(str(data_dir), "exports", "attributes.parquet"))
    for name in _compared(export):
        digests[f"attributes.{name}"] = _digest(export[name].to_pylist())
    return digests


def _compared(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name not in _TIMES]


def _read(folder: str) -> pa.Table:
    found = files.list_files(folder, below=True, suffix=".parquet")
    return pa.concat_tables(_open(entry.address) for entry in found)


def _open(address: str) -> pa.Table:
    """A table, also one that a test has written without checksums."""
    with files.backend_of(address).open(address) as file:
        return pq.read_table(file)


def _digest(values: list[object]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
