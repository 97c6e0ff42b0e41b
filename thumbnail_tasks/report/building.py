"""Build the report of an export, and replace an earlier one."""

import datetime
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thumbnail_tasks import settings
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.report.categories import YOUTUBE, read_category_names
from thumbnail_tasks.report.nights import Before
from thumbnail_tasks.report.pictures import write_pictures
from thumbnail_tasks.report.site import write_site
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.storage import files, folder
from thumbnail_tasks.storage.addresses import join, name_of
from thumbnail_tasks.storage.manifest import MANIFEST_NAME
from thumbnail_tasks.tasks.shard_task import ShardTask

_REPORT_VERSION = "8"
"""Increase it when the page of an unchanged export changes."""
_PAGE, _FINGERPRINT = "index.html", "fingerprint.txt"

_RESULTS: dict[str, tuple[type[ShardTask], list[str] | None]] = {
    "words": (RecognizeText, None),
    "faces": (DetectFaces, None),
    "emotions": (ClassifyEmotions, None),
    "thumbnails": (DownloadThumbnails, ["thumbnail_id", "detail", "width_px", "height_px"]),
}
"""Tables shown besides the export: stages and their columns (None: all columns)."""


def report_folder(data_dir: str) -> str:
    """The folder of the report of a data directory's export."""
    return join(data_dir, "exports", "report")


def unfinished_folders(data_dir: str) -> tuple[str, str]:
    """The folders of a report while it is built, and of the earlier one while it is replaced."""
    return folder.unfinished_folders(report_folder(data_dir))


def is_built(report: str, exported: str, export_fingerprint: str, videos: str) -> bool:
    """Whether a report is complete, and was made from this export by this version.

    Args:
        report: The report's folder.
        exported: The export's file, or the manifest of its parts.
        export_fingerprint: A digest of what the export was made from.
        videos: The table, beside which may be names of categories.
    """
    if not files.is_made_from(join(report, _PAGE), exported):
        return False
    try:
        found = files.read_text(join(report, _FINGERPRINT))
    except (OSError, UnicodeDecodeError):
        return False
    return found == _fingerprint(export_fingerprint, read_category_names(videos))


def _name_files(videos: str) -> str:
    """The input as shown on the page: without folders, which may be private."""
    return ", ".join(PurePosixPath(part.strip()).name for part in videos.split(","))


def build(
    data_dir: str,
    plan: pa.Table,
    source: str,
    versions: pa.Table,
    exported: tuple[pq.ParquetFile, Path],
    made_from: str,
    export_fingerprint: str,
    videos: str,
    about: dict[str, str],
    progress: Callable[[float], None],
    before: Before | None = None,
) -> None:
    """Build the report of an export. The caller holds the export's lock.

    Args:
        data_dir: The data directory.
        plan: The thumbnails to show, rows of ``schemas.PLANS``; all stages of its shards are done.
        source: The source of the pictures.
        versions: The versions of these thumbnails, rows of ``schemas.VERSIONS`` with a shard.
        exported: The rows to show, as Parquet and as CSV.
        made_from: The export's file, or the manifest of its parts.
        export_fingerprint: A digest of what the export was made from.
        videos: The table.
        about: Information shown about the report: texts by name.
        progress: Called with the completed fraction, from 0 to 1.
        before: The export of an earlier night, to compare this one with.

    Raises:
        LostFileError: A shard's file is missing or damaged.
        StorageError: A file cannot be read or written.
    """
    report = report_folder(data_dir)
    replacing = files.backend_of(report).replace_folder(
        report, made_from={_PAGE: made_from}, last=_FINGERPRINT
    )
    with replacing as new:
        stored = pa.concat_tables([plan, versions.select(plan.column_names)])
        shards = pc.unique(stored["shard"]).to_pylist()
        suffixes: dict[str, str] = {}
        for number, thumbnails in enumerate(_iter_pictures(stored, source, data_dir), 1):
            suffixes |= write_pictures(thumbnails, new, settings.report().stored_pictures)
            progress(number / len(shards))
        results = {name: _read(name, plan, source, data_dir) for name in _RESULTS}
        categories = read_category_names(videos)
        write_site(
            new.path,
            *exported,
            results | {"versions": versions},
            suffixes,
            categories,
            _describe(videos, made_from) | about,
            is_dataset=name_of(made_from) == MANIFEST_NAME,
            before=before,
        )
        Path(new.path, _FINGERPRINT).write_text(_fingerprint(export_fingerprint, categories))


def _describe(videos: str, made_from: str) -> dict[str, str]:
    """The table, when it was exported, and the version of this package, as shown on the page."""
    exported_at = datetime.datetime.fromtimestamp(files.written_at(made_from), datetime.UTC)
    return {
        "videos": _name_files(videos),
        "exported_at": exported_at.isoformat(timespec="seconds"),
        "version": metadata.version("thumbnail-tasks"),
    }


def _fingerprint(export_fingerprint: str, categories: dict[str, str]) -> str:
    shown = settings.report()
    parts: list[object] = [_REPORT_VERSION, export_fingerprint]
    if shown.max_thumbnails != settings.DEFAULT_MAX_THUMBNAILS:
        parts.append(shown.max_thumbnails)
    if not shown.stored_pictures:
        parts.append("without stored pictures")
    if categories != YOUTUBE:
        parts.append(sorted(categories.items()))
    return short_digest(parts, 16)


def _read(name: str, plan: pa.Table, source: str, data_dir: str) -> pa.Table:
    """The results of a stage for the thumbnails of a plan."""
    stage, columns = _RESULTS[name]
    return pa.concat_tables(_iter_tables(stage, columns, plan, source, data_dir))


def _iter_pictures(plan: pa.Table, source: str, data_dir: str) -> Iterator[pa.Table]:
    columns = ["thumbnail_id", "sha256", "image"]
    return _iter_tables(DownloadThumbnails, columns, plan, source, data_dir)


def _iter_tables(
    stage: type[ShardTask], columns: list[str] | None, plan: pa.Table, source: str, data_dir: str
) -> Iterator[pa.Table]:
    """For each shard, the rows of the thumbnails that the plan, or another table, has in it."""
    for shard in pc.unique(plan["shard"]).to_pylist():
        ids = plan.filter(pc.equal(plan["shard"], shard))["thumbnail_id"].combine_chunks()
        table = stage.on(shard, source, data_dir).output_for(shard).read(columns)
        yield table.filter(pc.is_in(table["thumbnail_id"], value_set=ids))
