"""Compute dlib's scores only where faces may be.

The scores in the middle of a crop of the canvas are those of the whole canvas, since its network
sees at most ``MARGIN`` scores in each direction: a convolution of 9×9 and three of 5×5, at the
scores' stride. Positions and sizes of crops are in scores.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.dlib_network import FIRST_PX, STRIDE_PX, WINDOW_PX, Floats
from thumbnail_tasks.engines.faces.dlib_pyramid import Boxes, Canvas, enlarged_size

MARGIN: Final = 9 // 2 + 3 * (5 // 2)
"""Scores of a crop, beside its edges, that are not those of the whole canvas."""
REACH: Final = 3
"""Scores around the place of a proposal that are computed at least, in each direction."""
CROP: Final = 2 * (MARGIN + REACH) + 1
"""Width and height of a crop."""
CROP_PX: Final = (CROP - 1) * STRIDE_PX + 2 * FIRST_PX + 1
NEAR_LEVELS: Final = 1
"""Levels above and below the one in which a proposal has the size of the window."""

Places = NDArray[np.int64]
"""(N, 2) row and column of scores."""


def count_scores(canvas: Canvas) -> tuple[int, int]:
    """Rows and columns of the scores of a canvas, which is at least ``MIN_CANVAS_PX`` wide."""
    rows, columns = (
        (side - 2 * FIRST_PX - 1) // STRIDE_PX + 1 for side in (canvas.height, canvas.width)
    )
    return rows, columns


def find_places(boxes_xyxy: Boxes, size_wh: tuple[int, int], canvas: Canvas) -> Places:
    """The scores of a canvas that are about some boxes.

    Args:
        boxes_xyxy: (N, 4) boxes as dlib would draw them, in pixels of the picture.
        size_wh: Width and height of the picture.
        canvas: The layout of its levels.

    Returns:
        (M, 2): of each box, one in each of the levels that are near its size.
    """
    levels = np.array(canvas.levels)
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    sides = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).mean(axis=1)
    windows = WINDOW_PX[0] * size_wh[0] / levels[:, 2]  # their sides, in pixels of the picture
    nearest = np.abs(np.log(sides[:, None] / windows)).argmin(axis=1)
    numbers, steps = np.meshgrid(
        np.arange(len(boxes_xyxy)), np.arange(-NEAR_LEVELS, NEAR_LEVELS + 1), indexing="ij"
    )
    numbers, wanted = numbers.ravel(), nearest[numbers.ravel()] + steps.ravel()
    exists = (wanted >= 0) & (wanted < len(levels))
    numbers, wanted = numbers[exists], wanted[exists]
    scale = levels[wanted, 2:] / size_wh
    on_canvas = levels[wanted, :2] + centres[numbers] * scale
    places = np.round((on_canvas - FIRST_PX) / STRIDE_PX).astype(np.int64)[:, ::-1]
    return np.clip(places, 0, np.array(count_scores(canvas)) - 1)


def choose_crops(places: Places, shape: tuple[int, int]) -> Places:
    """First row and column of the crops that have the scores around some places.

    Args:
        places: (N, 2).
        shape: Rows and columns of the whole canvas, at least ``CROP`` each.

    Returns:
        (M, 2), at most one for each place: crops are left out if another one has their scores.
    """
    chosen: list[NDArray[np.int64]] = []
    last = np.array(shape) - CROP
    for place in places:
        first = np.clip(place - REACH, 0, None)
        end = np.clip(place + REACH + 1, None, shape)
        if not any(
            (exact_first <= first).all() and (end <= exact_end).all()
            for exact_first, exact_end in (_exact_part(crop, shape) for crop in chosen)
        ):
            chosen.append(np.clip(place - CROP // 2, 0, last))
    return np.array(chosen, np.int64).reshape(-1, 2)


def _exact_part(
    crop: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row and column, and their ends, of a crop's scores that are those of the canvas."""
    first = np.where(crop == 0, 0, crop + MARGIN)
    end = np.where(crop + CROP == shape, shape, crop + CROP - MARGIN)
    return first, end


def score_crops(
    pixels: Floats, crops: Places, shape: tuple[int, int], score: Callable[[Floats], Floats]
) -> Floats:
    """Compute the scores of some crops of a canvas.

    Args:
        pixels: (3, H, W), the canvas.
        crops: (N, 2), N at least 1.
        shape: Rows and columns of the whole canvas.
        score: Maps crops, (N, 3, ``CROP_PX``, ``CROP_PX``), to scores, (N, ``CROP``, ``CROP``).

    Returns:
        (rows, columns), -inf where nothing was computed.
    """
    corners = crops * STRIDE_PX
    parts = [pixels[:, top : top + CROP_PX, left : left + CROP_PX] for top, left in corners]
    scores = np.full(shape, -np.inf, np.float32)
    for crop, part in zip(crops, score(np.stack(parts)), strict=True):
        first, end = _exact_part(crop, shape)
        inside = tuple(slice(*each) for each in zip(first - crop, end - crop, strict=True))
        scores[tuple(slice(*each) for each in zip(first, end, strict=True))] = part[inside]
    return scores
