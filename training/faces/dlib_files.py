"""Read the files of dlib's CNN face detector and of its landmark models.

An integer is one byte with the number of bytes and, in its highest bit, the sign, followed by
these bytes, lowest first. A real is two integers, mantissa and exponent to base 2. A tensor is a
version, four sizes and float32s; a string or a vector is a length and its elements; a matrix is its
sizes, negated, and reals.

Source: dlib 20.0.1, ``serialize.h``, ``cuda/tensor.h``, ``dnn/layers.h``, ``dnn/loss.h`` and
``image_processing/shape_predictor.h`` (Boost licence).
"""

from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Layer(NamedTuple):
    """A convolution, its batch norm folded into it."""

    kernel: Floats
    """(height, width, channels in, channels out)."""
    bias: Floats
    """(channels out,)."""
    stride: int
    """Stride in pixels, down and across."""
    padding: int
    """Zero padding on each side of the input."""


class Network(NamedTuple):
    """A detector."""

    mean_rgb: Floats
    """Subtracted from colours 0 to 255 before division by 256; (3,)."""
    layers: tuple[Layer, ...]
    """From the picture to the map of scores, with a ReLU after each except the last."""
    window_px: tuple[int, int]
    """Width and height of the window of a score, on the input picture."""
    max_overlap: float
    """Of two boxes that overlap more, the one with the lower score is dropped."""


class Landmarks(NamedTuple):
    """A landmark model: C rounds of T regression trees, which look at P pixels each round."""

    initial_xy: Floats
    """Mean position of each landmark, 0 to 1 in the box of a face; (L, 2)."""
    anchors: NDArray[np.uint8]
    """The landmark that a pixel is near; (C, P)."""
    offsets_xy: Floats
    """The pixel's offset from it, in the frame of ``initial_xy``; (C, P, 2)."""
    pixels: NDArray[np.uint16]
    """The two pixels that a split subtracts; (C, T, S, 2)."""
    thresholds: Floats
    """A split goes to its left child if the difference is greater; (C, T, S)."""
    leaves_xy: Floats
    """What a leaf adds to the landmarks; (C, T, S + 1, L, 2)."""


def parse_network(content: bytes) -> Network:
    """Read the detector's file.

    Args:
        content: The content of ``mmod_human_face_detector.dat``, already checked.
    """
    options = _Reader(content, after="loss_mmod_")
    options.integer()  # version
    window_px = (options.integer(), options.integer())
    for _ in range(3):  # only for training: two losses, and when a box is a match
        options.real()
    max_overlap = options.real()
    colours = _Reader(content, after="input_rgb_image_pyramid")
    mean_rgb = np.array([colours.real() for _ in range(3)], np.float32)
    layers = tuple(
        _fold(_convolution(_Reader(content, position)), norm)
        for position, norm in zip_longest(
            _find_all(content, "con_4"),
            (_norm(_Reader(content, position)) for position in _find_all(content, "bn_con2")),
        )
    )
    return Network(mean_rgb, layers, window_px, max_overlap)


def parse_landmarks(content: bytes) -> Landmarks:
    """Read a landmark model's file.

    Args:
        content: The content of ``shape_predictor_5_face_landmarks.dat``, already checked.
    """
    reader = _Reader(content)
    reader.integer()  # version
    initial = reader.matrix()
    pixels, thresholds, leaves = [], [], []
    n_rounds = reader.integer()
    for _ in range(n_rounds):
        for _ in range(reader.integer()):
            splits = [
                (reader.integer(), reader.integer(), reader.real()) for _ in range(reader.integer())
            ]
            pixels.append([split[:2] for split in splits])
            thresholds.append([split[2] for split in splits])
            leaves.append([reader.matrix() for _ in range(reader.integer())])
    anchors = [reader.integers() for _ in range(reader.integer())]
    offsets = [
        [(reader.real(), reader.real()) for _ in range(reader.integer())]
        for _ in range(reader.integer())
    ]
    n_splits = len(thresholds[0])
    return Landmarks(
        np.reshape(initial, (-1, 2)).astype(np.float32),
        np.array(anchors, np.uint8),
        np.array(offsets, np.float32),
        np.reshape(pixels, (n_rounds, -1, n_splits, 2)).astype(np.uint16),
        np.reshape(thresholds, (n_rounds, -1, n_splits)).astype(np.float32),
        np.reshape(leaves, (n_rounds, -1, n_splits + 1, len(initial) // 2, 2)).astype(np.float32),
    )


class _Reader:
    """Reads values in sequence."""

    def __init__(self, content: bytes, position: int = 0, after: str = "") -> None:
        self.content = content
        self.position = _find_all(content, after)[0] if after else position

    def take(self, n_bytes: int) -> bytes:
        self.position += n_bytes
        return self.content[self.position - n_bytes : self.position]

    def integer(self) -> int:
        (control,) = self.take(1)
        size = int.from_bytes(self.take(control & 0x0F), "little")
        return -size if control & 0x80 else size

    def real(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        return mantissa * 2.0**exponent

    def integers(self) -> list[int]:
        return [self.integer() for _ in range(self.integer())]

    def matrix(self) -> list[float]:
        n_values = self.integer() * self.integer()
        return [self.real() for _ in range(n_values)]

    def shape(self) -> tuple[int, ...]:
        self.integer()  # version
        return tuple(self.integer() for _ in range(4))

    def floats(self) -> Floats:
        n_values = int(np.prod(self.shape()))
        return np.frombuffer(self.take(4 * n_values), "<f4")


def _find_all(content: bytes, name: str) -> list[int]:
    """Start of the layers with this name: after the name, which is stored as a string."""
    stored = bytes([1, len(name)]) + name.encode()
    pieces = content.split(stored)
    return list(np.cumsum([len(piece) + len(stored) for piece in pieces[:-1]]))


def _convolution(reader: _Reader) -> Layer:
    values = reader.floats()
    reader.integer()  # filters, and their height and width, which the shape below repeats
    reader.integer(), reader.integer()
    stride, _, padding, _ = (reader.integer() for _ in range(4))  # the same down and across
    shape = reader.shape()
    n_weights = int(np.prod(shape))
    kernel = values[:n_weights].reshape(shape).transpose(2, 3, 1, 0)
    return Layer(kernel, values[n_weights:], stride, padding)


def _norm(reader: _Reader) -> tuple[Floats, Floats]:
    """Factor and summand of each channel."""
    gamma, beta = np.split(reader.floats(), 2)
    reader.shape(), reader.shape(), reader.floats(), reader.floats()  # only for training
    mean, variance = reader.floats(), reader.floats()
    reader.integer(), reader.integer()
    for _ in range(4):
        reader.real()
    factor = gamma / np.sqrt(variance + np.float32(reader.real()))
    return factor, beta - factor * mean


def _fold(layer: Layer, norm: tuple[Floats, Floats] | None) -> Layer:
    if norm is None:
        return layer
    factor, summand = norm
    return layer._replace(kernel=layer.kernel * factor, bias=layer.bias * factor + summand)
