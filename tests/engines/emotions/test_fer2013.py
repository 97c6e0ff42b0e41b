import numpy as np
import pytest

from thumbnail_tasks.engines.emotions import fer2013
from thumbnail_tasks.engines.emotions.fer2013 import crop_face, prepare_face
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import EMOTION_LABELS


def random_faces(*sizes: tuple[int, int]) -> list[ImageRGB]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def coordinates(width: int, height: int) -> ImageRGB:
    """A picture whose red is x and whose green is y."""
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    return np.stack([x, y, np.zeros_like(x)], axis=2)


def test_the_crop_is_larger_than_the_box() -> None:
    face = crop_face(coordinates(200, 200), np.array([50, 50, 150, 150], dtype=np.float32))
    assert face.shape == (116, 116, 3)
    assert (face[0, 0, 0], face[-1, -1, 0]) == (42, 157)
    assert (face[0, 0, 1], face[-1, -1, 1]) == (42, 157)


@pytest.mark.parametrize(
    "box", [(-60, -60, 40, 40), (70, 40, 130, 100), (-30, -30, 110, 110), (300, 300, 340, 340)]
)
def test_a_crop_beyond_the_picture_repeats_its_border(box: tuple[int, ...]) -> None:
    face = crop_face(coordinates(100, 80), box)
    assert face.shape[0] == face.shape[1] == round(1.16 * (box[2] - box[0]))
    assert set(np.diff(face[0, :, 0].astype(int))) <= {0, 1}
    assert set(np.diff(face[:, 0, 1].astype(int))) <= {0, 1}
    assert face[..., 0].max() <= 99
    assert face[..., 1].max() <= 79


def test_an_empty_box_gives_one_pixel() -> None:
    assert crop_face(coordinates(100, 80), (50, 20, 50, 20))[0, 0].tolist() == [50, 20, 0]


def test_a_face_of_the_trained_size_is_only_converted_to_grey() -> None:
    (face,) = random_faces((48, 48))
    grey = np.repeat(face[..., :1], 3, axis=2)
    np.testing.assert_array_equal(prepare_face(grey), grey[..., 0])
    luminance = face @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(prepare_face(face), luminance, atol=0.51)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (480, 360)])
def test_a_face_of_any_size_is_resized(size: tuple[int, int]) -> None:
    (face,) = random_faces(size)
    prepared = prepare_face(face)
    assert prepared.shape == (48, 48)
    assert prepared.dtype == np.float32


def test_downscaling_averages_all_pixels() -> None:
    stripes = np.zeros((480, 480, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    # The filter sees less of the borders.
    np.testing.assert_allclose(prepare_face(stripes)[:, 2:-2], 127.5, atol=2)


@pytest.mark.model
def test_no_faces_give_no_rows() -> None:
    probabilities = fer2013.load_emotion_classifier()([])
    assert probabilities.shape == (0, len(EMOTION_LABELS))
    assert probabilities.dtype == np.float32


@pytest.mark.model
def test_probabilities_of_a_face_sum_to_one() -> None:
    faces = random_faces((48, 48), (7, 5), (300, 200))
    probabilities = fer2013.load_emotion_classifier()(faces)
    assert probabilities.shape == (3, len(EMOTION_LABELS))
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.thorough
@pytest.mark.model
def test_a_face_does_not_depend_on_its_batch_mates() -> None:
    classify = fer2013.load_emotion_classifier()
    faces = random_faces(*[(60 + i % 7, 50 + i % 11) for i in range(130)])
    together = classify(faces)
    alone = np.concatenate([classify([face]) for face in faces])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together[::-1], classify(faces[::-1]))
