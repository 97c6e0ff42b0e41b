"""Write a CSV that is safe to open in a spreadsheet."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

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
    cells = as_cells(column, field)
    return escape_formulas(cells) if cells.type == pa.large_string() else cells
