"""The network of dlib's CNN face detector in TensorFlow, from pictures to maps of scores."""

import functools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.faces.dlib_models import find_model
from thumbnail_tasks.engines.faces.dlib_pyramid import Canvas, enlarged_size
from thumbnail_tasks.engines.faces.dlib_weights import Floats, Network, parse_network
from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow

WEIGHTS_FILE: Final = "mmod_human_face_detector.dat"
WEIGHTS_SHA256: Final = "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"

STRIDE_PX: Final = 8
FIRST_PX: Final = 14
"""Positions of the scores on the canvas: three convolutions of 5×5, stride 2, no padding."""
MIN_CANVAS_PX: Final = 2 * FIRST_PX + 1
"""Minimum width and height of a canvas with a score."""

Scorer = Callable[[NDArray[np.uint8], int, Canvas], Floats]
"""Maps (B, H, W, 3) pictures, a number of upsamplings and the layout of the enlarged picture to
(B, rows, columns) scores."""


@functools.cache
def load_network() -> tuple[Network, Scorer]:
    """Load the network, once.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
    """
    network = parse_network(read_weights(find_model(WEIGHTS_FILE), WEIGHTS_SHA256))
    tf = load_tensorflow()

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)], autograph=False
    )
    def convolve(values: Any) -> Any:
        for layer in network.layers[:-1]:
            padding = "SAME" if layer.padding else "VALID"
            values = tf.nn.conv2d(values, layer.kernel, layer.stride, padding)
            values = tf.nn.relu(values + layer.bias)
        # A kernel with one output channel leaves a CPU's vector units empty: computing its rows
        # as nine channels, then their sum, takes 6 ms instead of 31.
        last = network.layers[-1]
        rows = last.kernel.transpose(3, 1, 2, 0)
        values = tf.nn.conv2d(values, rows, 1, "SAME")
        values = tf.nn.conv2d(values, np.eye(len(last.kernel))[:, None, :, None], 1, "SAME")
        return values[..., 0] + last.bias

    def resize(values: Any, width: int, height: int) -> Any:
        return tf.raw_ops.ResizeBilinear(images=values, size=(height, width), align_corners=True)

    def score(images_rgb: NDArray[np.uint8], upsamplings: int, canvas: Canvas) -> Floats:
        values = tf.cast(images_rgb, tf.float32)
        for _ in range(upsamplings):
            height, width = values.shape[1:3]
            values = tf.floor(resize(values, *enlarged_size(width, height)))  # uint8, as in dlib
        values = (values - network.mean_rgb) / 256
        canvases = np.zeros((len(images_rgb), canvas.height, canvas.width, 3), np.float32)
        for level in canvas.levels:
            values = resize(values, level.width, level.height)
            rows = slice(level.top, level.top + level.height)
            canvases[:, rows, level.left : level.left + level.width] = values
        return np.asarray(convolve(canvases))

    return network, score
