"""Faces that are too small, blurred or turned away."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tests.conftest import EXAMPLES
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.engines.emotions.face_quality import (
    MAX_TURN,
    MIN_SHARPNESS,
    MIN_SIDE_PX,
    measure_sharpness,
    measure_side,
    measure_turn,
)
from thumbnail_tasks.engines.faces import dlib_cnn
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

FRONTAL = [(40, 0), (20, 0), (-40, 0), (-20, 0), (0, 40)]
"""Corners of both eyes, base of the nose."""


def smooth_noise(radius: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(7).integers(0, 256, (96, 96), dtype=np.uint8)
    blurred = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, np.float32)[24:72, 24:72]


def test_a_side_is_the_mean_of_width_and_height() -> None:
    assert measure_side((10, 20, 40, 60)) == 35
    assert measure_side(np.array([1, 1, 1, 1], np.float32)) == 0


def test_sharpness_falls_with_blur() -> None:
    sharpness = [measure_sharpness(smooth_noise(radius)) for radius in (0, 0.5, 1, 2, 4)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 0.9
    assert sharpness[-1] < MIN_SHARPNESS


def test_sharpness_does_not_depend_on_contrast_or_brightness() -> None:
    picture = smooth_noise(1)
    assert measure_sharpness((picture / 4 + 100).astype(np.float32)) == pytest.approx(
        measure_sharpness(picture), 1e-3
    )


def test_a_picture_of_one_colour_has_no_sharpness() -> None:
    assert measure_sharpness(np.full((48, 48), 77, np.float32)) == 0


@pytest.mark.parametrize("tilt_degrees", [0, 30, -80, 180])
@pytest.mark.parametrize("scale", [0.1, 3])
def test_a_tilted_head_of_any_size_is_not_turned(tilt_degrees: float, scale: float) -> None:
    angle = np.radians(tilt_degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert measure_turn(np.array(FRONTAL) @ rotation.T * scale + 100) == pytest.approx(0)


@pytest.mark.parametrize("nose_x", [-30, 30])
def test_a_turned_heads_nose_is_off_centre(nose_x: int) -> None:
    turn = measure_turn(np.array([*FRONTAL[:4], (nose_x, 40)], np.float64))
    assert turn == pytest.approx(0.5)
    assert turn > MAX_TURN


def test_eyes_at_one_point_count_as_turned_away() -> None:
    assert measure_turn(np.zeros((5, 2))) > MAX_TURN


def test_column_descriptions_contain_the_thresholds() -> None:
    for column, threshold in (
        ("is_too_small", MIN_SIDE_PX),
        ("is_blurred", MIN_SHARPNESS),
        ("is_turned", MAX_TURN),
    ):
        assert f" {threshold} " in schemas.EMOTIONS.field(column).metadata[b"description"].decode()


def read_thumbnail(path: Path) -> ImageRGB:
    return crop_bars(decode_image(path.read_bytes())).image_rgb


@pytest.mark.model
def test_a_real_face_is_judged_by_its_size_and_sharpness(shared_data: Path) -> None:
    picture = read_thumbnail(shared_data / "thumbnails" / "hqdefault" / "7LjC-nUPrNg.jpg")
    ((face,),) = dlib_cnn.load_face_detector()([picture])
    judge = face_quality.load_face_judge()
    assert judge(picture, face.box_xyxy) == (False, False, False)
    image = Image.fromarray(picture)
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(5)))
    assert judge(blurred, face.box_xyxy) == (False, True, False)
    quarter = np.asarray(image.reduce(4))
    assert judge(quarter, np.array(face.box_xyxy) / 4).is_too_small


@pytest.mark.model
@pytest.mark.parametrize("video_id", ["ygPBddnvhwY", "dmbpagijVkk"])
def test_a_real_face_in_three_quarter_view_is_turned(shared_data: Path, video_id: str) -> None:
    picture = read_thumbnail(shared_data / "thumbnails" / "hqdefault" / f"{video_id}.jpg")
    (faces,) = dlib_cnn.load_face_detector()([picture])
    judge = face_quality.load_face_judge()
    assert any(judge(picture, face.box_xyxy).is_turned for face in faces)


@pytest.mark.model
@pytest.mark.parametrize(
    "box", [(-50, -50, 20, 20), (470, 260, 530, 320), (5, 5, 5, 5), (900, 900, 950, 950)]
)
def test_a_box_outside_the_picture_or_empty_is_judged(box: tuple[int, ...]) -> None:
    picture = read_thumbnail(min((EXAMPLES / "images").glob("sample00*.jpg")))
    quality = face_quality.load_face_judge()(picture, box)
    assert [type(flag) for flag in quality] == [bool, bool, bool]
