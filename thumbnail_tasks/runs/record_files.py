"""The files of run records: a JSON file for people, and a Parquet file with one row."""

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Final

import pyarrow as pa

from thumbnail_tasks.runs.records import RUNS, Record
from thumbnail_tasks.storage.atomic import atomic_write
from thumbnail_tasks.storage.parquet_target import ParquetTarget

N_RECENT: Final = 50
"""Records to search for dead runs, and to compare a run with."""

_RESERVED_BYTES: Final = 65_536
"""Twice the size of a record and its row."""


def records_dir(data_dir: str) -> Path:
    """The folder of the records of a data directory."""
    return Path(data_dir, "runs")


def record_path(data_dir: str, run_id: str) -> Path:
    """The JSON file of a run."""
    return records_dir(data_dir) / f"{run_id}.json"


def write_json(data_dir: str, record: Record) -> None:
    """Write a record's JSON file, or replace it.

    Raises:
        StorageError: It cannot be written.
    """
    with atomic_write(record_path(data_dir, record.run_id)) as temporary:
        temporary.write_text(record.to_json(), encoding="utf-8")


def reserve_space(data_dir: str, run_id: str) -> None:
    """Reserve disk space for ``write_record``, so that a run ended by a full disk can say so.

    Raises:
        StorageError: There is not enough.
    """
    with atomic_write(_reserved_path(data_dir, run_id)) as temporary:
        temporary.write_bytes(os.urandom(_RESERVED_BYTES))  # no file system compresses these


def _reserved_path(data_dir: str, run_id: str) -> Path:
    return records_dir(data_dir) / f".writing-room-{run_id}"


def write_record(data_dir: str, record: Record) -> None:
    """Write the record of a run that has ended: its JSON file, then its row.

    The row is a file of its own: the folder is the table, and no row is ever rewritten.

    Raises:
        StorageError: It cannot be written.
    """
    row = pa.Table.from_pylist([dataclasses.asdict(record)], RUNS)
    with contextlib.suppress(OSError):
        _reserved_path(data_dir, record.run_id).unlink()
    write_json(data_dir, record)  # first: it is small, and the disk may be almost full
    ParquetTarget(str(record_path(data_dir, record.run_id).with_suffix(".parquet"))).write(row)


def read_records(data_dir: str, n_last: int) -> list[Record]:
    """The last ``n_last`` records, the oldest first; other files are left out."""
    records = []
    for path in sorted(records_dir(data_dir).glob("*.json"))[-n_last:]:
        try:
            records.append(Record.from_json(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return records
