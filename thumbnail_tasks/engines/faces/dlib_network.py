"""The network of dlib's CNN face detector on ONNX Runtime, from a picture to a map of scores."""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.dlib_pyramid import Canvas, enlarged_size
from thumbnail_tasks.engines.faces.weights import WEIGHTS_DIR
from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.pictures.decoding import ImageRGB

Floats = NDArray[np.float32]

NETWORK_SHA256: Final = "dde34cdca0bb43f865f72b6f4ba4c96bf523579fc46578ccfa844081d93db05e"
RESIZE_SHA256: Final = "cad20fa96c50911d93a4901e3633a7aa2bbdd8592c4e728433aa08c21d459993"

STRIDE_PX: Final = 8
FIRST_PX: Final = 14
"""Positions of the scores on the canvas: three convolutions of 5×5, stride 2, no padding."""
MIN_CANVAS_PX: Final = 2 * FIRST_PX + 1
"""Minimum width and height of a canvas with a score."""
WINDOW_PX: Final = (80, 80)
"""Width and height of the window of a score, on the canvas."""
MAX_OVERLAP: Final = 0.3382761351109955
"""Of two boxes that overlap more, the one with the lower score is dropped."""

_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)[:, None, None]
_RESIZE_ERROR = np.float32(1 / 8192)
"""Interpolation between equal colours may be less than them by a rounding error, up to 6e-5."""


class Network(NamedTuple):
    """The network, and what it looks at."""

    draw: Callable[[ImageRGB, int, Canvas], Floats]
    """Maps a picture (H, W, 3), a number of upsamplings and the layout of the enlarged picture to
    the canvas, (3, canvas height, canvas width)."""
    score: Callable[[Floats], Floats]
    """Maps B parts of a canvas, (B, 3, H, W), to their scores, (B, rows, columns)."""


def check_network() -> None:
    """Check the network's files, and that ONNX Runtime sees this process's GPU.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    _read_network()
    _read_resizer()
    check_gpu()


def _read_network() -> bytes:
    return read_weights(WEIGHTS_DIR / "detector.onnx", NETWORK_SHA256)


def _read_resizer() -> bytes:
    return read_weights(WEIGHTS_DIR / "resize.onnx", RESIZE_SHA256)


@functools.cache
def load_network() -> Network:
    """Load the network, once.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    network = open_session(_read_network())
    # On the CPU in any case, so that a GPU sees the same canvas, to the last bit.
    resizer = open_session(_read_resizer(), is_on_cpu=True)

    def resize(values: Floats, width: int, height: int) -> Floats:
        shape = np.array([1, 3, height, width], np.int64)
        (resized,) = resizer.run(None, {"values": values, "shape": shape})
        return np.asarray(resized)

    def draw(image_rgb: ImageRGB, upsamplings: int, canvas: Canvas) -> Floats:
        values: Floats = image_rgb.transpose(2, 0, 1)[None].astype(np.float32)
        for _ in range(upsamplings):
            height, width = values.shape[2:]
            enlarged = resize(values, *enlarged_size(width, height))
            values = np.floor(enlarged + _RESIZE_ERROR)  # uint8, as in dlib
        values = (values - _MEAN_RGB) / np.float32(256)
        levels = np.zeros((3, canvas.height, canvas.width), np.float32)
        for level in canvas.levels:
            values = resize(values, level.width, level.height)
            columns = slice(level.left, level.left + level.width)
            levels[:, level.top : level.top + level.height, columns] = values[0]
        return levels

    def score(parts: Floats) -> Floats:
        (scores,) = network.run(None, {"canvas": parts})
        return np.asarray(scores)

    return Network(draw, score)
