"""keras-ocr's ``Pipeline().recognize``, with the tests' drawn weights, or random ones.

The time of its two networks does not depend on their weights. The time of the other steps does:
each box in the score maps is cropped and recognised. Random weights find no boxes, which makes
this peer too fast.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.turns import Run

_WEIGHTS = ROOT / "tests" / "weights"


def describe_weights() -> str:
    """Describe the weights, for the table."""
    detector, recognizer = _find("craft*.h5"), _find("crnn*.h5")
    return "weights trained on drawn words" if detector and recognizer else "random weights"


def load_pipeline() -> Any:
    """The pipeline, with the tests' weights if they exist.

    Raises:
        MissingError: keras-ocr is not installed.
    """
    if importlib.util.find_spec("keras_ocr") is None:
        raise MissingError("the package keras-ocr is not installed")
    from thumbnail_tasks.engines.text.keras_ocr import import_keras_ocr

    keras_ocr = import_keras_ocr()
    detector = keras_ocr.detection.Detector(weights=None)
    alphabet = keras_ocr.recognition.DEFAULT_ALPHABET
    recognizer = keras_ocr.recognition.Recognizer(alphabet=alphabet, weights=None)
    for network, file in (
        (detector.model, _find("craft*.h5")),
        (recognizer.model, _find("crnn*.h5")),
    ):
        if file:
            network.load_weights(str(file))
    return keras_ocr.pipeline.Pipeline(detector, recognizer)


def load_each() -> Run:
    """One encoded picture at a time, like the notebook; returns the number of boxes."""
    from thumbnail_tasks.pictures.decoding import decode_image

    pipeline = load_pipeline()

    def recognize(contents: Sequence[bytes]) -> int:
        return sum(len(pipeline.recognize([decode_image(each)])[0]) for each in contents)

    return recognize


def _find(pattern: str) -> Path | None:
    return next(iter(sorted(_WEIGHTS.glob(pattern))), None)
