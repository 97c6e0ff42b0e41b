"""The order of lines on a picture."""

import pytest

from thumbnail_tasks.engines.text.reading_order import Box, order_lines


def test_no_lines_give_an_empty_order() -> None:
    assert order_lines([]) == []


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(0, 0, 90, 30), (0, 40, 60, 70), (0, 80, 80, 110)], id="rows"),
        pytest.param([(0, 2, 50, 32), (60, 0, 90, 30), (0, 40, 60, 70)], id="two words in a row"),
        pytest.param([(0, 0, 60, 30), (0, 40, 60, 70), (200, 0, 260, 30)], id="two columns"),
        pytest.param([(0, 0, 200, 90), (0, 100, 60, 120), (0, 130, 60, 150)], id="title and print"),
        pytest.param([(10, 0, 90, 30), (0, 200, 60, 230)], id="above and below, far apart"),
    ],
)
def test_lines_are_ordered_by_blocks(boxes: list[Box]) -> None:
    expected = list(range(len(boxes)))
    assert order_lines(boxes) == expected
    assert order_lines(boxes[::-1]) == expected[::-1]
