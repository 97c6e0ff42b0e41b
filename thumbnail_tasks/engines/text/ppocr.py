"""PP-OCR's models in RapidOCR's wheel, and a recogniser of PP-OCR on one line."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.text.line_features import LineTensors

DETECTOR: Final = "PP-OCRv6_det_small"
RECOGNIZER: Final = "PP-OCRv6_rec_small"

_LINE_STEP_PX = 32
_MIN_LINE_WIDTH_PX = 320


def find_model(name: str) -> Path:
    """The file of a model in RapidOCR's wheel."""
    return Path(str(files("rapidocr") / "models" / f"{name}.onnx"))


def recognize_line(
    recognizer: Any, crop: NDArray[np.float32]
) -> tuple[NDArray[np.float32], LineTensors]:
    """Run the recogniser on one line: (T, C) probabilities without padding, and its tensors.

    Lines are processed one by one: in a batch, the last digits of a line's probabilities depend
    on the other lines, and so would doubtful spaces.
    """
    (probabilities, last, early, fine), n_steps = run_on_line(recognizer, crop)
    return probabilities[0, :n_steps], LineTensors(last, early, fine, n_steps)


def run_on_line(
    recognizer: Any, crop: NDArray[np.float32]
) -> tuple[Sequence[NDArray[np.float32]], int]:
    """Run a recogniser of PP-OCR on one line: its outputs, and the number of steps of the line."""
    width = crop.shape[2]
    padding = max(_MIN_LINE_WIDTH_PX, -(-width // _LINE_STEP_PX) * _LINE_STEP_PX) - width
    padded = np.pad(crop, ((0, 0), (0, 0), (0, padding)))
    outputs = recognizer.run(None, {recognizer.get_inputs()[0].name: padded[None]})
    n_steps = max(1, int(np.ceil(outputs[0].shape[1] * width / (width + padding))))
    return outputs, n_steps


def read_alphabet(recognizer: Any) -> tuple[str, ...]:
    """The letters of a recogniser of PP-OCR: CTC's blank, those in its file, and the space."""
    characters = recognizer.get_modelmeta().custom_metadata_map["character"]
    return ("", *characters.splitlines(), " ")
