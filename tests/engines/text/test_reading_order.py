"""The order of lines on a picture."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbnail_tasks.engines.text.reading_order import Box, order_lines


def test_no_lines_give_an_empty_order() -> None:
    assert order_lines([]) == []


SIDES = st.tuples(*(st.integers(0, 12) for _ in range(2)), *(st.integers(1, 6) for _ in range(2)))


@given(st.lists(SIDES, max_size=12))
def test_each_line_is_ordered_once(sides: list[tuple[int, int, int, int]]) -> None:
    boxes = [(x, y, x + width, y + height) for x, y, width, height in sides]
    assert sorted(order_lines(boxes)) == list(range(len(boxes)))


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(0, 0, 90, 30), (0, 40, 60, 70), (0, 80, 80, 110)], id="rows"),
        pytest.param([(0, 2, 50, 32), (60, 0, 90, 30), (0, 40, 60, 70)], id="two words in a row"),
        pytest.param([(0, 0, 60, 30), (0, 40, 60, 70), (200, 0, 260, 30)], id="two columns"),
        pytest.param([(0, 0, 200, 90), (0, 100, 60, 120), (0, 130, 60, 150)], id="title and print"),
        pytest.param([(10, 0, 90, 30), (0, 200, 60, 230)], id="above and below, far apart"),
        pytest.param(
            [(58, 47, 202, 124), (90, 145, 164, 243), (278, 47, 424, 123), (259, 142, 442, 246)],
            id="labels over numbers",
        ),
        pytest.param(
            [
                (40, 0, 220, 30),
                *((0, 40, 60, 70), (10, 75, 50, 140)),
                *((85, 40, 145, 70), (80, 75, 150, 140)),
                *((170, 40, 230, 70), (160, 75, 240, 140)),
                (40, 150, 220, 180),
            ],
            id="title, three labels over numbers of twice their height, line below",
        ),
        pytest.param(
            [(10, 0, 60, 30), (0, 45, 72, 90), (80, 0, 130, 30), (74, 45, 138, 90)],
            id="labels over larger numbers, close together",
        ),
        pytest.param(
            [(0, 0, 60, 30), (70, 0, 130, 30), (0, 32, 60, 62), (70, 32, 130, 62)],
            id="two rows of two words",
        ),
        pytest.param(
            [(0, 0, 60, 30), (80, 0, 140, 30), (0, 55, 60, 85), (80, 55, 140, 85)],
            id="two rows of two words, nearer to each other than the rows",
        ),
        pytest.param(
            [
                *((0, 0, 20, 30), (40, 0, 140, 30)),
                *((0, 35, 20, 65), (40, 35, 140, 65)),
                *((0, 70, 20, 100), (40, 70, 140, 100)),
            ],
            id="a numbered list",
        ),
    ],
)
def test_lines_are_ordered_by_blocks(boxes: list[Box]) -> None:
    expected = list(range(len(boxes)))
    assert order_lines(boxes) == expected
    assert order_lines(boxes[::-1]) == expected[::-1]


@pytest.mark.parametrize(
    ("are_from_right", "order"),
    [
        ((), [0, 1, 2, 3]),
        ((False, False, False, False), [0, 1, 2, 3]),
        ((True, True, True, True), [2, 1, 0, 3]),
        ((True, None, True, True), [2, 1, 0, 3]),
        ((True, False, True, True), [2, 1, 0, 3]),
        ((None, None, True, False), [2, 1, 0, 3]),
        ((True, False, None, True), [0, 1, 2, 3]),
        ((None, None, None, None), [0, 1, 2, 3]),
    ],
)
def test_a_row_is_read_as_most_of_its_lines(
    are_from_right: Sequence[bool | None], order: list[int]
) -> None:
    boxes = [(0, 0, 60, 30), (70, 0, 130, 30), (140, 0, 200, 30), (0, 40, 200, 70)]
    assert order_lines(boxes, are_from_right) == order
    apart = [(0, 0, 60, 30), (170, 0, 230, 30), (340, 0, 400, 30), (0, 340, 200, 370)]
    assert order_lines(apart, are_from_right) == order


def test_labels_over_numbers_are_read_from_the_right() -> None:
    boxes = [(0, 0, 60, 30), (0, 35, 60, 95), (80, 0, 140, 30), (80, 35, 140, 95)]
    assert order_lines(boxes, [True, None, True, None]) == [2, 3, 0, 1]
