import pytest

from benchmarks.accuracy.boxes import (
    Box,
    FaceCounts,
    LabelledFace,
    count_faces,
    judge_boxes,
    overlap,
    place_face,
    score_faces,
)
from benchmarks.accuracy.parts.objects import count_on

CLEAR = LabelledFace((0, 0, 10, 10), True)
BLURRED = LabelledFace((20, 0, 30, 10), False)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1),
        ((5, 0, 15, 10), 50 / 150),
        ((10, 0, 20, 10), 0),
        ((40, 40, 50, 50), 0),
        ((2, 2, 7, 7), 0.25),
    ],
)
def test_overlap_is_intersection_over_union(other: Box, expected: float) -> None:
    assert overlap((0, 0, 10, 10), other) == pytest.approx(expected)
    assert overlap(other, (0, 0, 10, 10)) == pytest.approx(expected)


def test_two_empty_boxes_do_not_overlap() -> None:
    assert overlap((3, 3, 3, 3), (3, 3, 3, 3)) == 0


def test_clear_faces_are_required_and_others_are_optional() -> None:
    boxes = [(1, 1, 10, 10), (20, 0, 30, 10), (60, 60, 70, 70)]
    assert judge_boxes([CLEAR, BLURRED], boxes) == ["hit", "optional", "false"]
    assert count_faces([CLEAR, BLURRED], boxes) == FaceCounts(1, 1, 1)
    assert count_faces([CLEAR, BLURRED], []) == FaceCounts(0, 1, 0)


def test_pictures_without_boxes_or_without_faces_count() -> None:
    score = score_faces({"a": [CLEAR], "b": []}, {"b": [(0, 0, 5, 5)]})
    assert score == (0, 1, 1, 2)


def test_a_labelled_face_is_moved_below_the_upper_bar_of_an_hqdefault() -> None:
    placed = place_face(LabelledFace((0, 0, 1280, 720), True), 480, 360)
    assert placed.box_xyxy == (0, 45, 480, 315)


def test_an_original_has_no_bars() -> None:
    assert place_face(CLEAR, 1280, 720) == CLEAR


def test_a_face_is_on_a_person_if_its_centre_is_in_the_box() -> None:
    inside, above = (4, 4, 8, 8), (0, -20, 10, 5)
    assert count_on([inside, above], [(5, 0, 10, 20), (0, 0, 6, 6)]) == 1
    assert count_on([inside], []) == 0
    assert count_on([], [(0, 0, 9, 9)]) == 0
