"""The features that PP-OCR's recogniser computes of a line, for models of our own on top of them.

The recogniser knows Latin, Chinese and Japanese letters only, but what it computes before it
chooses letters also tells other scripts apart, and their letters. So a line passes through the
network once, whatever its script.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RECOGNIZER_SHA256: Final = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
"""Of the file in RapidOCR's wheel: the features of another one would mean something else."""

OUTPUTS: Final = ("p2o.pd_op.transpose.8.0", "p2o.pd_op.pool2d.1.0", "p2o.pd_op.add.64.0")
"""The tensors before the last layer, (1, T, 120), before the layers that mix the steps of a line,
(1, 384, 1, T), and before the height of a line is averaged, (1, 384, 3, 2T)."""

WIDTH: Final = 504
FINE_WIDTH: Final = WIDTH + 3 * 384

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


class LineTensors(NamedTuple):
    """What PP-OCR's recogniser computes of a line: the tensors of ``OUTPUTS``, with its padding."""

    last: NDArray[np.float32]
    early: NDArray[np.float32]
    fine: NDArray[np.float32]
    n_steps: int
    """T: the steps of the line, without its padding; one is 8 pixels wide at a height of 48."""

    def features(self) -> NDArray[np.float32]:
        """(T, 504): enough to tell its script."""
        steps = slice(self.n_steps)
        return np.concatenate([self.last[0, steps], self.early[0, :, 0, steps].T], axis=1)

    def fine_features(self) -> NDArray[np.float32]:
        """(2T, 1656): to read letters that are narrow, or have marks above and below."""
        rows = self.fine[0].transpose(2, 0, 1)[: 2 * self.n_steps]
        halves = np.repeat(self.features(), 2, axis=0)[: len(rows)]
        return np.concatenate([halves, rows.reshape(len(rows), -1)], axis=1)
