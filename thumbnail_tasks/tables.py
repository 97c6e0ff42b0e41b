"""Write a table for people: a CSV that a spreadsheet opens harmlessly."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

_FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet would compute (OWASP, "CSV Injection")."""


def write_csv(parquet: Path, path: Path, without: frozenset[str] = frozenset()) -> None:
    """Write a Parquet file as CSV, in pieces.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; video ids
    that begin with ``-`` too: the Parquet file has them as they are. Lists become JSON.

    Args:
        parquet: The file to read.
        path: The CSV to write: UTF-8, commas, a header.
        without: Columns to leave out.
    """
    file = pq.ParquetFile(parquet)
    names = [name for name in file.schema_arrow.names if name not in without]
    writer = None
    try:
        for batch in file.iter_batches(columns=names):
            columns = [_as_cells(column) for column in batch.columns]
            cells = pa.RecordBatch.from_arrays(columns, batch.schema.names)
            if writer is None:
                writer = pa.csv.CSVWriter(path, cells.schema)
            writer.write_batch(cells)
    finally:
        if writer is not None:
            writer.close()


def _as_cells(column: pa.Array) -> pa.Array:
    if _is_of_floats(column.type) and not column.flatten().null_count:
        return _join_numbers(column)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        values = (
            value if value is None else json.dumps(value, default=str)
            for value in column.to_pylist()
        )
        return pa.array(values, pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        is_formula = pc.match_substring_regex(column, _FORMULA)
        return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)
    return column


def _is_of_floats(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(dtype) and pa.types.is_floating(dtype.value_type))


def _join_numbers(lists: pa.FixedSizeListArray) -> pa.Array:
    """Lists of floats as JSON, each number as short as its type allows; null stays null.

    Histograms of a million rows in a tenth of the time that Python's json takes.
    """
    width = lists.type.list_size
    whole = lists.fill_null([0.0] * width) if lists.null_count else lists
    numbers = pc.cast(whole.flatten(), pa.string())
    offsets = pa.array(range(0, len(numbers) + 1, width), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, numbers), ", ")
    cells = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(lists.is_valid(), cells, None)
