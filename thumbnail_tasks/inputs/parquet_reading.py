"""Read Parquet files: every value unchanged, or one error message."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import check_columns, first_line, reading

INTERVAL: Final = "parquet.interval"
"""Name of an extension type for Parquet's INTERVAL, whose meaning Arrow does not keep."""


def read_parquet_schema(path: Path) -> pa.Schema:
    """The columns of a Parquet file, without the metadata of the whole file.

    Raises:
        InputError: It is not a Parquet file, or has neither needed column.
    """
    with _open(path) as file:
        schema = _mark_intervals(file, file.schema_arrow)
    check_columns(path, schema.names, "of a Parquet file")
    return schema


def read_parquet(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read the rows in batches of bounded size, with columns as in ``read_parquet_schema``.

    Raises:
        InputError: It is damaged, or has texts that are not UTF-8.
    """
    with _open(path) as file:
        for batch in file.iter_batches(columns=columns):
            batch.validate(full=True)  # checks that texts are UTF-8, as readers expect
            schema = _mark_intervals(file, batch.schema)
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _mark_intervals(file: pq.ParquetFile, schema: pa.Schema) -> pa.Schema:
    """Some columns of the file; those of Parquet's INTERVAL have its name as an extension type."""
    leaves = map(file.schema.column, range(len(file.schema)))
    intervals = {leaf.path for leaf in leaves if leaf.converted_type == "INTERVAL"}
    return pa.schema(
        field.with_metadata({b"ARROW:extension:name": INTERVAL.encode()})
        if field.name in intervals
        else field
        for field in schema
    )


@contextlib.contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    with reading(path):
        stat = path.stat()
    try:
        unit = _int96_unit(path, stat.st_size, stat.st_mtime_ns)
        with pq.ParquetFile(path, coerce_int96_timestamp_unit=unit) as file:
            yield file
    except (OSError, pa.ArrowException, ValueError, LookupError) as error:
        # The latter two are pandas', which reads the parameters of its own types.
        raise InputError(f"{path}: expected a Parquet file; found: {first_line(error)}") from error


@functools.cache
def _int96_unit(path: Path, size: int, mtime_ns: int) -> str:
    """The unit that holds all of the file's INT96 timestamps: ``ns``, else ``us``.

    INT96, which Spark and Hive write, counts days and nanoseconds: any year. Nanoseconds in 64
    bits end in 2262, and Arrow turns later years into others without an error.

    Raises:
        InputError: Neither holds all of them.
    """
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(number) for number in range(len(file.schema))]
        names = [leaf.path for leaf in leaves if leaf.physical_type == "INT96"]
        if not names:
            return "ns"
        is_late, is_fine = False, False
        with pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as coarse:
            pairs = zip(
                coarse.iter_batches(columns=names), file.iter_batches(columns=names), strict=True
            )
            for in_us, in_ns in pairs:
                for us, ns in zip(_timestamps(in_us), _timestamps(in_ns), strict=True):
                    is_late |= not _fits_ns(us)
                    values_us, values_ns = (np.asarray(each.cast(pa.int64())) for each in (us, ns))
                    with np.errstate(over="ignore"):  # both have wrapped around alike
                        is_fine |= bool((values_ns != values_us * 1000).any())
    if is_late and is_fine:
        raise InputError(
            f"{path}: columns {', '.join(names)} (INT96): expected nanoseconds of 1678 to "
            "2261, or microseconds of any year; found nanoseconds and other years"
        )
    return "us" if is_late else "ns"


def _timestamps(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    """All arrays of timestamps in a batch, also those within lists and structs; no nulls."""
    arrays = list(batch.columns)
    while arrays:
        array = arrays.pop(0)
        if pa.types.is_struct(array.type):
            arrays += array.flatten()
        elif pa.types.is_map(array.type):
            arrays += [array.keys, array.items]
        elif pa.types.is_nested(array.type):
            arrays.append(array.flatten())
        elif pa.types.is_timestamp(array.type):
            yield array.drop_null()


def _fits_ns(us: pa.Array) -> bool:
    try:
        us.cast(pa.timestamp("ns"))
    except pa.ArrowInvalid:
        return False
    return True
