"""Measure colours and edges of each thumbnail."""

from collections.abc import Sequence

import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines import appearance
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.pictures.batches import iter_pictures
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.tasks.shard_task import ShardTask

_BATCH_SIZE = 16


def measure_appearances(thumbnails: pa.Table, advance: Progress) -> pa.Table:
    """Measure colours and edges of each thumbnail, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        N rows of ``schemas.APPEARANCE``; nulls for thumbnails without a picture.
    """
    rows = [{"thumbnail_id": name} for name in thumbnails["thumbnail_id"].to_pylist()]
    for numbers, pictures in iter_pictures(thumbnails, _BATCH_SIZE):
        for number, picture in zip(numbers, pictures, strict=True):
            rows[number] |= appearance.measure_appearance(picture.image_rgb)._asdict()
        advance(len(numbers))
    return pa.Table.from_pylist(rows, schemas.APPEARANCE)


class MeasureAppearance(ShardTask):
    """Write the appearance of some shards."""

    table = "appearance"
    version = "2"
    upstream = (DownloadThumbnails,)

    @classmethod
    def selected_engine(cls) -> Engine:
        """The only engine."""
        return appearance.ENGINE

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (thumbnails,) = tables
        return measure_appearances(thumbnails, progress)
