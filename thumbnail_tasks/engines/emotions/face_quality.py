"""Whether a face can be judged: large enough, sharp enough, and facing the viewer.

A flagged face keeps its emotion and probabilities; the flags say how reliable they are. The
thresholds for small and blurred are where the shipped emotion network loses about five points of
accuracy on FER2013's PublicTest, reduced or blurred; the one for turned was chosen by eye.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.emotions.fer2013 import crop_face, prepare_face
from thumbnail_tasks.engines.faces.dlib_landmarks import SOURCE_SHA256, load_landmark_finder
from thumbnail_tasks.pictures.decoding import ImageRGB

MIN_SIDE_PX: Final = 30
"""On 1,500 faces, reduced and stored as JPEG of quality 85, the network's accuracy drops by 2.1
points at a box of 37 pixels, 5.9 at 30, 9.1 at 27 and 14.1 at 24."""

MIN_SHARPNESS: Final = 0.42
"""Unchanged, none of the same faces is below it. Blurred by a Gaussian of 0.8 of their 48 pixels
(3.1 points lost), 25 % are; of 0.9 (5.0 points) 59 %, of 1.0 (7.7) 84 %, of 1.2 (17.4) 99 %.
Reduced to a box of 37 pixels, which also blurs, 3 % are. Of the 244 faces that dlib's HOG detector
finds on 282 thumbnails, two are: those that are visibly out of focus."""

MAX_TURN: Final = 0.3
"""Of 3,589 PublicTest faces 138 are above it: the previous network classified 0.56 of them
correctly, and 0.68 of the others. On thumbnails those above are in three-quarter view or profile; a
few full profiles, whose eyes the landmarks miss, are below."""

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""A Gaussian of standard deviation 1."""


class FaceQuality(NamedTuple):
    """Reasons not to trust the emotion of a face."""

    is_too_small: bool
    is_blurred: bool
    is_turned: bool


FaceJudge = Callable[[ImageRGB, Iterable[float]], FaceQuality]
"""Maps an RGB uint8 picture (H, W, 3) and a box in its pixels to the face's quality."""


def measure_side(box_xyxy: Iterable[float]) -> float:
    """The mean of a box's width and height, in its own pixels."""
    x_min, y_min, x_max, y_max = map(float, box_xyxy)
    return ((x_max - x_min) + (y_max - y_min)) / 2


def measure_sharpness(grey: NDArray[np.float32]) -> float:
    """The share of a picture's contrast between neighbours that a further slight blur removes.

    A sharp picture loses much, a blurred one little. The share does not depend on the picture's
    contrast and, unlike the variance of the Laplacian, only little on noise: of faces blurred by
    1.2 pixels it still finds 32 % under noise of 3 grey levels, the Laplacian 8 % (each flagging
    2 % of sharp faces of 40 pixels). After F. Crete et al., "The blur effect", 2007.

    Args:
        grey: (h, w) float32, at least 6 pixels each way, from ``prepare_face``.

    Returns:
        0 to 1; 0 for a picture of one colour.
    """
    blurred = _blur(_blur(grey).T).T
    before = _contrast(grey[2:-2, 2:-2])
    return 1 - _contrast(blurred) / before if before else 0.0


def _blur(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur vertically; the result lacks two rows at top and bottom."""
    height = len(picture) - len(_BINOMIAL) + 1
    blurred = np.zeros_like(picture[:height])
    for row, weight in enumerate(_BINOMIAL):
        blurred += np.float32(weight) * picture[row : row + height]
    return blurred


def _contrast(picture: NDArray[np.float32]) -> float:
    """Mean square difference between neighbours, down and across."""
    steps = (np.diff(picture, axis=axis) for axis in (0, 1))
    return sum(float(np.square(step).mean()) for step in steps)


def measure_turn(landmarks_xy: NDArray[np.float64]) -> float:
    """How far a face is turned to the side, from its eyes and its nose.

    Args:
        landmarks_xy: (5, 2): both corners of one eye, both of the other, the base of the nose.

    Returns:
        The distance of the nose from the middle between the eyes, along the line between them and
        in units of their distance: 0 from the front, also for a tilted head; about 0.3 in
        three-quarter view. Infinite if the eyes coincide.
    """
    left, right, nose = (
        landmarks_xy[0:2].mean(axis=0),
        landmarks_xy[2:4].mean(axis=0),
        landmarks_xy[4],
    )
    across = left - right
    distance = float(across @ across)
    return abs(float((nose - (left + right) / 2) @ across)) / distance if distance else float("inf")


@functools.cache
def load_face_judge() -> FaceJudge:
    """Load dlib's 5-point landmark model, once.

    Returns:
        The judge. It takes 4 ms per face, 3 of them for the landmarks (one busy core).

    Raises:
        WeightsError: The model is missing, or not the expected one.
    """
    find_landmarks = load_landmark_finder()

    def judge(image_rgb: ImageRGB, box_xyxy: Iterable[float]) -> FaceQuality:
        sharpness = measure_sharpness(prepare_face(crop_face(image_rgb, box_xyxy)))
        return FaceQuality(
            is_too_small=measure_side(box_xyxy) < MIN_SIDE_PX,
            is_blurred=sharpness < MIN_SHARPNESS,
            is_turned=measure_turn(find_landmarks(image_rgb, box_xyxy)) > MAX_TURN,
        )

    return judge


def describe() -> Mapping[str, Any]:
    """Everything that changes the flags, for the engine tag."""
    return {
        "min_side_px": MIN_SIDE_PX,
        "min_sharpness": MIN_SHARPNESS,
        "max_turn": MAX_TURN,
        "landmarks": SOURCE_SHA256,
    }
