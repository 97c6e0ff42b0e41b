"""The exported table: what it is made from, whether it is current, and how it is written."""

import logging
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.export.joining import join_shard, join_videos
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.pipeline import LAST_STAGES, shards_of
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)

_VERSION = "3"
"""Raise it when the same plan and engines give a different export."""

_FINGERPRINT_KEY = "made_of"
"""Metadata key of the fingerprint in exported files, since 0.1."""

_BATCH_ROWS = 16_384
_VECTORS = frozenset({"thumbnail_ocr_embed"})

_JOINED: Mapping[type[ShardTask], list[str] | None] = {
    DownloadThumbnails: ["thumbnail_id", "status", "width_px", "height_px", "sha256"],
    CorrectText: None,
    EmbedText: None,
    DetectFaces: ["thumbnail_id"],
    ClassifyEmotions: ["thumbnail_id", "emotion"],
    MeasureAppearance: None,
}
"""The stages whose tables ``join_shard`` takes, and the columns it needs; None: all."""


def fingerprint(source: str, table_name: str, plan_number: int) -> str:
    """A digest of what an export is made from: the plan, and the engines in the settings."""
    tags = [stage.tag(source) for stage in LAST_STAGES]
    return short_digest([_VERSION, [source, table_name, plan_number], tags], 16)


def read_fingerprint(parquet: ParquetTarget) -> str | None:
    """The fingerprint of an exported file; None if it has none.

    Raises:
        StorageError: The file cannot be read.
    """
    return parquet.read_metadata().get(_FINGERPRINT_KEY)


def is_current_export(parquet: ParquetTarget, csv: FileTarget, expected: Callable[[], str]) -> bool:
    """Whether both files of an export exist undamaged, with the expected fingerprint.

    Args:
        parquet: attributes.parquet.
        csv: attributes.csv.
        expected: Computes the fingerprint; False is returned if input or settings are wrong.
    """
    try:
        if not (
            files.is_made_from(csv.path, parquet.path) and read_fingerprint(parquet) == expected()
        ):
            return False
        parquet.open_reader()
        return True
    except ThumbnailTasksError:
        return False


def read_attributes(plan: pa.Table, source: str, data_dir: str) -> pa.Table:
    """The attributes of every thumbnail of a plan.

    Args:
        plan: N rows of ``schemas.PLANS``; all stages of its shards are complete.
        source: Source of the pictures.
        data_dir: The data directory.

    Returns:
        N rows of ``schemas.attributes(width)``, in any order.

    Raises:
        StorageError: A shard's file is missing, damaged or misplaced.
    """
    parts = []
    for shard in shards_of(plan):
        tables = [
            stage.on(shard, source, data_dir).output_for(shard).read(columns)
            for stage, columns in _JOINED.items()
        ]
        planned = plan.filter(pc.equal(plan["shard"], shard))["thumbnail_id"]
        joined = join_shard(*tables)
        parts.append(joined.filter(pc.is_in(joined["thumbnail_id"], value_set=planned)))
    return pa.concat_tables(parts)


def write_export(
    videos: ParquetTarget,
    ids: ParquetTarget,
    attributes: pa.Table,
    parquet: ParquetTarget,
    csv: str,
    export_fingerprint: str,
) -> None:
    """Write attributes.parquet and attributes.csv: the input's rows with their attributes.

    Args:
        videos: N rows of the input.
        ids: N rows of ``schemas.THUMBNAIL_IDS``, of the same videos.
        attributes: One row of ``schemas.attributes(width)`` per thumbnail.
        parquet: The Parquet file to write.
        csv: The CSV file to write, without vectors.
        export_fingerprint: From ``fingerprint``.

    Raises:
        StorageError: A file cannot be read or written.
    """
    reader, id_rows = videos.open_reader(), ids.read()
    schema = pa.schema([*reader.schema_arrow, *attributes.schema])
    n_written = 0
    with parquet.open_writer(schema, {_FINGERPRINT_KEY: export_fingerprint}) as writer:
        for batch in reader.iter_batches(_BATCH_ROWS):
            rows = id_rows.slice(n_written, len(batch))
            writer.write_table(join_videos(batch, rows, attributes))
            n_written += len(batch)
    with files.publish(csv, made_from=parquet.path) as temporary:
        left_out = write_csv(parquet.open_reader(()), temporary, without=_VECTORS)
    for name in left_out:
        dtype = schema.field(name).type
        logger.warning("%s: without column %s (%s), whose values have no text", csv, name, dtype)
