"""The reading order of lines of text scattered over a picture."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Item = TypeVar("Item")

# In units of the lower line's height. Lines of one block are close together and of about equal
# height; lines further apart, or much larger, belong to another block.
MAX_LINE_GAP = 0.8
MAX_WORD_GAP = 1.0
MAX_HEIGHT_RATIO = 1.8

_MIN_ROW_OVERLAP = 0.5

# A label over its number, as DAY over 100, in the same unit. Pairs are further apart than this, and
# than a label is from its number; any distance will do if the numbers are larger than the labels.
MAX_LABEL_HEIGHT_RATIO = 2.5
MAX_LABEL_SHIFT = 0.5
MIN_LABEL_DISTANCE = 0.5
MIN_LARGER_NUMBER = 1.2


def order_lines(boxes_xyxy: Sequence[Box], are_from_right: Sequence[bool | None] = ()) -> list[int]:
    """Order lines of text by blocks, rows and columns.

    Lines beside or below each other, near and of similar height, form a block. Lines are read by
    rows: from top to bottom, from left to right in a row; so are blocks, by their first lines.
    Two columns side by side are two blocks, read one after the other. Labels over their numbers
    (``find_labelled``) stay together, though the labels are as near to each other as words.

    Args:
        boxes_xyxy: N boxes x_min, y_min, x_max, y_max in pixels.
        are_from_right: Whether what follows each in its row is at its left; None for a line that
            goes with the others, as a number. A row begins at its right if most of its lines do.
            None are if empty.

    Returns:
        The N positions in reading order.

    Example:
        ``TUNING`` above ``200`` over ``HP`` at the left and ``700`` over ``HP`` at the right
        gives TUNING 200 HP 700 HP.
    """
    from_right: Sequence[bool | None] = are_from_right or [False] * len(boxes_xyxy)
    number_of = dict(find_labelled(boxes_xyxy))
    units = [
        [i, number_of[i]] if i in number_of else [i]
        for i in range(len(boxes_xyxy))
        if i not in number_of.values()
    ]
    around = [_bound(_pick(unit, boxes_xyxy)) for unit in units]
    order = _order_blocks(around, [_direction(_pick(unit, from_right)) for unit in units])
    return [i for number in order for i in units[number]]


def turn_over(boxes: Sequence[Box]) -> list[Box]:
    """Turn boxes by 180°, as those of a picture that is upside down."""
    return [(-x_max, -y_max, -x_min, -y_min) for x_min, y_min, x_max, y_max in boxes]


def find_labelled(boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """Find labels over their numbers: pairs of centred lines that stand beside another such pair.

    They are further from the other pair than the label is from its number, or the numbers are
    larger: neither holds for two rows of words. Three or more lines below each other, as in a
    numbered list, are none.

    Returns:
        The positions of each label and its number.

    Example:
        ``DAY`` over ``1`` beside ``DAY`` over ``100``.
    """
    pairs = [
        (i, j)
        for i, label in enumerate(boxes)
        for j, number in enumerate(boxes)
        if _is_label_of(label, number)
    ]
    pairs = [pair for pair in pairs if _is_apart(pair, pairs, boxes)]
    n_pairs = Counter(i for pair in pairs for i in pair)
    return [(i, j) for i, j in pairs if n_pairs[i] == n_pairs[j] == 1]


def _is_apart(
    pair: tuple[int, int], pairs: Sequence[tuple[int, int]], boxes: Sequence[Box]
) -> bool:
    """Whether a pair is beside another one, and only lines across both are above or below it."""
    others = [other for other in pairs if _stand_beside(_pick(pair, boxes), _pick(other, boxes))]
    linked = {i for other in pairs if set(other) & set(pair) for i in other} - set(pair)
    return bool(others) and all(
        _gap_x(boxes[i], _bound(_pick(other, boxes))) <= 0 for i in linked for other in others
    )


def _is_label_of(label: Box, number: Box) -> bool:
    low, high = sorted((_height(label), _height(number)))
    shift = abs(label[0] + label[2] - number[0] - number[2]) / 2
    gap = number[1] - label[3]
    return (
        high <= MAX_LABEL_HEIGHT_RATIO * low
        and shift <= MAX_LABEL_SHIFT * low
        and -_MIN_ROW_OVERLAP * low <= gap < MAX_LINE_GAP * low
    )


def _stand_beside(one: Sequence[Box], other: Sequence[Box]) -> bool:
    """Whether two pairs of a label and a number are beside each other, with a gap between them."""
    low = min(map(_height, (*one, *other)))
    gap = _gap_x(_bound(one), _bound(other))
    if min(_height(number) / _height(label) for label, number in (one, other)) > MIN_LARGER_NUMBER:
        least = 0.0
    else:
        least = max(MIN_LABEL_DISTANCE * low, _gap_y(*one), _gap_y(*other))
    return (
        all(
            max(map(_height, row)) <= MAX_HEIGHT_RATIO * min(map(_height, row))
            and _gap_y(*row) < -_MIN_ROW_OVERLAP * min(map(_height, row))
            for row in zip(one, other, strict=True)
        )
        and gap > least
    )


def _order_blocks(boxes_xyxy: Sequence[Box], from_right: Sequence[bool | None]) -> list[int]:
    blocks = [
        [block[i] for i in _order_rows(_pick(block, boxes_xyxy), _pick(block, from_right))]
        for block in _find_blocks(boxes_xyxy)
    ]
    firsts = [block[0] for block in blocks]
    order = _order_rows(_pick(firsts, boxes_xyxy), _pick(firsts, from_right))
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
    low, high = sorted((_height(one), _height(other)))
    if high > MAX_HEIGHT_RATIO * low:
        return False
    gap_x, gap_y = _gap_x(one, other), _gap_y(one, other)
    if gap_y < -_MIN_ROW_OVERLAP * low:
        return gap_x < MAX_WORD_GAP * low
    return gap_x < 0 and gap_y < MAX_LINE_GAP * low


def _height(box: Box) -> float:
    return box[3] - box[1]


def _gap_x(one: Box, other: Box) -> float:
    return max(one[0], other[0]) - min(one[2], other[2])


def _gap_y(one: Box, other: Box) -> float:
    return max(one[1], other[1]) - min(one[3], other[3])


def _bound(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _pick(chosen: Sequence[int], items: Sequence[Item]) -> list[Item]:
    return [items[i] for i in chosen]


def _order_rows(boxes: Sequence[Box], from_right: Sequence[bool | None]) -> list[int]:
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
            row, key=lambda i: boxes[i][0], reverse=bool(_direction(_pick(row, from_right)))
        )
    ]


def _direction(are_from_right: Sequence[bool | None]) -> bool | None:
    """Whether most lines of a row are from right to left; None if none has a direction."""
    known = [is_from_right for is_from_right in are_from_right if is_from_right is not None]
    return sum(known) > len(known) / 2 if known else None
