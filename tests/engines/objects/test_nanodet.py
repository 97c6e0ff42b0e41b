"""NanoDet: the layout of a picture, boxes from drawn tables, and the real network."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.interface import DetectedObject
from thumbnail_tasks.engines.objects.coco import COCO_CLASSES
from thumbnail_tasks.engines.objects.nanodet import (
    LONGER_SIDE_PX,
    MAX_OVERLAP,
    STRIDES_PX,
    WEIGHTS_FILE,
    WEIGHTS_SHA256,
    choose_objects,
    lay_out,
    load_object_detector,
    place_boxes,
)
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

Box = tuple[float, float, float, float]

SIZES = st.integers(1, 1500)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, from the areas."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def choose(*found: tuple[str, float, Box], min_confidence: float = 0.4) -> list[DetectedObject]:
    """The objects of a picture of 200×100, of one place for each of these."""
    scores = np.zeros((len(found), len(COCO_CLASSES)), np.float32)
    for place, (name, confidence, _) in enumerate(found):
        scores[place, COCO_CLASSES.index(name)] = confidence
    boxes = np.array([box for _, _, box in found], np.float32).reshape(-1, 4)
    return choose_objects(scores, boxes, (100, 200, 3), min_confidence)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 270), (480, 288)),
        ((1280, 720), (480, 288)),
        ((120, 68), (480, 288)),
        ((480, 360), (480, 384)),
        ((360, 480), (384, 480)),
        ((500, 500), (480, 480)),
        ((2000, 3), (480, 32)),
    ],
)
def test_a_canvas_is_as_small_as_the_proportions_allow(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    width, height = size
    canvas = lay_out(np.full((height, width, 3), 200, np.uint8))
    assert canvas.pixels_rgb.shape == (expected[1], expected[0], 3)
    rows, columns = np.nonzero(canvas.pixels_rgb.min(axis=2))
    assert columns.min() == canvas.left_px
    assert rows.min() == canvas.top_px
    below, right = expected[1] - 1 - rows.max(), expected[0] - 1 - columns.max()
    assert abs(int(below) - canvas.top_px) <= 1  # in the middle
    assert abs(int(right) - canvas.left_px) <= 1
    assert (canvas.pixels_rgb[canvas.pixels_rgb > 0] == 200).all()


@given(SIZES, SIZES)
def test_the_whole_canvas_without_its_margins_is_the_whole_picture(width: int, height: int) -> None:
    canvas = lay_out(np.zeros((height, width, 3), np.uint8))
    tall, wide, _ = canvas.pixels_rgb.shape
    assert max(tall, wide) == LONGER_SIDE_PX
    assert tall % 32 == wide % 32 == 0
    right = canvas.left_px + width * canvas.scale_x
    bottom = canvas.top_px + height * canvas.scale_y
    box = np.array([[canvas.left_px, canvas.top_px, right, bottom]], np.float32)
    expected = [[0, 0, width, height]]
    np.testing.assert_allclose(canvas.as_in_picture(box), expected, atol=1e-3, rtol=1e-5)


def test_a_mark_on_the_picture_is_where_the_canvas_says() -> None:
    picture = np.zeros((270, 480, 3), np.uint8)
    picture[90:180, 120:240] = 255
    canvas = lay_out(picture)
    rows, columns = np.nonzero(canvas.pixels_rgb[..., 0] > 127)
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    np.testing.assert_allclose(canvas.as_in_picture(box), [[120, 90, 240, 180]], atol=1.2)


def test_a_place_is_the_centre_of_its_square_and_the_edges_are_distances_from_it() -> None:
    height, width = 64, 96
    numbers = [(height // stride) * (width // stride) for stride in STRIDES_PX]
    edges = np.tile(np.array([1, 2, 3, 4], np.float32), (sum(numbers), 1))
    boxes = place_boxes(edges, (height, width, 3))
    assert len(boxes) == 96 + 24 + 6
    first_of_each = [0, numbers[0], numbers[0] + numbers[1]]
    for stride, first in zip(STRIDES_PX, first_of_each, strict=True):
        x = y = stride / 2
        assert boxes[first].tolist() == [x - 1, y - 2, x + 3, y + 4]
        x += stride  # the next one is to the right
        assert boxes[first + 1].tolist() == [x - 1, y - 2, x + 3, y + 4]
    x, y = 96 - 16, 64 - 16
    assert boxes[-1].tolist() == [x - 1, y - 2, x + 3, y + 4]


def test_the_most_confident_object_is_first_and_doubtful_ones_are_dropped() -> None:
    found = choose(
        ("tie", 0.4, (10, 10, 20, 20)),
        ("person", 0.39, (50, 0, 90, 90)),
        ("cat", 0.8, (100, 10, 150, 60)),
    )
    assert [each.name for each in found] == ["cat", "tie"]
    assert [each.confidence for each in found] == pytest.approx([0.8, 0.4])
    assert found[0].box_xyxy == (100, 10, 150, 60)
    assert all(type(edge) is float for edge in found[0].box_xyxy)


def test_of_boxes_of_one_class_that_overlap_the_most_confident_is_kept() -> None:
    box, near, apart = (0, 0, 100, 100), (0, 0, 100, 70), (0, 0, 100, 45)
    assert overlap(box, near) > MAX_OVERLAP > overlap(box, apart)
    found = choose(
        ("person", 0.7, near), ("person", 0.9, box), ("person", 0.5, apart), ("cat", 0.6, near)
    )
    assert [(each.name, each.box_xyxy) for each in found] == [
        ("person", box),
        ("cat", near),
        ("person", apart),
    ]


def test_boxes_end_at_the_edge_of_the_picture_and_none_is_outside() -> None:
    found = choose(
        ("person", 0.9, (-30, -1, 250, 130)),
        ("dog", 0.8, (210, 20, 240, 60)),
        ("cat", 0.7, (5, -9, 8, 0)),
    )
    assert [(each.name, each.box_xyxy) for each in found] == [("person", (0, 0, 200, 100))]


def test_a_picture_may_have_no_object_at_all() -> None:
    assert choose() == []
    assert choose(("person", 0.2, (0, 0, 10, 10))) == []


Found = Sequence[tuple[str, float, Box]]


@st.composite
def found_objects(draw: st.DrawFn) -> Found:
    edges = st.integers(0, 90)
    found = []
    for _ in range(draw(st.integers(0, 12))):
        left, top = draw(edges), draw(edges)
        box = (left, top, left + draw(st.integers(1, 60)), top + draw(st.integers(1, 10)))
        name = draw(st.sampled_from(["person", "dog", "toothbrush"]))
        found.append((name, draw(st.integers(1, 99)) / 100, box))
    return found


@given(found_objects())
def test_no_two_objects_of_a_class_overlap_much_and_none_is_lost_without_one_that_does(
    found: Found,
) -> None:
    kept = choose(*found, min_confidence=0.0)
    for number, one in enumerate(kept):
        for other in kept[number + 1 :]:
            assert one.confidence >= other.confidence
            if one.name == other.name:
                assert overlap(one.box_xyxy, other.box_xyxy) <= MAX_OVERLAP + 1e-6
    for name, confidence, box in found:
        assert any(
            each.name == name
            and each.confidence >= confidence - 1e-6
            and overlap(each.box_xyxy, box) > MAX_OVERLAP - 1e-6
            for each in kept
        )


def test_the_shipped_file_is_the_one_of_the_model_card() -> None:
    content = WEIGHTS_FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == WEIGHTS_SHA256
    card = WEIGHTS_FILE.with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert WEIGHTS_SHA256 in card
    assert f"{len(content):,}" in card


def read(name: str) -> ImageRGB:
    picture = decode_image((EXAMPLES / "images" / f"{name}.jpg").read_bytes())
    return crop_bars(picture).image_rgb


@pytest.mark.model
def test_the_people_of_the_sample_are_found_and_its_drawings_of_things_are_no_people() -> None:
    detect = load_object_detector()
    (portrait,) = detect([read("sample00031")])
    person = portrait[0]
    assert person.name == "person"
    assert overlap(person.box_xyxy, (27, 37, 290, 270)) > 0.9  # by eye
    for name in ("sample00001", "sample00004", "sample00013"):
        (found,) = detect([read(name)])
        assert "person" not in [each.name for each in found], name


@pytest.mark.model
def test_a_picture_has_the_same_objects_alone_and_in_any_batch() -> None:
    detect = load_object_detector()
    pictures = [read(f"sample000{number}") for number in (18, 19, 21, 23, 30)]
    together = detect(pictures)
    assert [detect([picture])[0] for picture in pictures] == together
    assert detect(pictures[::-1]) == together[::-1]
    assert sum(map(len, together)) >= len(pictures)


@pytest.mark.model
@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (33, 31), (720, 1280)])
def test_pictures_of_any_size_have_boxes_within_them(shape: tuple[int, int]) -> None:
    height, width = shape
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    (found,) = load_object_detector()([noise])
    for each in found:
        x_min, y_min, x_max, y_max = each.box_xyxy
        assert 0 <= x_min < x_max <= width
        assert 0 <= y_min < y_max <= height
        assert math.isfinite(each.confidence)


@pytest.mark.model
def test_a_person_who_is_moved_has_a_box_that_is_moved() -> None:
    """The box follows the pixels, whatever the canvas: an independent check of its geometry."""
    picture = read("sample00019")[:, :240]  # a person in the left half
    on_the_left, on_the_right = np.zeros((2, 270, 480, 3), np.uint8)
    on_the_left[:, :240], on_the_right[:, 240:] = picture, picture
    ((left,), (right,), (alone,)) = (
        [each for each in load_object_detector()([image])[0] if each.name == "person"]
        for image in (on_the_left, on_the_right, np.ascontiguousarray(picture))
    )
    moved: NDArray[np.float64] = np.array(right.box_xyxy) - (240, 0, 240, 0)
    np.testing.assert_allclose(moved, left.box_xyxy, atol=12)
    np.testing.assert_allclose(alone.box_xyxy, left.box_xyxy, atol=24)
