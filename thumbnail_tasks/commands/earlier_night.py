"""The export of an earlier night, as the report compares tonight's with it."""

import logging

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.published import Export, find_readable_export
from thumbnail_tasks.report.nights import Before, columns_to_compare
from thumbnail_tasks.storage.addresses import name_of
from thumbnail_tasks.storage.retention import list_dated_exports

logger = logging.getLogger(__name__)


def read_earlier_night(
    exports: str, fingerprint: str, shown: pa.Array, known: pa.Array
) -> Before | None:
    """Read what the newest dated export that differs from tonight's says about some thumbnails.

    Args:
        exports: The folder of all exports.
        fingerprint: That of tonight's export, which may already have its date.
        shown: Ids of the thumbnails that the report shows.
        known: Ids of all thumbnails of tonight's table.

    Returns:
        Its rows of thumbnails that are shown, or that tonight's table lacks; None if there is no
        such export, or it cannot be read.
    """
    for folder in reversed(list_dated_exports(exports)):
        export = find_readable_export(folder)
        if export is None or export.fingerprint == fingerprint:
            continue
        try:
            return Before(name_of(folder), _read(export, shown, known), known)
        except StorageError as error:
            logger.warning("The report compares no nights: %s", error)
    return None


def _read(export: Export, shown: pa.Array, known: pa.Array) -> pa.Table:
    ids = export.read(["thumbnail_id"])["thumbnail_id"]
    is_gone = pc.and_(ids.is_valid(), pc.invert(pc.is_in(ids, value_set=known)))
    is_wanted = pc.or_(is_gone, pc.is_in(ids, value_set=shown)).combine_chunks()
    schema = export.parts[0].read_schema()
    names = columns_to_compare(schema)
    batches, start = [], 0
    for batch in export.iter_batches(names):
        batches.append(batch.filter(is_wanted.slice(start, len(batch))))
        start += len(batch)
    columns = pa.schema([schema.field(name) for name in names])
    return pa.Table.from_batches([batch.select(names) for batch in batches], columns)
