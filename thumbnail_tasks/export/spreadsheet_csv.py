"""Write a CSV that is safe to open in a spreadsheet."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.cell_texts import NoTextError, as_cells, has_text
from thumbnail_tasks.inputs.formulas import escape_formulas


def write_csv(
    exported: pq.ParquetFile | Iterable[pq.ParquetFile],
    path: Path,
    without: frozenset[str] = frozenset(),
) -> list[str]:
    """Write a Parquet file, or several with the same columns, as one CSV, batch by batch.

    Texts and column names that a spreadsheet would run as formulas get a leading apostrophe, which
    ``unescape_formulas`` takes away; the Parquet file has them unchanged. Ids such as ``-abc`` run
    nothing, and stay as they are. Numbers stay numbers; ``cell_texts.as_cells`` says how other
    values are written.

    Args:
        exported: The file, or the files in order, which are iterated several times.
        path: The CSV to write: UTF-8, commas, a header.
        without: Columns to leave out.

    Returns:
        Other columns that were left out, because their values cannot be read as text.
    """
    files = [exported] if isinstance(exported, pq.ParquetFile) else exported
    schema = next(iter(files)).schema_arrow
    fields = [field for field in schema if field.name not in without]
    written = [field for field in fields if has_text(field)]
    while True:
        try:
            _write(files, written, path)
            return [field.name for field in fields if field not in written]
        except NoTextError as error:
            written = [field for field in written if field.name != error.column]


def _write(files: Iterable[pq.ParquetFile], fields: Sequence[pa.Field], path: Path) -> None:
    names = [field.name for field in fields]
    header = escape_formulas(pa.array(names, pa.large_string())).to_pylist()
    empty = [_as_cells(pa.nulls(0, field.type), field) for field in fields]
    schema = pa.schema([(name, cells.type) for name, cells in zip(header, empty, strict=True)])
    with pa.csv.CSVWriter(path, schema) as writer:
        for file in files:
            for batch in file.iter_batches(columns=names):
                cells = [_as_cells(batch.column(field.name), field) for field in fields]
                writer.write_batch(pa.RecordBatch.from_arrays(cells, schema=schema))


def _as_cells(column: pa.Array, field: pa.Field) -> pa.Array:
    if field.name == "dominant_colors" and field.type == schemas.DOMINANT_COLORS:
        return _join_colors(column)  # the input has no column of this name
    cells = as_cells(column, field)
    return escape_formulas(cells) if cells.type == pa.large_string() else cells


def _join_colors(lists: pa.ListArray) -> pa.Array:
    """Dominant colours as JSON: by Arrow in a tenth of the time of Python's json.

    A million rows have five million colours, which json takes 14 s for.
    """
    hexes, shares = lists.flatten().flatten()
    texts = pc.binary_join_element_wise(
        '{"hex": "', hexes, '", "share": ', pc.cast(shares, pa.string()), "}", ""
    )
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ", ")
    cells = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(lists.is_valid(), cells, None).cast(pa.large_string())
