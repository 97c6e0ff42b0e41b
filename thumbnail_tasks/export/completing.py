"""What is done after an export is written: its CSV, and what an earlier one has left beside it."""

import logging

from thumbnail_tasks import schemas
from thumbnail_tasks.export.published import NAME, Export
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.manifest import MANIFEST_NAME

logger = logging.getLogger(__name__)


def write_export_csv(export: Export) -> None:
    """Write an export as CSV, without vectors.

    Raises:
        StorageError: A file cannot be read or written.
    """
    schema = export.parts[0].read_schema()
    with files.publish(export.csv, made_from=export.path) as temporary:
        left_out = write_csv(
            export.open_parts(), temporary, without=schemas.vectors_among(schema.names)
        )
    for name in left_out:
        dtype = schema.field(name).type
        logger.warning(
            "%s: without column %s (%s), whose values have no text", export.csv, name, dtype
        )


def clear_folder(export: Export) -> None:
    """Remove what an earlier export of another form has left beside this one."""
    without_csv = () if export.wanted_csv() else (export.csv,)
    if export.is_dataset:
        files.remove_existing([join(export.folder, f"{NAME}.parquet"), *without_csv])
    else:
        withdraw_dataset(export.folder)
        files.remove_existing(without_csv)


def withdraw_dataset(folder: str) -> None:
    """Remove the manifest of an earlier export in this folder, which counts before a file.

    Raises:
        StorageError: It cannot be removed.
    """
    files.remove_existing([join(folder, NAME, MANIFEST_NAME)])
