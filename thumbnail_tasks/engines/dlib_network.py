"""The network of dlib's CNN face detector, run by TensorFlow: pictures in, maps of scores out."""

import contextlib
import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines import read_weights
from thumbnail_tasks.engines.dlib_pyramid import Canvas, enlarged_size
from thumbnail_tasks.engines.dlib_weights import Floats, Network, parse_network
from thumbnail_tasks.errors import WeightsError

WEIGHTS_SHA256: Final = "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"

STRIDE_PX: Final = 8
FIRST_PX: Final = 14
"""Where on the canvas the scores stand: three convolutions of 5×5 with stride 2, no padding."""
MIN_CANVAS_PX: Final = 2 * FIRST_PX + 1
"""A canvas less wide or high has no score."""

Scorer = Callable[[NDArray[np.uint8], int, Canvas], Floats]
"""Maps (B, H, W, 3) pictures, a number of upsamplings and the layout of the enlarged picture to
(B, rows, columns) scores."""


@functools.cache
def load_network() -> tuple[Network, Scorer]:
    """Load the network, once.

    Raises:
        WeightsError: The weights are missing or are others.
    """
    network = parse_network(read_weights(_find_weights(), WEIGHTS_SHA256))
    # keras-ocr may follow in this process; TensorFlow reads this once.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    with _silence():
        import tensorflow as tf

        tf.config.list_logical_devices()  # a machine without a graphics card is told so
    # Graphics cards would round to 10 bits; the scores are to be the same there.
    tf.config.experimental.enable_tensor_float_32_execution(False)

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)], autograph=False
    )
    def convolve(values: tf.Tensor) -> tf.Tensor:
        for layer in network.layers[:-1]:
            padding = "SAME" if layer.padding else "VALID"
            values = tf.nn.conv2d(values, layer.kernel, layer.stride, padding)
            values = tf.nn.relu(values + layer.bias)
        # A kernel with one channel out leaves a processor's vectors empty: its rows one by one,
        # as nine channels, then their sum take 6 ms instead of 31.
        last = network.layers[-1]
        rows = last.kernel.transpose(3, 1, 2, 0)
        values = tf.nn.conv2d(values, rows, 1, "SAME")
        values = tf.nn.conv2d(values, np.eye(len(last.kernel))[:, None, :, None], 1, "SAME")
        return values[..., 0] + last.bias

    def resize(values: tf.Tensor, width: int, height: int) -> tf.Tensor:
        return tf.raw_ops.ResizeBilinear(images=values, size=(height, width), align_corners=True)

    def score(images_rgb: NDArray[np.uint8], upsamplings: int, canvas: Canvas) -> Floats:
        values = tf.cast(images_rgb, tf.float32)
        for _ in range(upsamplings):
            height, width = values.shape[1:3]
            values = tf.floor(resize(values, *enlarged_size(width, height)))  # bytes, as in dlib
        values = (values - network.mean_rgb) / 256
        canvases = np.zeros((len(images_rgb), canvas.height, canvas.width, 3), np.float32)
        for level in canvas.levels:
            values = resize(values, level.width, level.height)
            rows = slice(level.top, level.top + level.height)
            canvases[:, rows, level.left : level.left + level.width] = values
        return np.asarray(convolve(canvases))

    return network, score


def _find_weights() -> Path:
    """Where the file lies, without importing its package, which asks for pkg_resources."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise WeightsError(
            "face_recognition_models: expected to be installed, with dlib's face detector; "
            "not found. Install the package again."
        )
    return Path(spec.origin).parent / "models" / "mmod_human_face_detector.dat"


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop what C++ writes to standard error: TensorFlow greets in six lines."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
