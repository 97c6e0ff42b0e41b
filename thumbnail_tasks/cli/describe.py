"""``thumbnail-tasks describe``: summarise an export in the terminal."""

from collections import Counter
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.summary import describe_thumbnails
from thumbnail_tasks.schemas import EMOTION_LABELS, STATUSES
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.backend import Entry

_COLUMNS = (
    *("thumbnail_id", "thumbnail_status", "thumbnail_ocr_length", "face_count"),
    *(f"{label}_count" for label in EMOTION_LABELS),
)


def describe() -> str:
    """What an export holds, in a few lines.

    It is that of the data directory in the settings, which may also be a folder with
    ``attributes.parquet``, or that file.

    Raises:
        StorageError: There is no export, or it cannot be read.
    """
    entry = _find_export(settings.storage().data_dir)
    path = entry.address
    try:  # not by ParquetTarget, which renames a damaged file
        file = pq.ParquetFile(files.backend_of(path).open(path, _COLUMNS))
        names = file.schema_arrow.names
        if missing := [name for name in _COLUMNS if name not in names]:
            raise StorageError(
                f"{path}: expected an exported table; found no column {', '.join(missing)}"
            )
        rows = file.read(list(_COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"{path}: expected an exported table; found: {error}") from error
    first = _first_rows(rows)
    unnamed = rows.filter(rows["thumbnail_id"].is_null())["thumbnail_status"].to_pylist()
    statuses = sorted({*first["thumbnail_status"].to_pylist(), *unnamed} - {"ok"})
    lines = [
        f"{path}, written {datetime.fromtimestamp(entry.written_at):%Y-%m-%d %H:%M}",
        f"{len(names)} columns: {', '.join(names)}",
        "",
        *describe_thumbnails(len(rows), first, Counter(unnamed)),
        *(f"{status}: {STATUSES[status]}" for status in statuses),
    ]
    return "\n".join(lines)


def _find_export(folder: str) -> Entry:
    table = "attributes.parquet"
    for address in (folder, join(folder, "exports", table), join(folder, table)):
        entry = files.find(address)
        if entry and not files.is_folder(address):
            return entry
    raise StorageError(
        f"{folder}: expected exports/attributes.parquet; found none. To make it: "
        "thumbnail-tasks export VIDEOS"
    )


def _first_rows(rows: pa.Table) -> pa.Table:
    """The first row of each thumbnail; rows that name none are left out."""
    named = rows.filter(rows["thumbnail_id"].is_valid())
    numbered = named.append_column("row", pa.array(range(len(named)), pa.int64()))
    first = numbered.group_by("thumbnail_id", use_threads=False).aggregate([("row", "min")])
    return named.take(first["row_min"])
