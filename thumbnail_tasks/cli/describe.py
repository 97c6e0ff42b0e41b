"""``thumbnail-tasks describe``: summarise an export in the terminal."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.summary import describe_thumbnails, first_of_each
from thumbnail_tasks.schemas import EMOTION_LABELS, STATUSES
from thumbnail_tasks.storage.manifest import MANIFEST_NAME, read_manifest

_COLUMNS = (
    *("thumbnail_id", "thumbnail_status", "thumbnail_ocr_length", "face_count"),
    *(f"{label}_count" for label in EMOTION_LABELS),
)


def describe() -> str:
    """What an export holds, in a few lines.

    It is that of the data directory in the settings, which may also be a folder with
    ``attributes.parquet``, that file, or the folder of a dataset.

    Raises:
        StorageError: There is no export, or it cannot be read.
    """
    path, parts = _find_export(Path(settings.storage().data_dir))
    try:  # not by ParquetTarget, which renames a damaged file
        names = pq.read_schema(parts[0]).names
        if missing := [name for name in _COLUMNS if name not in names]:
            raise StorageError(
                f"{path}: expected an exported table; found no column {', '.join(missing)}"
            )
        rows = pa.concat_tables(pq.read_table(part, columns=list(_COLUMNS)) for part in parts)
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"{path}: expected an exported table; found: {error}") from error
    first = first_of_each(rows)
    unnamed = rows.filter(rows["thumbnail_id"].is_null())["thumbnail_status"].to_pylist()
    statuses = sorted({*first["thumbnail_status"].to_pylist(), *unnamed} - {"ok"})
    lines = [
        f"{path}, written {datetime.fromtimestamp(path.stat().st_mtime):%Y-%m-%d %H:%M}",
        f"{len(names)} columns: {', '.join(names)}",
        "",
        *describe_thumbnails(len(rows), first, Counter(unnamed)),
        *(f"{status}: {STATUSES[status]}" for status in statuses),
    ]
    return "\n".join(lines)


def _find_export(folder: Path) -> tuple[Path, list[Path]]:
    """The export's file, or the manifest of its parts; and its Parquet files."""
    if folder.is_file():
        return folder, [folder]
    for exports in (folder / "exports", folder):
        for dataset in (exports / "attributes", exports):
            if manifest := read_manifest(dataset):
                return dataset / MANIFEST_NAME, [dataset / part.file for part in manifest.parts]
        path = exports / "attributes.parquet"
        if path.is_file():
            return path, [path]
    raise StorageError(
        f"{folder}: expected exports/attributes.parquet; found none. To make it: "
        "thumbnail-tasks export VIDEOS"
    )
