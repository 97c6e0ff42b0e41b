"""Where the newest export is, for notebooks and queries."""

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.published import find_export
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.retention import latest_date


def newest_export(data_dir: str) -> list[str]:
    """The addresses of the newest export's Parquet files, in the order of the rows.

    It is the dated export that ``latest`` points to; without nights it is the only one. Most have
    one file; large ones have several, of which only those are named that belong to it.

    Args:
        data_dir: A folder, or ``s3://bucket/prefix``.

    Raises:
        StorageError: There is none, or the place cannot be read.
    """
    exports = join(data_dir, "exports")
    date = latest_date(exports)
    folder = join(exports, date) if date else exports
    export = find_export(folder)
    if export is None:
        raise StorageError(f"{folder}: expected an export; found none")
    return [part.path for part in export.parts]
