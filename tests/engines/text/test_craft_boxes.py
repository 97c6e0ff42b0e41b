"""The words on CRAFT's maps: the same corners as keras-ocr's, to the last bit."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import needs
from thumbnail_tasks.engines.text.craft_boxes import Thresholds, find_quads
from thumbnail_tasks.engines.text.keras_ocr_networks import import_keras_ocr

DEFAULT = Thresholds(detection=0.7, text=0.4, link=0.4, size=10)


Box = tuple[int, int, int, int]


def draw(*letters: Box, links: Sequence[Box] = ()) -> NDArray[np.float32]:
    """(60, 100, 2) maps with full scores in the boxes x_min, y_min, x_max, y_max."""
    maps = np.zeros((60, 100, 2), np.float32)
    for channel, boxes in enumerate((letters, links)):
        for x_min, y_min, x_max, y_max in boxes:
            maps[y_min:y_max, x_min:x_max, channel] = 1
    return maps


def test_empty_maps_have_no_words() -> None:
    assert find_quads(draw(), DEFAULT) == []


def test_linked_letters_are_one_word_and_others_are_two() -> None:
    letters = ((10, 10, 20, 20), (24, 10, 34, 20), (60, 10, 70, 20))
    assert len(find_quads(draw(*letters), DEFAULT)) == 3
    assert len(find_quads(draw(*letters, links=((18, 12, 26, 18),)), DEFAULT)) == 2


def test_a_words_box_is_in_pixels_of_the_picture_with_a_margin() -> None:
    (quad,) = find_quads(draw((10, 10, 50, 20)), DEFAULT)
    x_min, y_min = quad.min(axis=0)
    x_max, y_max = quad.max(axis=0)
    assert 10 <= x_min < 20 < 100 < x_max < 110
    assert 10 <= y_min < 20 < 40 < y_max < 50
    np.testing.assert_array_equal(quad[0], (x_min, y_min))


@pytest.mark.parametrize(
    ("change", "n_words"),
    [
        ({}, 1),
        ({"detection": 0.6}, 2),
        ({"size": 101}, 0),
        ({"detection": 0.6, "text": 0.65}, 1),
    ],
)
def test_thresholds_decide_what_is_a_word(change: dict[str, Any], n_words: int) -> None:
    maps = draw((10, 10, 20, 20), (60, 30, 70, 40))
    maps[30:40, 60:70, 0] = 0.65
    assert len(find_quads(maps, DEFAULT._replace(**change))) == n_words


def test_a_word_that_is_all_link_is_still_a_word() -> None:
    (quad,) = find_quads(draw((10, 10, 30, 20), links=((5, 5, 35, 25),)), DEFAULT)
    assert np.isfinite(quad).all()
    assert (quad.max(axis=0) - quad.min(axis=0) > 20).all()


def random_maps() -> Iterator[NDArray[np.float32]]:
    """Random maps of several sizes and grains."""
    import cv2

    rng = np.random.default_rng(1)
    for _ in range(40):
        height, width = rng.integers(8, 120, 2).tolist()
        coarse = rng.normal(0.3, 0.5, (height // 6 + 2, width // rng.integers(2, 9) + 2, 2))
        yield cv2.resize(coarse.astype(np.float32), (width, height))


def drawn_maps() -> Iterator[NDArray[np.float32]]:
    """Tilted words with keras-ocr's own maps, some at the edge."""
    detection = import_keras_ocr().detection
    hill = detection.get_gaussian_heatmap(size=64, distanceRatio=1.5)
    for tilt, size, left in product((-0.4, 0.0, 0.1), (12, 40), (-10, 30)):
        cell = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float64)
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        lines = []
        for top, word in ((60, "word"), (60 + 2 * size, "I")):
            offsets = [np.array([left + size * i, 0]) for i in range(len(word))]
            boxes = [(cell + offset) @ turn + np.array([0, top]) for offset in offsets]
            lines.append(list(zip(boxes, word, strict=True)))
        yield detection.compute_maps(hill, image_height=240, image_width=320, lines=lines)


@needs("tensorflow", "tf_keras", "keras_ocr")
@pytest.mark.model
@pytest.mark.parametrize("make", [random_maps, drawn_maps])
@pytest.mark.parametrize(
    "thresholds", [DEFAULT, Thresholds(0.2, 0.4, 0.9, 0), Thresholds(0.7, 0.1, 1.0, 3)]
)
def test_words_equal_those_of_keras_ocr(
    make: Callable[[], Iterator[NDArray[np.float32]]], thresholds: Thresholds
) -> None:
    get_boxes = import_keras_ocr().detection.getBoxes
    n_words = 0
    for maps in make():
        found = find_quads(maps, thresholds)
        try:
            (wanted,) = get_boxes(maps[None], *thresholds)
        except IndexError:  # a word that is all link
            continue
        assert len(found) == len(wanted)
        n_words += len(found)
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype == np.float32
    assert n_words > 20
