"""Find the faces on each thumbnail."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.faces import dlib_cnn, face_recognition
from thumbnail_tasks.engines.interface import Engine, Face, FaceDetector, choose
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.detections import find_on_pictures
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.tasks.shard_task import ShardTask

DETECTORS: Mapping[str, Engine] = {
    "dlib-cnn": dlib_cnn.ENGINE,
    "face-recognition-cnn": face_recognition.CNN_ENGINE,
    "face-recognition-hog": face_recognition.HOG_ENGINE,
}


def detect_faces(thumbnails: pa.Table, detect: FaceDetector, advance: Progress) -> pa.Table:
    """Find the faces on each thumbnail, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        detect: Maps B pictures of one size to B lists of faces.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        One row of ``schemas.FACES`` per face, in the order of ``thumbnails`` and from left to
        right; boxes in pixels of the stored picture. No row without a picture or faces.
    """

    def detect_from_the_left(images_rgb: Sequence[ImageRGB], _: Sequence[int]) -> list[list[Face]]:
        return [sorted(faces, key=lambda face: face.box_xyxy) for faces in detect(images_rgb)]

    rows = find_on_pictures(thumbnails, detect_from_the_left, _describe, advance)
    return pa.Table.from_pylist(rows, schemas.FACES)


def _describe(faces: Sequence[Face]) -> list[dict[str, Any]]:
    return [
        {"face_index": index, "confidence": face.confidence} for index, face in enumerate(faces)
    ]


class DetectFaces(ShardTask):
    """Write the faces of some shards."""

    table = "faces"
    upstream = (DownloadThumbnails,)

    @classmethod
    def needs(cls) -> dict[str, int]:
        """The GPU, except for HOG, which runs on the CPU."""
        return {} if settings.engine_name("faces") == "face-recognition-hog" else {"gpu": 1}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The face detector selected by the settings."""
        return choose("faces", settings.engine_name("faces"), DETECTORS)

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (thumbnails,) = tables
        return detect_faces(thumbnails, self.selected_engine().on_demand(), progress)
