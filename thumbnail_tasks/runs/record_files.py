"""The files of run records: a JSON file for people, and a Parquet file with one row."""

import contextlib
import dataclasses
from typing import Final

import pyarrow as pa

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.runs.records import RUNS, Record
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.parquet_target import ParquetTarget

N_RECENT: Final = 50
"""Records to search for dead runs, and to compare a run with."""

_RESERVED_BYTES: Final = 65_536
"""Twice the size of a record and its row."""


def records_dir(data_dir: str) -> str:
    """The folder of the records of a data directory."""
    return join(data_dir, "runs")


def record_path(data_dir: str, run_id: str) -> str:
    """The JSON file of a run."""
    return join(records_dir(data_dir), f"{run_id}.json")


def write_json(data_dir: str, record: Record) -> None:
    """Write a record's JSON file, or replace it.

    Raises:
        StorageError: It cannot be written.
    """
    files.write_text(record_path(data_dir, record.run_id), record.to_json())


def reserve_space(data_dir: str, run_id: str) -> None:
    """Reserve disk space for ``write_record``, so that a run ended by a full disk can say so.

    Raises:
        StorageError: There is not enough.
    """
    files.reserve(_reserved_path(data_dir, run_id), _RESERVED_BYTES)


def _reserved_path(data_dir: str, run_id: str) -> str:
    return join(records_dir(data_dir), f".writing-room-{run_id}")


def write_record(data_dir: str, record: Record) -> None:
    """Write the record of a run that has ended: its JSON file, then its row.

    The row is a file of its own: the folder is the table, and no row is ever rewritten.

    Raises:
        StorageError: It cannot be written.
    """
    row = pa.Table.from_pylist([dataclasses.asdict(record)], RUNS)
    with contextlib.suppress(StorageError):
        files.remove([_reserved_path(data_dir, record.run_id)])
    write_json(data_dir, record)  # first: it is small, and the disk may be almost full
    path = record_path(data_dir, record.run_id).removesuffix(".json")
    ParquetTarget(f"{path}.parquet").write(row)


def read_records(data_dir: str, n_last: int) -> list[Record]:
    """The last ``n_last`` records, the oldest first; other files are left out."""
    records = []
    for entry in files.list_files(records_dir(data_dir), suffix=".json")[-n_last:]:
        try:
            records.append(Record.from_json(files.read_text(entry.address)))
        except (OSError, ValueError):
            continue
    return records
