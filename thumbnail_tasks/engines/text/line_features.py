"""The features that PP-OCR's recogniser computes of a line, for models of our own on top of them.

The recogniser knows Latin, Chinese and Japanese letters only, but what it computes before it
chooses letters also tells other scripts apart, and their letters. So a line passes through the
network once, whatever its script.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RECOGNIZER_SHA256: Final = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
"""Of the file in RapidOCR's wheel: the features of another one would mean something else."""

OUTPUTS: Final = ("p2o.pd_op.transpose.8.0", "p2o.pd_op.pool2d.1.0")
"""The tensors before the last layer, (1, T, 120), and before the layers that mix the steps of a
line, (1, 384, 1, T)."""

WIDTH: Final = 504

# Numbers of fields in ONNX's protobuf messages.
_MODEL_GRAPH, _GRAPH_OUTPUT, _VALUE_NAME = 7, 12, 1


def add_outputs(model: bytes, names: Sequence[str] = OUTPUTS) -> bytes:
    """Make tensors within an ONNX model outputs of it.

    Protobuf messages that follow each other are one message, so nothing needs to be parsed.
    """
    outputs = (_field(_GRAPH_OUTPUT, _field(_VALUE_NAME, name.encode())) for name in names)
    return model + _field(_MODEL_GRAPH, b"".join(outputs))


def _field(number: int, content: bytes) -> bytes:
    """A field with a length, in protobuf's wire format."""
    length, prefix = len(content), bytearray()
    while length >= 128:
        prefix.append(length & 127 | 128)
        length >>= 7
    return bytes([number << 3 | 2]) + bytes([*prefix, length]) + content


def join_features(
    last: NDArray[np.float32], early: NDArray[np.float32], n_steps: int
) -> NDArray[np.float32]:
    """The features of a line without its padding: (n_steps, 504)."""
    return np.concatenate([last[0, :n_steps], early[0, :, 0, :n_steps].T], axis=1)
