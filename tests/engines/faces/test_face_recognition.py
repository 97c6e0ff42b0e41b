"""face_recognition's detectors: the same boxes as the package, without importing it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import luigi
import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.conftest import EXAMPLES, needs
from thumbnail_tasks.engines.faces import face_recognition
from thumbnail_tasks.engines.faces.face_recognition import (
    CNN_ENGINE,
    HOG_ENGINE,
    load_cnn_detector,
    load_hog_detector,
)
from thumbnail_tasks.engines.interface import Face, FaceDetector
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

pytestmark = needs("dlib")
needs_face_recognition = needs("face_recognition")

THEIRS = """
import json, sys
import face_recognition
import numpy as np
with np.load(sys.argv[1]) as arrays:
    pictures = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
upsamplings, model = int(sys.argv[2]), sys.argv[3]
if model == "batch":
    found = face_recognition.batch_face_locations(pictures, upsamplings)
else:
    found = [face_recognition.face_locations(each, upsamplings, model) for each in pictures]
print(json.dumps(found))
"""

Boxes = list[list[tuple[float, float, float, float]]]


@pytest.fixture
def upsample() -> Iterator[Callable[[int], None]]:
    config = luigi.configuration.get_config()
    yield lambda times: config.set("face_recognition", "upsamplings", str(times))
    config.remove_section("face_recognition")


def read(name: str) -> ImageRGB:
    picture = decode_image((EXAMPLES / "images" / f"{name}.jpg").read_bytes())
    return crop_bars(picture).image_rgb


def halve(picture: ImageRGB) -> ImageRGB:
    return np.asarray(Image.fromarray(picture).reduce(2))


def pictures_with_faces() -> list[ImageRGB]:
    """Pictures of one size: with faces at the border, in the middle, and none."""
    two_faces = read("-sample0029")
    cut = np.zeros_like(two_faces)
    cut[:, :-120] = two_faces[:, 120:]  # the left face's box starts at 100
    return [cut, two_faces, read("sample00001")]


def find_as_face_recognition(
    pictures: list[ImageRGB], upsamplings: int, model: str, folder: Path
) -> Boxes:
    """Boxes x_min, y_min, x_max, y_max that face_recognition finds, in a new process."""
    path = folder / "pictures.npz"
    np.savez(path, *pictures)
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", THEIRS, path, str(upsamplings), model],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        [(left, top, right, bottom) for top, right, bottom, left in faces]
        for faces in json.loads(finished.stdout)
    ]


def boxes(found: list[list[Face]]) -> Boxes:
    return [[face.box_xyxy for face in faces] for faces in found]


# The settings.


@pytest.mark.parametrize("load", [load_cnn_detector, load_hog_detector])
def test_negative_upsamplings_are_refused(
    upsample: Callable[[int], None], load: Callable[[], FaceDetector]
) -> None:
    upsample(-1)
    with pytest.raises(
        SettingsError, match=r"\[face_recognition\] upsamplings: expected a whole number, 0 or"
    ):
        load()
    with pytest.raises(SettingsError, match="found: '-1'"):
        CNN_ENGINE.about()


def test_the_tag_contains_the_version_of_dlib_the_weights_and_the_upsamplings(
    upsample: Callable[[int], None],
) -> None:
    assert CNN_ENGINE.name().startswith("face-recognition-cnn-")
    assert HOG_ENGINE.name().startswith("face-recognition-hog-")
    assert HOG_ENGINE.about() == {"upsamplings": 1}
    upsample(2)
    assert HOG_ENGINE.about() == {"upsamplings": 2}
    assert CNN_ENGINE.about()["upsamplings"] == 2
    assert CNN_ENGINE.about()["weights"].startswith("4cb19393e2fb")


def test_weights_with_another_checksum_are_refused_before_they_are_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.dat").write_bytes(b"something else")
    monkeypatch.setattr(face_recognition, "DLIB_DETECTOR", tmp_path / "other.dat")
    with pytest.raises(WeightsError, match=r"other\.dat: not the file that was shipped"):
        face_recognition._load_cnn.__wrapped__(0)


# The detectors.


@pytest.mark.thorough
@needs_face_recognition
@pytest.mark.model
@pytest.mark.parametrize("upsamplings", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_boxes_of_hog_equal_those_of_face_recognition(
    upsample: Callable[[int], None], tmp_path: Path, upsamplings: int
) -> None:
    upsample(upsamplings)
    pictures = [*pictures_with_faces(), read("sample00026"), read("sample00034")]
    found = load_hog_detector()(pictures)
    assert sum(map(len, found)) > 2
    assert boxes(found) == find_as_face_recognition(pictures, upsamplings, "hog", tmp_path)
    assert all(face.confidence > 0 for faces in found for face in faces)


@pytest.mark.thorough
@needs_face_recognition
@pytest.mark.model
def test_boxes_of_cnn_equal_those_of_face_recognition(
    upsample: Callable[[int], None], tmp_path: Path
) -> None:
    upsample(0)
    pictures = pictures_with_faces()
    found = load_cnn_detector()(pictures)
    assert [len(faces) for faces in found] == [2, 2, 0]
    assert any(face.box_xyxy[0] == 0 for face in found[0])  # dlib's box extends beyond the picture
    assert boxes(found) == find_as_face_recognition(pictures, 0, "batch", tmp_path)
    assert boxes(found[:1]) == find_as_face_recognition(pictures[:1], 0, "cnn", tmp_path)
    assert all(0 < face.confidence < 2 for faces in found for face in faces)


@needs_face_recognition
@pytest.mark.model
@pytest.mark.slow
def test_boxes_of_cnn_on_enlarged_pictures_equal_those_of_face_recognition(
    upsample: Callable[[int], None], tmp_path: Path
) -> None:
    upsample(1)
    pictures = [halve(picture) for picture in pictures_with_faces()[:2]]
    found = load_cnn_detector()(pictures)
    assert any(found)
    assert boxes(found) == find_as_face_recognition(pictures, 1, "cnn", tmp_path)


@pytest.mark.thorough
@pytest.mark.model
def test_a_picture_does_not_depend_on_its_batch_mates(
    upsample: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upsample(0)
    pictures = [halve(picture) for picture in pictures_with_faces()] * 2
    detect = load_cnn_detector()
    together = detect(pictures)
    assert together == [faces for picture in pictures for faces in detect([picture])]
    monkeypatch.setattr(face_recognition, "_BATCH_PX", 4 * 240 * 135)
    assert together == detect(pictures)


@pytest.mark.thorough
@pytest.mark.model
def test_detection_leaves_global_state_unchanged() -> None:
    picture = halve(read("sample00001"))
    load_cnn_detector()([picture])
    load_hog_detector()([picture])
    assert "face_recognition" not in sys.modules
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.model
@pytest.mark.parametrize("load", [load_cnn_detector, load_hog_detector])
def test_no_pictures_give_no_lists(load: Callable[[], FaceDetector]) -> None:
    assert load()([]) == []


@pytest.mark.model
@pytest.mark.parametrize("load", [load_cnn_detector, load_hog_detector])
@pytest.mark.parametrize("upsamplings", [0, 1])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 3), (7, 7), (9, 60), (30, 40)])
def test_a_tiny_picture_has_no_faces(
    upsample: Callable[[int], None],
    load: Callable[[], FaceDetector],
    upsamplings: int,
    shape: tuple[int, int],
) -> None:
    upsample(upsamplings)
    tiny = np.full((*shape, 3), 128, np.uint8)
    assert load()([tiny, tiny]) == [[], []]
