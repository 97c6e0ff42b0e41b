"""``thumbnail-tasks describe``: summarise an export in the terminal."""

from collections import Counter
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.summary import describe_thumbnails, first_of_each
from thumbnail_tasks.schemas import EMOTION_LABELS, STATUSES
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.manifest import MANIFEST_NAME, read_manifest

_COLUMNS = (
    *("thumbnail_id", "thumbnail_status", "thumbnail_ocr_length", "face_count"),
    *(f"{label}_count" for label in EMOTION_LABELS),
)
_IF_THERE = ("person_count",)


def describe() -> str:
    """What an export holds, in a few lines.

    It is that of the data directory in the settings, which may also be a folder with
    ``attributes.parquet``, that file, or the folder of a dataset.

    Raises:
        StorageError: There is no export, or it cannot be read.
    """
    path, parts = _find_export(settings.storage().data_dir)
    try:  # not by ParquetTarget, which renames a damaged file
        opened = [
            pq.ParquetFile(files.backend_of(part).open(part, (*_COLUMNS, *_IF_THERE)))
            for part in parts
        ]
        names = opened[0].schema_arrow.names
        if missing := [name for name in _COLUMNS if name not in names]:
            raise StorageError(
                f"{path}: expected an exported table; found no column {', '.join(missing)}"
            )
        columns = [*_COLUMNS, *(name for name in _IF_THERE if name in names)]
        rows = pa.concat_tables(file.read(columns) for file in opened)
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"{path}: expected an exported table; found: {error}") from error
    first = first_of_each(rows)
    unnamed = rows.filter(rows["thumbnail_id"].is_null())["thumbnail_status"].to_pylist()
    statuses = sorted({*first["thumbnail_status"].to_pylist(), *unnamed} - {"ok"})
    lines = [
        f"{path}, written {datetime.fromtimestamp(files.written_at(path)):%Y-%m-%d %H:%M}",
        f"{len(names)} columns: {', '.join(names)}",
        "",
        *describe_thumbnails(len(rows), first, Counter(unnamed)),
        *(f"{status}: {STATUSES[status]}" for status in statuses),
    ]
    return "\n".join(lines)


def _find_export(folder: str) -> tuple[str, list[str]]:
    """The export's file, or the manifest of its parts; and its Parquet files."""
    if files.exists(folder) and not files.is_folder(folder):
        return folder, [folder]
    for exports in (join(folder, "exports"), folder):
        for dataset in (join(exports, "attributes"), exports):
            if manifest := read_manifest(dataset):
                parts = [join(dataset, part.file) for part in manifest.parts]
                return join(dataset, MANIFEST_NAME), parts
        path = join(exports, "attributes.parquet")
        if files.exists(path):
            return path, [path]
    raise StorageError(
        f"{folder}: expected exports/attributes.parquet; found none. To make it: "
        "thumbnail-tasks export VIDEOS"
    )
