"""The geometry of dlib's detectors, which scan many sizes of a picture on one canvas.

Rounding and order are dlib's, so that boxes equal its boxes to the pixel.

Source: dlib 20.0.1, ``image_transforms/image_pyramid.h`` (``compute_tiled_image_pyramid_details``,
``tiled_pyramid_to_image``), ``image_processing/box_overlap_testing.h`` and
``dnn/loss.h`` (``loss_mmod_``); Boost licence.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""(N, 4) left, top, right, bottom; as in dlib, the last column and row belong to the box."""

_RATE = 5 / 6
_PADDING_PX = 10
_OUTER_PADDING_PX = 11
_MIN_HEIGHT_PX = 5


class Level(NamedTuple):
    """One size of the picture, and its position on the canvas; in pixels."""

    left: int
    top: int
    width: int
    height: int


class Canvas(NamedTuple):
    """All sizes of a picture, the largest first."""

    width: int
    height: int
    levels: tuple[Level, ...]


def lay_out(width: int, height: int) -> Canvas:
    """Lay out a picture, repeatedly reduced by 5/6, on one canvas.

    The first sizes form a column on the left, from top to bottom; as soon as the next one fits
    beside them, the rest form a column on the right, from bottom to top. Gaps and borders are zero.

    Args:
        width: Width of the picture in pixels, 1 or more.
        height: Its height, 1 or more.
    """
    sizes = _shrink(width, height)
    n_left = _count_on_the_left(sizes)
    levels = []
    y = _OUTER_PADDING_PX
    for level_width, level_height in sizes[:n_left]:
        levels.append(Level(_OUTER_PADDING_PX, y, level_width, level_height))
        y += level_height + _PADDING_PX
    y -= _PADDING_PX
    canvas = Canvas(width + 2 * _OUTER_PADDING_PX, y + _OUTER_PADDING_PX, ())
    for level_width, level_height in sizes[n_left:]:
        if y - level_height < _OUTER_PADDING_PX + height:
            break  # it would overlap the largest; dlib leaves out the rest, too
        left = _OUTER_PADDING_PX + width - level_width
        levels.append(Level(left, y - level_height, level_width, level_height))
        y -= level_height + _PADDING_PX
    return canvas._replace(levels=tuple(levels))


def _shrink(width: int, height: int) -> list[tuple[int, int]]:
    sizes = [(width, height)]
    while True:
        width, height = int(_RATE * width), int(_RATE * height)
        if width == 0 or height < _MIN_HEIGHT_PX:
            return sizes
        sizes.append((width, height))


def _count_on_the_left(sizes: list[tuple[int, int]]) -> int:
    width, height = sizes[0]
    rest = sum(each + _PADDING_PX for _, each in sizes) - 2 * _PADDING_PX - height
    used = width_above = 0
    for count, (level_width, level_height) in enumerate(sizes):
        fits_beside = level_width <= width - width_above - _PADDING_PX
        if fits_beside and 2 * (used - height) >= rest:
            return count
        used += level_height + _PADDING_PX
        width_above = level_width
    return len(sizes)


def find_boxes(centres_xy: NDArray[np.int64], window_px: tuple[int, int], canvas: Canvas) -> Boxes:
    """Map windows on the canvas back to the picture.

    Args:
        centres_xy: (N, 2) centres of the windows, in pixels of the canvas.
        window_px: Width and height of a window.
        canvas: The layout of the levels. A window belongs to the level nearest to its centre.

    Returns:
        N boxes in whole pixels; they may extend beyond the picture.
    """
    levels = np.array(canvas.levels)
    first, size = levels[:, :2], levels[:, 2:]
    outside = np.maximum(first - centres_xy[:, None], centres_xy[:, None] - (first + size - 1))
    level = (np.maximum(outside, 0) ** 2).sum(axis=2).argmin(axis=1)
    reach = (np.array(window_px) - 1) / 2
    middles = centres_xy - first[level]
    boxes = np.concatenate([middles - reach, middles + reach], axis=1)
    for step in range(int(level.max(initial=0))):
        deeper = level > step
        boxes[deeper] = boxes[deeper] * (6 / 5) + 0.3
    return round_half_away(boxes)


def suppress(boxes: Boxes, max_overlap: float) -> list[int]:
    """Drop boxes that overlap a better one.

    Args:
        boxes: N boxes, the best first.
        max_overlap: Largest overlap allowed, 0 to 1: the area that two boxes share, of the area
            of the rectangle around both (not of their union).

    Returns:
        Indices of the boxes to keep, in order.
    """
    kept: list[int] = []
    for number, box in enumerate(boxes):
        others = boxes[kept]
        shared = _area(np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:]))
        around = _area(np.minimum(others[:, :2], box[:2]), np.maximum(others[:, 2:], box[2:]))
        if not (shared > max_overlap * around).any():
            kept.append(number)
    return kept


def _area(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.maximum(last - first + 1, 0)
    return sides[:, 0] * sides[:, 1]


def enlarged_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture after dlib's ``pyramid_up``."""
    return 2 * width + 2, 2 * height + 1


def shrink_boxes(boxes: Boxes, upsamplings: int) -> Boxes:
    """Map boxes back from a picture that was doubled this many times."""
    for _ in range(upsamplings):
        boxes = boxes / 2 - (1.25, 0.75, 1.25, 0.75)
    return round_half_away(boxes)


def round_half_away(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round like C's ``lround``: halves away from zero, where NumPy rounds to even."""
    return np.trunc(values + np.copysign(0.5, values))
