"""Detect the objects on each thumbnail."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.interface import DetectedObject, Engine, ObjectDetector, choose
from thumbnail_tasks.engines.objects import nanodet
from thumbnail_tasks.stages import yolo_detections
from thumbnail_tasks.stages.detections import find_on_pictures
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.tasks.shard_task import ShardTask

DETECTORS: Mapping[str, Engine] = {
    nanodet.NAME: nanodet.ENGINE,
    yolo_detections.NAME: yolo_detections.ENGINE,
}


def detect_objects(thumbnails: pa.Table, detect: ObjectDetector, advance: Progress) -> pa.Table:
    """Detect the objects on each thumbnail, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        detect: Maps B pictures of one size to B lists of objects, the most confident first.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        One row of ``schemas.OBJECTS`` per object, in the order of ``thumbnails`` and of ``detect``;
        boxes in pixels of the stored picture. No row without a picture or objects.
    """
    rows = find_on_pictures(thumbnails, lambda images, _: detect(images), _describe, advance)
    return pa.Table.from_pylist(rows, schemas.OBJECTS)


def _describe(objects: Sequence[DetectedObject]) -> list[dict[str, Any]]:
    return [
        {"object_index": index, "class": each.name, "confidence": each.confidence}
        for index, each in enumerate(objects)
    ]


class DetectObjects(ShardTask):
    """Write the objects of some shards."""

    table = "objects"
    upstream = (DownloadThumbnails,)

    @classmethod
    def needs(cls) -> dict[str, int]:
        """The GPU, except for objects that were detected earlier."""
        return {} if settings.engine_name("objects") == yolo_detections.NAME else {"gpu": 1}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The object detector selected by the settings."""
        return choose("objects", settings.engine_name("objects"), DETECTORS)

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (thumbnails,) = tables
        engine = self.selected_engine()
        if settings.engine_name("objects") == yolo_detections.NAME:
            return yolo_detections.take_objects(thumbnails, engine.load(), progress)
        return detect_objects(thumbnails, engine.on_demand(), progress)
