"""Compute dlib's scores only where faces may be.

The scores in the middle of a crop of the canvas are those of the whole canvas, since the network
sees at most ``MARGIN`` scores in each direction: a convolution of 9×9 and three of 5×5, at the
scores' stride. Places and sizes of crops are in scores.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.dlib_network import FIRST_PX, STRIDE_PX, WINDOW_PX, Floats
from thumbnail_tasks.engines.faces.dlib_pyramid import Boxes, Canvas

MARGIN: Final = 9 // 2 + 3 * (5 // 2)
"""Scores of a crop, beside its edges, that are not those of the whole canvas."""
REACH: Final = 2
"""Scores that are computed around a place at least, in each direction."""
CROP: Final = 2 * (MARGIN + REACH) + 1
"""Width and height of a crop."""
CROP_PX: Final = (CROP - 1) * STRIDE_PX + 2 * FIRST_PX + 1
MAX_STEPS: Final = 2.5
"""Of the pyramid, from the size of a box to that of the window in a level that is looked at: dlib's
best level is within 1.2 steps for 95 % of 259 faces on thumbnails, within 1.8 for all, and within
2.9 in crowds. With 1.75 one face of 375 is lost, in 0.9 of the time (2026-11-29)."""
MIN_SIDE: Final = 0.5
"""In windows of the largest level: smaller boxes are left out."""

Places = NDArray[np.int64]
"""(N, 2) row and column of scores."""


def count_scores(canvas: Canvas) -> tuple[int, int]:
    """Rows and columns of the scores of a canvas, which has ``MIN_CANVAS_PX`` or more each way."""
    rows, columns = (
        (side - 2 * FIRST_PX - 1) // STRIDE_PX + 1 for side in (canvas.height, canvas.width)
    )
    return rows, columns


def find_places(boxes_xyxy: Boxes, width: int, canvas: Canvas) -> Places:
    """The places on a canvas whose windows are about some boxes.

    Args:
        boxes_xyxy: (N, 4) boxes as dlib would draw them, in pixels of the picture.
        width: Of the picture, in pixels.
        canvas: The layout of its levels.

    Returns:
        (M, 2): of each box, one in each of the levels that are near its size.
    """
    levels = np.array(canvas.levels, np.float64)
    scales = levels[:, 2] / width  # pixels of the level per pixel of the picture
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    sides = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).mean(axis=1)
    in_windows = sides[:, np.newaxis] * scales / WINDOW_PX[0]
    is_large_enough = in_windows[:, 0] >= MIN_SIDE
    in_windows[:, 0] = np.maximum(in_windows[:, 0], 1)  # no level is larger
    steps = np.abs(np.log(in_windows)) / np.log(6 / 5)
    boxes, chosen = np.nonzero((steps <= MAX_STEPS) & is_large_enough[:, np.newaxis])
    on_canvas = levels[chosen, :2] + centres[boxes] * scales[chosen, np.newaxis]
    places = np.round((on_canvas - FIRST_PX) / STRIDE_PX).astype(np.int64)[:, ::-1]
    return np.clip(places, 0, np.array(count_scores(canvas)) - 1)


def choose_crops(places: Places, shape: tuple[int, int]) -> Places:
    """First row and column of crops that have the scores around some places.

    Args:
        places: (N, 2).
        shape: Rows and columns of the scores of the whole canvas, at least ``CROP`` each.

    Returns:
        (M, 2), at most one for each place: none is chosen for scores that an earlier one has.
    """
    chosen: list[NDArray[np.int64]] = []
    for place in places:
        first, end = np.maximum(place - REACH, 0), np.minimum(place + REACH + 1, shape)
        exact_parts = (_exact_part(crop, shape) for crop in chosen)
        if not any((start <= first).all() and (end <= stop).all() for start, stop in exact_parts):
            chosen.append(np.clip(place - CROP // 2, 0, np.array(shape) - CROP))
    return np.array(chosen, np.int64).reshape(-1, 2)


def score_crops(
    pixels: Floats, crops: Places, shape: tuple[int, int], score: Callable[[Floats], Floats]
) -> Floats:
    """Compute the scores of some crops of a canvas.

    Args:
        pixels: (3, H, W), the canvas.
        crops: (N, 2), N at least 1.
        shape: Rows and columns of the scores of the whole canvas.
        score: Maps crops, (N, 3, ``CROP_PX``, ``CROP_PX``), to scores, (N, ``CROP``, ``CROP``).

    Returns:
        (rows, columns); -inf where nothing was computed.
    """
    parts = [
        pixels[:, top : top + CROP_PX, left : left + CROP_PX] for top, left in crops * STRIDE_PX
    ]
    scores = np.full(shape, -np.inf, np.float32)
    for crop, part in zip(crops, score(np.stack(parts)), strict=True):
        (top, left), (bottom, right) = _exact_part(crop, shape)
        row, column = crop
        exact = part[top - row : bottom - row, left - column : right - column]
        scores[top:bottom, left:right] = exact
    return scores


def _exact_part(
    crop: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row and column, and their ends, of a crop's scores that are those of the canvas."""
    first = np.where(crop == 0, 0, crop + MARGIN)
    end = np.where(crop + CROP == shape, shape, crop + CROP - MARGIN)
    return first, end
