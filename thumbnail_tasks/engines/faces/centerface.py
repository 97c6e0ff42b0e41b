"""CenterFace on ONNX Runtime: where faces may be, for dlib's network to look at.

The network and its weights are Star-Clouds' (``weights/faces/MODEL_CARD.md``); Y. Xu, W. Yan and
others, "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019. It looks at a
picture once, at a quarter of the width that dlib's network needs, instead of at 25 sizes.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.weights import WEIGHTS_DIR
from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.pictures.decoding import ImageRGB

PROPOSER_SHA256: Final = "1e81f159986103a158ddfcff305d04c26f0d4aea887d12e9afea7a62fc2a0019"

Floats = NDArray[np.float32]

_STRIDE_PX = 4
_STEP_PX = 32
"""Width and height of the network's input are multiples of this."""


class Proposals(NamedTuple):
    """Where faces may be on a picture, in its pixels."""

    boxes_xyxy: Floats
    """(N, 4) from the forehead to the chin; they may extend beyond the picture."""
    scores: Floats
    """(N,), 0 to 1."""


Proposer = Callable[[ImageRGB, float, float], Proposals]
"""Maps a picture (H, W, 3), the scale at which to look at it, and the lowest score that counts, to
proposals."""


def read_proposer() -> bytes:
    """Read the network, which is checked but not loaded.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
    """
    return read_weights(WEIGHTS_DIR / "centerface.onnx", PROPOSER_SHA256)


@functools.cache
def load_proposer() -> Proposer:
    """Load the network, once.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    network = open_session(read_proposer())

    def propose(image_rgb: ImageRGB, scale: float, min_score: float) -> Proposals:
        scaled = scale_picture(image_rgb, scale)
        maps = network.run(None, {"picture": scaled[np.newaxis]})
        scores, log_sizes, offsets = (each[0] for each in maps)
        found = read_peaks(scores[0], log_sizes, offsets, min_score)
        (height, width), (scaled_height, scaled_width) = image_rgb.shape[:2], scaled.shape[:2]
        ratio = np.array([width / scaled_width, height / scaled_height] * 2, np.float32)
        return found._replace(boxes_xyxy=found.boxes_xyxy * ratio)

    return propose


def scale_picture(image_rgb: ImageRGB, scale: float) -> ImageRGB:
    """Scale a picture, and stretch it to the next multiples of 32, as upstream does."""
    import cv2  # heavy

    height, width = (
        max(_STEP_PX, -(-int(side * scale) // _STEP_PX) * _STEP_PX) for side in image_rgb.shape[:2]
    )
    scaled: ImageRGB = cv2.resize(image_rgb, (width, height), interpolation=cv2.INTER_AREA)
    return scaled


def read_peaks(scores: Floats, log_sizes: Floats, offsets: Floats, min_score: float) -> Proposals:
    """The boxes at the peaks of a map of scores.

    Args:
        scores: (rows, columns), 0 to 1; a place is a peak if no neighbour, of eight, is higher.
        log_sizes: (2, rows, columns) logarithms of height and width, in steps of four pixels.
        offsets: (2, rows, columns) of the centre from the place, down and right, in the same steps.
        min_score: Lower scores do not count.
    """
    import cv2  # heavy

    highest = cv2.dilate(scores, np.ones((3, 3), np.uint8))  # of each place and its neighbours
    rows, columns = np.nonzero((scores >= min_score) & (scores >= highest))
    places = np.stack([rows, columns])
    centres = places + offsets[:, rows, columns] + np.float32(0.5)
    reach = np.exp(log_sizes[:, rows, columns]) / 2
    first, end = ((centres + sign * reach) * _STRIDE_PX for sign in (-1, 1))
    boxes = np.stack([first[1], first[0], end[1], end[0]], axis=1).astype(np.float32)
    return Proposals(boxes, scores[rows, columns])
