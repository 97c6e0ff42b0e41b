"""The emotion of each face, and the flags for faces that are hard to judge."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pytest

from tests.stages.conftest import find_nothing_wrong, ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.engines.emotions.face_quality import FaceQuality
from thumbnail_tasks.engines.interface import Face
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.emotions import ClassifyEmotions, classify_emotions
from thumbnail_tasks.stages.faces import detect_faces


def test_each_face_has_the_emotion_of_its_own_crop(thumbnails: pa.Table) -> None:
    found = [Face(1.0, (10, 10, 30, 30)), Face(1.0, (60, 10, 80, 30))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    levels = []

    def classify(crops: Sequence[ImageRGB]) -> np.ndarray:
        levels.extend([int(crop.mean()) for crop in crops])
        probabilities = np.zeros((len(crops), 7), np.float32)
        probabilities[:, 3 if levels[-1] == 200 else 5] = 1
        return probabilities

    emotions = classify_emotions(thumbnails, faces, classify, find_nothing_wrong, ignore)
    assert emotions.schema == schemas.EMOTIONS
    assert emotions["emotion"].to_pylist() == ["happy", "happy", "sad", "sad"]
    assert levels == [200, 200, 128, 128]


def test_a_face_of_low_quality_keeps_its_emotion_and_is_flagged(
    thumbnails: pa.Table,
) -> None:
    found = [Face(1.0, (10, 10, 30, 30)), Face(1.0, (60, 10, 100, 50))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    faces = faces.take([3, 1, 0, 2])  # the order of the faces need not be that of the pictures
    classify = lambda crops: np.full((len(crops), 7), 1 / 7, np.float32)  # noqa: E731

    def judge(picture: ImageRGB, box_xyxy: Iterable[float]) -> FaceQuality:
        x_min, y_min, x_max, _ = box_xyxy
        assert y_min == 10  # in pixels of the picture without its bars
        return FaceQuality(x_max - x_min < 30, bool(picture.mean() < 150), bool(x_min > 50))

    emotions = classify_emotions(thumbnails, faces, classify, judge, ignore)
    assert emotions.schema == schemas.EMOTIONS
    assert emotions["is_too_small"].to_pylist() == [False, False, True, True]
    assert emotions["is_blurred"].to_pylist() == [True, False, False, True]
    assert emotions["is_turned"].to_pylist() == [True, True, False, False]
    assert emotions["emotion"].null_count == 0
    np.testing.assert_allclose(emotions["fear"].to_numpy(), 1 / 7)


def test_what_flags_a_face_is_in_the_engine_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    about = ClassifyEmotions.selected_engine().about()
    assert about["weights"]
    assert about["min_side_px"] == face_quality.MIN_SIDE_PX
    monkeypatch.setattr(face_quality, "MAX_TURN", 0.5)
    assert ClassifyEmotions.selected_engine().about() != about
