"""The reading order of lines of text scattered over a picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]

# In units of the lower line's height. Lines of one block are close together and of about equal
# height; lines further apart, or much larger, belong to another block.
MAX_LINE_GAP = 0.8
MAX_WORD_GAP = 1.0
MAX_HEIGHT_RATIO = 1.8

_MIN_ROW_OVERLAP = 0.5


def order_lines(boxes_xyxy: Sequence[Box], are_from_right: Sequence[bool] = ()) -> list[int]:
    """Order lines of text by blocks, rows and columns.

    Lines beside or below each other, near and of similar height, form a block. Lines are read by
    rows: from top to bottom, from left to right in a row; so are blocks, by their first lines.
    Two columns side by side are two blocks, read one after the other.

    Args:
        boxes_xyxy: N boxes x_min, y_min, x_max, y_max in pixels.
        are_from_right: Whether each is a column that is read from right to left; none if empty. A
            row of nothing but such columns begins at its right.

    Returns:
        The N positions in reading order.

    Example:
        ``TUNING`` above ``200`` over ``HP`` at the left and ``700`` over ``HP`` at the right
        gives TUNING 200 HP 700 HP.
    """
    from_right = list(are_from_right) or [False] * len(boxes_xyxy)
    blocks = [
        [block[i] for i in _order_rows(*_pick(block, boxes_xyxy, from_right))]
        for block in _find_blocks(boxes_xyxy)
    ]
    firsts = [block[0] for block in blocks]
    order = _order_rows(*_pick(firsts, boxes_xyxy, from_right))
    return [i for number in order for i in blocks[number]]


def level_boxes(quads: Sequence[NDArray[np.float32]]) -> list[Box]:
    """Boxes around slanted lines, rotated so that most of the lines are horizontal.

    Args:
        quads: N times (4, 2) corners x, y: upper left, upper right, lower right, lower left.

    Returns:
        N boxes for ``order_lines``; because of the rotation they are not in picture pixels.
    """
    if not quads:
        return []
    along = np.array([quad[1] - quad[0] for quad in quads])
    tilt = np.median(np.arctan2(along[:, 1], along[:, 0]))
    level = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    turned = [quad @ level for quad in quads]
    return [(*quad.min(axis=0).tolist(), *quad.max(axis=0).tolist()) for quad in turned]


def _find_blocks(boxes: Sequence[Box]) -> list[list[int]]:
    block_of = list(range(len(boxes)))
    for i, one in enumerate(boxes):
        for j in range(i):
            if block_of[i] != block_of[j] and _belong_together(one, boxes[j]):
                old, new = block_of[i], block_of[j]
                block_of = [new if block == old else block for block in block_of]
    blocks: dict[int, list[int]] = {}
    for i, block in enumerate(block_of):
        blocks.setdefault(block, []).append(i)
    return list(blocks.values())


def _belong_together(one: Box, other: Box) -> bool:
    heights = [one[3] - one[1], other[3] - other[1]]
    low, high = min(heights), max(heights)
    if high > MAX_HEIGHT_RATIO * low:
        return False
    gap_x = max(one[0], other[0]) - min(one[2], other[2])
    gap_y = max(one[1], other[1]) - min(one[3], other[3])
    if gap_y < -_MIN_ROW_OVERLAP * low:
        return gap_x < MAX_WORD_GAP * low
    return gap_x < 0 and gap_y < MAX_LINE_GAP * low


def _pick(
    chosen: Sequence[int], boxes: Sequence[Box], from_right: Sequence[bool]
) -> tuple[list[Box], list[bool]]:
    return [boxes[i] for i in chosen], [from_right[i] for i in chosen]


def _order_rows(boxes: Sequence[Box], from_right: Sequence[bool]) -> list[int]:
    """Order boxes by rows; a box joins a row if its middle is within the row's first box."""
    rows: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0])):
        middle = (boxes[i][1] + boxes[i][3]) / 2
        if rows and boxes[rows[-1][0]][1] <= middle <= boxes[rows[-1][0]][3]:
            rows[-1].append(i)
        else:
            rows.append([i])
    return [
        i
        for row in rows
        for i in sorted(
            row, key=lambda i: boxes[i][0], reverse=all(from_right[each] for each in row)
        )
    ]
