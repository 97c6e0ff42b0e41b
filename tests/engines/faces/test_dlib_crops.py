"""Scores of crops: those of the whole canvas, around every proposal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.faces.dlib_cnn import plan_canvas
from thumbnail_tasks.engines.faces.dlib_crops import (
    CROP,
    CROP_PX,
    MAX_STEPS,
    MIN_SIDE,
    REACH,
    choose_crops,
    count_scores,
    find_places,
    score_crops,
)
from thumbnail_tasks.engines.faces.dlib_network import WINDOW_PX, Floats, load_network
from thumbnail_tasks.engines.faces.dlib_pyramid import find_boxes, lay_out
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

SIDES = st.integers(CROP, 120)


def read(name: str) -> ImageRGB:
    path = EXAMPLES / "images" / f"{name}.jpg"
    return np.ascontiguousarray(crop_bars(decode_image(path.read_bytes())).image_rgb)


def place_numbers(parts: Floats) -> Floats:
    """Instead of the network: the scores of a part are its pixels at their positions."""
    return parts[:, 0, 14:-14:8, 14:-14:8]


@given(SIDES, SIDES, st.lists(st.tuples(st.integers(0, 149), st.integers(0, 149)), max_size=12))
def test_every_score_near_a_place_is_computed_and_is_that_of_the_canvas(
    n_rows: int, n_columns: int, near: list[tuple[int, int]]
) -> None:
    shape = (n_rows, n_columns)
    places = np.array([(row % n_rows, column % n_columns) for row, column in near], np.int64)
    places = places.reshape(-1, 2)
    crops = choose_crops(places, shape)
    assert len(crops) <= len(places)
    if not len(crops):
        return
    whole = np.arange(n_rows * n_columns, dtype=np.float32).reshape(shape)
    pixels = np.zeros((1, 8 * (n_rows - 1) + 29, 8 * (n_columns - 1) + 29), np.float32)
    pixels[0, 14:-14:8, 14:-14:8] = whole
    scores = score_crops(pixels, crops, shape, place_numbers)
    for row, column in places:
        near_rows = slice(max(0, row - REACH), row + REACH + 1)
        window = near_rows, slice(max(0, column - REACH), column + REACH + 1)
        np.testing.assert_array_equal(scores[window], whole[window])
    computed = np.isfinite(scores)
    np.testing.assert_array_equal(scores[computed], whole[computed])


def test_places_beside_each_other_share_a_crop() -> None:
    places = np.array([(60, 60), (60, 60), (20, 20), (61, 60)])
    assert choose_crops(places, (100, 100)).tolist() == [
        [60 - CROP // 2, 60 - CROP // 2],
        [20 - CROP // 2, 20 - CROP // 2],
        [61 - CROP // 2, 60 - CROP // 2],
    ]
    corner = np.array([(0, 0), (3, 5), (99, 0)])  # the scores at the edge are exact, too
    assert choose_crops(corner, (100, 100)).tolist() == [[0, 0], [100 - CROP, 0]]


def test_no_places_need_no_crops() -> None:
    assert choose_crops(np.empty((0, 2), np.int64), (50, 50)).shape == (0, 2)


@pytest.mark.parametrize("size", [(480, 270), (962, 541), (300, 400), (123, 77)])
def test_a_window_is_found_at_the_place_of_its_box(size: tuple[int, int]) -> None:
    canvas = lay_out(*size)
    for number, level in enumerate(canvas.levels[:8]):
        row = (level.top + level.height // 2 - 14) // 8
        column = (level.left + level.width // 2 - 14) // 8
        centre = np.array([(14 + 8 * column, 14 + 8 * row)])
        box = np.add(find_boxes(centre, WINDOW_PX, canvas), (0, 0, 1, 1))
        places = find_places(box, size[0], canvas)
        n_near = min(number, 2) + 1 + min(len(canvas.levels) - 1 - number, 2)
        assert 2 < MAX_STEPS < 3
        assert len(places) == n_near
        assert np.abs(places - (row, column)).max(axis=1).min() <= 1


def test_a_small_face_is_looked_at_in_the_largest_level_and_a_tiny_one_nowhere() -> None:
    canvas = lay_out(480, 270)  # with windows of 80 pixels in the largest level
    for side, n_places in ((70, 2), (80 * MIN_SIDE + 1, 1), (80 * MIN_SIDE - 1, 0)):
        box = np.array([(200 - side / 2, 100 - side / 2, 200 + side / 2, 100 + side / 2)])
        places = find_places(box, 480, canvas)
        assert len(places) == n_places
        if n_places:
            assert places[0].tolist() == [(11 + 100 - 14) // 8, (11 + 200 - 14) // 8 + 1]


def test_boxes_outside_of_the_picture_have_places_on_the_canvas() -> None:
    canvas = lay_out(480, 270)
    boxes = np.array([(-500, -500, -400, -400), (900, 900, 1000, 1000)], np.float64)
    places = find_places(boxes, 480, canvas)
    assert len(places)
    assert (places >= 0).all()
    assert (places < count_scores(canvas)).all()
    assert find_places(np.empty((0, 4)), 480, canvas).shape == (0, 2)


@pytest.mark.model
@pytest.mark.parametrize("name", ["sample00026", "sample00017"])
def test_the_scores_of_crops_are_those_of_the_whole_picture(name: str) -> None:
    picture = read(name)
    height, width = picture.shape[:2]
    upsamplings, canvas = plan_canvas(width, height, 1)
    network = load_network()
    pixels = network.draw(picture, upsamplings, canvas)
    (whole,) = network.score(pixels[np.newaxis])
    assert whole.shape == count_scores(canvas)
    rows, columns = whole.shape
    best = np.unravel_index(whole.argmax(), whole.shape)
    places = np.array([best, (0, 0), (rows - 1, columns - 1), (0, columns - 1), (rows // 2, 0)])
    scores = score_crops(pixels, choose_crops(places, whole.shape), whole.shape, network.score)
    computed = np.isfinite(scores)
    assert computed.sum() >= 3 * (2 * REACH + 1) ** 2 - 1
    np.testing.assert_allclose(scores[computed], whole[computed], atol=1e-5)
    assert scores.max() == pytest.approx(whole.max(), abs=1e-5)


@pytest.mark.model
def test_a_crop_has_the_size_that_its_scores_need() -> None:
    (scores,) = load_network().score(np.zeros((1, 3, CROP_PX, CROP_PX), np.float32))
    assert scores.shape == (CROP, CROP)
