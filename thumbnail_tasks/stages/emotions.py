"""Classify the emotion of each face, and flag faces that cannot be judged."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.emotions import face_quality, fer2013, keras_model
from thumbnail_tasks.engines.emotions.face_quality import FaceJudge, FaceQuality
from thumbnail_tasks.engines.emotions.fer2013 import EmotionClassifier, crop_face
from thumbnail_tasks.engines.faces import dlib_landmarks
from thumbnail_tasks.engines.interface import Engine, choose
from thumbnail_tasks.execution.bisection import split_on_oom
from thumbnail_tasks.pictures.batches import iter_pictures
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.tasks.shard_task import ShardTask

CLASSIFIERS: Mapping[str, Engine] = {
    "fer2013": fer2013.ENGINE,
    "keras": keras_model.ENGINE,
}

_BATCH_SIZE = 16
_BOX = ("x_min", "y_min", "x_max", "y_max")


def classify_emotions(
    thumbnails: pa.Table,
    faces: pa.Table,
    classify: EmotionClassifier,
    judge: FaceJudge,
    advance: Progress,
) -> pa.Table:
    """Classify the emotion of each face, and flag the faces that are hard to judge.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        faces: F rows of ``schemas.FACES`` on these thumbnails.
        classify: Maps RGB uint8 faces of any size to (faces, 7) probabilities.
        judge: Maps a picture and a box in its pixels to the face's quality.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        F rows of ``schemas.EMOTIONS`` in the order of ``faces``. Flagged faces have an emotion
        and probabilities, too.
    """
    faces_of: dict[str, list[int]] = {}
    for row, thumbnail_id in enumerate(faces["thumbnail_id"].to_pylist()):
        faces_of.setdefault(thumbnail_id, []).append(row)
    boxes_xyxy = np.column_stack([faces[edge].to_numpy() for edge in _BOX])
    probabilities = np.zeros((len(faces), len(schemas.EMOTION_LABELS)), np.float32)
    flags = np.zeros((len(faces), len(FaceQuality._fields)), bool)
    ids = thumbnails["thumbnail_id"].to_pylist()
    with_faces = pa.array([thumbnail_id in faces_of for thumbnail_id in ids])
    for numbers, pictures in iter_pictures(thumbnails, _BATCH_SIZE, only=with_faces):
        rows, crops = [], []
        for number, picture in zip(numbers, pictures, strict=True):
            for row in faces_of[ids[number]]:
                box_xyxy = boxes_xyxy[row] - picture.corner_xyxy
                rows.append(row)
                crops.append(crop_face(picture.image_rgb, box_xyxy))
                flags[row] = judge(picture.image_rgb, box_xyxy)
        probabilities[rows] = np.concatenate(split_on_oom(classify, crops))
        advance(len(numbers))
    strongest = np.array(schemas.EMOTION_LABELS)[probabilities.argmax(axis=1)]
    columns = [faces["thumbnail_id"], faces["face_index"], strongest, *probabilities.T, *flags.T]
    return pa.table(columns, schema=schemas.EMOTIONS)


class ClassifyEmotions(ShardTask):
    """Write the emotions of the faces of some shards."""

    table = "emotions"
    upstream = (DownloadThumbnails, DetectFaces)

    @classmethod
    def needs(cls) -> dict[str, int]:
        """The GPU."""
        return {"gpu": 1}

    @classmethod
    def selected_engine(cls) -> Engine:
        """The selected emotion classifier; its tag includes what flags faces."""
        engine = choose("emotions", settings.engine_name("emotions"), CLASSIFIERS)
        return engine._replace(about=lambda: {**engine.about(), **face_quality.describe()})

    @classmethod
    def check_engine(cls) -> None:
        """Check the classifier, and what flags faces."""
        super().check_engine()
        dlib_landmarks.read_landmarks()

    @classmethod
    def load_engine(cls) -> None:
        """Load the classifier, and what flags faces."""
        super().load_engine()
        face_quality.load_face_judge()

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        thumbnails, faces = tables
        classify = self.selected_engine().on_demand()

        def judge(*face: Any) -> FaceQuality:
            return face_quality.load_face_judge()(*face)

        return classify_emotions(thumbnails, faces, classify, judge, progress)
