"""dlib's 5-point landmark model: the corners of the eyes and the base of the nose, in NumPy.

Rounds of regression trees move the landmarks of a mean face towards those of the face (V. Kazemi
and J. Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", 2014). Order
and rounding are dlib's: of 2,654 boxes, 502 of them faces, the landmarks of all equal dlib's to the
pixel (2026-11-28). dlib itself takes 1.3 ms for a box, this 3.

Source: dlib 20.0.1, ``image_processing/shape_predictor.h``, ``geometry/point_transforms.h``
(Boost licence). ``weights/faces/MODEL_CARD.md`` describes the weights.
"""

import functools
import io
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.weights import WEIGHTS_DIR
from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.pictures.decoding import ImageRGB

LANDMARKS_SHA256: Final = "c1c7e1a40219d35bb0b762f834ee66709a20c75931deb76e494b1bef92d66f58"
SOURCE_SHA256: Final = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"
"""Of dlib's own file, for engine tags: its landmarks are the same."""

LandmarkFinder = Callable[[ImageRGB, Iterable[float]], NDArray[np.float64]]
"""Maps an RGB uint8 picture (H, W, 3) and a box x_min, y_min, x_max, y_max to (5, 2) landmarks x, y
in whole pixels of the picture: both corners of one eye, both of the other, the base of the nose."""

_Floats = NDArray[np.float32]


class _Model(NamedTuple):
    """C rounds of T trees with S splits each; a round looks at P pixels."""

    initial_xy: _Floats
    """Mean position of each landmark, 0 to 1 in the box; (5, 2)."""
    anchors: NDArray[np.uint8]
    """The landmark that a pixel is near; (C, P)."""
    offsets_xy: _Floats
    """The pixel's offset from it, in the frame of ``initial_xy``; (C, P, 2)."""
    pixels: NDArray[np.uint16]
    """The two pixels that a split subtracts; (C, T, S, 2)."""
    thresholds: _Floats
    """A split goes to its left child if the difference is greater; (C, T, S)."""
    leaves_xy: _Floats
    """What a leaf adds to the landmarks; (C, T, S + 1, 5, 2)."""


def read_landmarks() -> bytes:
    """Read the model, which is checked but not loaded.

    Raises:
        WeightsError: The model is missing, or not the expected one.
    """
    return read_weights(WEIGHTS_DIR / "landmarks.npz", LANDMARKS_SHA256)


@functools.cache
def load_landmark_finder() -> LandmarkFinder:
    """Load the model, once.

    Raises:
        WeightsError: The model is missing, or not the expected one.
    """
    with np.load(io.BytesIO(read_landmarks()), allow_pickle=False) as arrays:
        model = _Model(**arrays)
    _, n_trees, n_splits = model.thresholds.shape
    trees = np.arange(n_trees)

    def find(image_rgb: ImageRGB, box_xyxy: Iterable[float]) -> NDArray[np.float64]:
        edges = np.array([round(float(edge)) for edge in box_xyxy], np.float64)
        first, size = edges[:2], edges[2:] - 1 - edges[:2]  # the last column and row belong to it
        shape_xy = model.initial_xy
        for number in range(len(model.anchors)):
            turned = turn(model.offsets_xy[number], model.initial_xy, shape_xy)
            positions = first + size * (turned + shape_xy[model.anchors[number]])
            greys = read_greys(image_rgb, np.floor(positions + 0.5).astype(np.int64))
            pixels, thresholds = model.pixels[number], model.thresholds[number]
            node = np.zeros(n_trees, np.int64)
            while node[0] < n_splits:  # the trees are complete: all reach their leaves together
                one, other = greys[pixels[trees, node]].T
                node = 2 * node + np.where(one - other > thresholds[trees, node], 1, 2)
            steps = model.leaves_xy[number][trees, node - n_splits]
            shape_xy = np.concatenate([shape_xy[None], steps]).sum(axis=0)  # one by one, as in dlib
        return np.floor(first + size * shape_xy + 0.5)

    return find


def turn(offsets_xy: _Floats, reference_xy: _Floats, shape_xy: _Floats) -> _Floats:
    """Turn and scale offsets as the landmarks are turned and scaled.

    Args:
        offsets_xy: (P, 2), in the frame of ``reference_xy``.
        reference_xy: (L, 2).
        shape_xy: (L, 2), which a rotation, a scaling and a shift of ``reference_xy`` approximate
            with the least squares (S. Umeyama, 1991).

    Returns:
        (P, 2).
    """
    # As complex numbers, a rotation with a scaling is one factor.
    reference, shape = (
        points[:, 0] + 1j * points[:, 1] - complex(*points.mean(axis=0, dtype=np.float64))
        for points in (reference_xy.astype(np.float64), shape_xy.astype(np.float64))
    )
    factor = np.vdot(reference, shape) / np.vdot(reference, reference)
    matrix = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]], np.float32)
    return offsets_xy[:, :1] * matrix[:, 0] + offsets_xy[:, 1:] * matrix[:, 1]


def read_greys(image_rgb: ImageRGB, positions_xy: NDArray[np.int64]) -> _Floats:
    """The mean of the three colours at some pixels, without its fraction; 0 outside the picture."""
    height, width = image_rgb.shape[:2]
    columns, rows = positions_xy.T
    is_inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    greys = np.zeros(len(positions_xy), np.float32)
    colours = image_rgb[rows[is_inside], columns[is_inside]]
    greys[is_inside] = colours.sum(axis=1, dtype=np.int64) // 3
    return greys
