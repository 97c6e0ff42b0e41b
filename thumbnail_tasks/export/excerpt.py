"""Rows of an export as one Parquet file and one CSV, for readers that need files."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thumbnail_tasks.export.published import Export
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.export.writing import VECTORS


@contextlib.contextmanager
def rows_of(
    export: Export, thumbnail_ids: pa.Array | None, folder: Path
) -> Iterator[tuple[Path, Path]]:
    """Give the rows of some thumbnails as one Parquet file, and as CSV.

    Args:
        export: A complete export.
        thumbnail_ids: The thumbnails; None: all rows, for which the export's own files are given
            if it has both.
        folder: Where to write the rows otherwise; it is removed when the block ends.

    Raises:
        LostFileError: A file of the export is missing or damaged.
        StorageError: It cannot be read.
    """
    if thumbnail_ids is None and not export.is_dataset and export.wanted_csv():
        yield export.path, export.csv
        return
    parquet, table = folder / "attributes.parquet", folder / "attributes.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = export.names()
        schema = export.parts[0].read_schema()
        with pq.ParquetWriter(parquet, schema, compression="zstd") as writer:
            for batch in export.iter_batches(names):
                if thumbnail_ids is None:
                    writer.write_batch(batch)
                else:
                    is_wanted = pc.is_in(batch["thumbnail_id"], value_set=thumbnail_ids)
                    writer.write_batch(batch.filter(is_wanted))
        write_csv(parquet, table, without=VECTORS)
        yield parquet, table
    finally:
        shutil.rmtree(folder, ignore_errors=True)
