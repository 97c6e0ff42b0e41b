"""Where the newest export is, for notebooks and queries."""

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.retention import latest_date


def newest_export(data_dir: str) -> str:
    """The address of the newest ``attributes.parquet`` of a data directory.

    It is the dated one that ``latest`` points to; without nights it is the only one.

    Args:
        data_dir: A folder, or ``s3://bucket/prefix``.

    Raises:
        StorageError: There is none, or the place cannot be read.
    """
    exports = join(data_dir, "exports")
    date = latest_date(exports)
    address = join(exports, *filter(None, [date]), "attributes.parquet")
    if files.exists(address):
        return address
    raise StorageError(f"{address}: expected an export; found none")
