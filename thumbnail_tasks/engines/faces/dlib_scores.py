"""dlib's scores of a picture: everywhere, or only where CenterFace proposes faces.

On 343 pictures, of which 317 are thumbnails, both find the same 375 boxes: CenterFace gives all of
them a score of 0.37 or more. Thumbnails take 0.24 of the processor time (2026-11-29; ``benchmarks/
face_detection.py`` measures it, docs/ACCURACY.md has more).
"""

import functools
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from thumbnail_tasks.engines.faces.centerface import Proposals, load_proposer, read_proposer
from thumbnail_tasks.engines.faces.dlib_crops import (
    CROP,
    MAX_STEPS,
    MIN_SIDE,
    REACH,
    choose_crops,
    count_scores,
    find_places,
    score_crops,
)
from thumbnail_tasks.engines.faces.dlib_network import Floats, check_network, load_network
from thumbnail_tasks.engines.faces.dlib_pyramid import Boxes, Canvas
from thumbnail_tasks.pictures.decoding import ImageRGB

Scorer = Callable[[ImageRGB, int, Canvas], Floats]
"""Maps a picture (H, W, 3), a number of upsamplings and the layout of the enlarged picture to
(rows, columns) scores; -inf where none was computed."""

PROPOSER_SCALE: Final = 0.25
"""Of the enlarged picture as CenterFace sees it: dlib's window is 20 pixels wide there."""
MIN_CROPS: Final = 4
"""On a canvas of fewer, as that of a picture of 120×90, dlib's network alone is as fast."""
PLACES: Final[Mapping[str, float]] = {
    "scale": PROPOSER_SCALE,
    "steps": MAX_STEPS,
    "reach": REACH,
    "min_side": MIN_SIDE,
}
"""What else says where dlib's network looks, for engine tags."""
_SIDE = 1 / 1.05
_CENTRE_X = -0.05
_CENTRE_Y = -0.025
"""dlib's box beside CenterFace's: the side of a square of the same area, and the centre's position,
in dlib's sides. Means of 279 faces on thumbnails."""


def check_networks(min_proposal: float) -> None:
    """Check the files of the networks, and that ONNX Runtime sees this process's GPU.

    Args:
        min_proposal: As for ``load_scorer``.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    check_network()
    if min_proposal:
        read_proposer()


@functools.cache
def load_scorer(min_proposal: float) -> Scorer:
    """Load the networks.

    Args:
        min_proposal: CenterFace's score, 0 to 1, from which dlib's network looks at a place; 0: it
            looks everywhere.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    network = load_network()

    def score_all(image_rgb: ImageRGB, upsamplings: int, canvas: Canvas) -> Floats:
        pixels = network.draw(image_rgb, upsamplings, canvas)
        scores: Floats = network.score(pixels[np.newaxis])[0]
        return scores

    if min_proposal == 0:
        return score_all
    propose = load_proposer()

    def score_proposed(image_rgb: ImageRGB, upsamplings: int, canvas: Canvas) -> Floats:
        rows, columns = shape = count_scores(canvas)
        max_crops = rows * columns // CROP**2
        if min(shape) < CROP or max_crops < MIN_CROPS:
            return score_all(image_rgb, upsamplings, canvas)
        proposals = propose(image_rgb, PROPOSER_SCALE * 2**upsamplings, min_proposal)
        places = find_places(draw_as_dlib(proposals), image_rgb.shape[1], canvas)
        crops = choose_crops(places, shape)
        if len(crops) > max_crops:
            return score_all(image_rgb, upsamplings, canvas)
        if not len(crops):
            return np.full(shape, -np.inf, np.float32)
        pixels = network.draw(image_rgb, upsamplings, canvas)
        return score_crops(pixels, crops, shape, network.score)

    return score_proposed


def draw_as_dlib(proposals: Proposals) -> Boxes:
    """CenterFace's boxes, from the forehead to the chin, as squares as dlib would draw them."""
    first, end = proposals.boxes_xyxy[:, :2], proposals.boxes_xyxy[:, 2:]
    sides = np.sqrt((end - first).prod(axis=1, keepdims=True)) * _SIDE
    centres = (first + end) / 2 + sides * (_CENTRE_X, _CENTRE_Y)
    return np.hstack([centres - sides / 2, centres + sides / 2])
