"""dlib's scores of a picture: everywhere, or only where CenterFace proposes faces."""

import functools
from collections.abc import Callable

import numpy as np

from thumbnail_tasks.engines.faces.centerface import load_proposer
from thumbnail_tasks.engines.faces.dlib_crops import (
    CROP,
    choose_crops,
    count_scores,
    find_places,
    score_crops,
)
from thumbnail_tasks.engines.faces.dlib_network import Floats, load_network
from thumbnail_tasks.engines.faces.dlib_pyramid import Boxes, Canvas
from thumbnail_tasks.pictures.decoding import ImageRGB

_SCALE = 0.25
_CENTRE_Y = 0.0
_SIDE = 1.0

Scorer = Callable[[ImageRGB, int, Canvas], Floats]
"""Maps a picture (H, W, 3), a number of upsamplings and the layout of the enlarged picture to
(rows, columns) scores; -inf where none was computed."""


@functools.cache
def load_scorer(min_proposal: float) -> Scorer:
    """Load the networks.

    Args:
        min_proposal: CenterFace's score, 0 to 1, at which dlib's network looks at a place; 0: it
            looks everywhere.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    network = load_network()

    def score_all(image_rgb: ImageRGB, upsamplings: int, canvas: Canvas) -> Floats:
        return network.score(network.draw(image_rgb, upsamplings, canvas)[np.newaxis])[0]

    if min_proposal == 0:
        return score_all
    propose = load_proposer()

    def score_proposed(image_rgb: ImageRGB, upsamplings: int, canvas: Canvas) -> Floats:
        rows, columns = shape = count_scores(canvas)
        if min(shape) < CROP:
            return score_all(image_rgb, upsamplings, canvas)
        proposals = propose(image_rgb, _SCALE * 2**upsamplings, min_proposal)
        height, width = image_rgb.shape[:2]
        places = find_places(draw_as_dlib(proposals.boxes_xyxy), (width, height), canvas)
        crops = choose_crops(places, shape)
        if len(crops) * CROP**2 >= rows * columns:
            return score_all(image_rgb, upsamplings, canvas)
        if not len(crops):
            return np.full(shape, -np.inf, np.float32)
        pixels = network.draw(image_rgb, upsamplings, canvas)
        return score_crops(pixels, crops, shape, network.score)

    return score_proposed


def draw_as_dlib(boxes_xyxy: Floats) -> Boxes:
    """CenterFace's boxes, from the forehead to the chin, as dlib draws them."""
    raise NotImplementedError
