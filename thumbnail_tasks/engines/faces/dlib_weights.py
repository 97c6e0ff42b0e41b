"""Reads the file of dlib's CNN face detector, which is dlib's own serialisation of a network.

Integers are a byte that holds the number of bytes and, in its highest bit, the sign, and then
those bytes, lowest first. Reals are two integers, mantissa and exponent to the base 2. Tensors
are a version, four sizes and float32s; strings a length and bytes.

Source: dlib 20.0.1, ``serialize.h``, ``cuda/tensor.h``, ``dnn/layers.h`` and ``dnn/loss.h``
(Boost licence).
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
    """Pixels between two places of the kernel, down and across."""
    padding: int
    """Zeros put around the input, on each side."""


class Network(NamedTuple):
    """All that the file says about the detector."""

    mean_rgb: Floats
    """Taken from the colours 0 to 255 before they are divided by 256; (3,)."""
    layers: tuple[Layer, ...]
    """From the picture to the map of scores; a ReLU after each but the last."""
    window_px: tuple[int, int]
    """Width and height of the face that a score is for, on the picture that was put in."""
    max_overlap: float
    """Of two boxes that overlap more, the one with the lower score is dropped."""


def parse_network(content: bytes) -> Network:
    """Read the detector's file.

    Args:
        content: The whole of ``mmod_human_face_detector.dat``, already known to be that file.
    """
    options = _Reader(content, after="loss_mmod_")
    options.integer()  # version
    window_px = (options.integer(), options.integer())
    for _ in range(3):  # only for training: two losses, and when a box counts as found
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


class _Reader:
    """Takes one value after the other."""

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

    def shape(self) -> tuple[int, ...]:
        self.integer()  # version
        return tuple(self.integer() for _ in range(4))

    def floats(self) -> Floats:
        n_values = int(np.prod(self.shape()))
        return np.frombuffer(self.take(4 * n_values), "<f4")


def _find_all(content: bytes, name: str) -> list[int]:
    """Where the layers of that name begin: behind the name, which is stored as a string."""
    stored = bytes([1, len(name)]) + name.encode()
    pieces = content.split(stored)
    return list(np.cumsum([len(piece) + len(stored) for piece in pieces[:-1]]))


def _convolution(reader: _Reader) -> Layer:
    values = reader.floats()
    reader.integer()  # filters; and their height and width: the shape below has them again
    reader.integer(), reader.integer()
    stride, _, padding, _ = (reader.integer() for _ in range(4))  # down and across are the same
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
