"""Rows of an export as one Parquet file and one CSV, for readers that need files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thumbnail_tasks import schemas
from thumbnail_tasks.export.published import Export
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.storage import files


@contextlib.contextmanager
def rows_of(
    export: Export, thumbnail_ids: pa.Array | None, data_dir: str
) -> Iterator[tuple[pq.ParquetFile, Path]]:
    """Give the rows of some thumbnails as one Parquet file, and as CSV on this machine.

    Args:
        export: A complete export.
        thumbnail_ids: The thumbnails; None: all rows, for which the export's own files are given
            if it has both.
        data_dir: Where the rows are written otherwise, until the block ends.

    Raises:
        LostFileError: A file of the export is missing or damaged.
        StorageError: It cannot be read.
    """
    backend = files.backend_of(data_dir)
    if thumbnail_ids is None and not export.is_dataset and export.wanted_csv():
        with backend.local_copy(export.csv) as table:
            yield export.parts[0].open_reader(()), table
        return
    with backend.scratch_folder(data_dir) as folder:
        parquet, table = folder / "attributes.parquet", folder / "attributes.csv"
        names = export.names()
        schema = export.parts[0].read_schema()
        with pq.ParquetWriter(parquet, schema, compression="zstd") as writer:
            for batch in export.iter_batches(names):
                if thumbnail_ids is None:
                    writer.write_batch(batch)
                else:
                    is_wanted = pc.is_in(batch["thumbnail_id"], value_set=thumbnail_ids)
                    writer.write_batch(batch.filter(is_wanted))
        with pq.ParquetFile(parquet, pre_buffer=False) as excerpt:
            write_csv(excerpt, table, without=schemas.vectors_among(names))
            yield excerpt, table
