"""keras-ocr's ``Pipeline().recognize``, with the tests' stand-ins for its weights, or random ones.

What its two networks cost does not depend on what their weights say. What follows them does: from
the score maps boxes are made, and each is cut out and read. Random weights find no boxes, so that
this peer is then too quick.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.turns import Run

_STAND_INS = ROOT / "tests" / "weights"


def describe_weights() -> str:
    """Which weights are used, for the table."""
    detector, recognizer = _find("craft*.h5"), _find("crnn*.h5")
    return "weights trained on drawn words" if detector and recognizer else "random weights"


def load_pipeline() -> Any:
    """The pipeline, with the stand-ins of the tests where they are there.

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
    """One encoded picture after the other, as the notebook; gives the number of boxes."""
    from thumbnail_tasks.pictures.decoding import decode_image

    pipeline = load_pipeline()

    def recognize(contents: Sequence[bytes]) -> int:
        return sum(len(pipeline.recognize([decode_image(each)])[0]) for each in contents)

    return recognize


def _find(pattern: str) -> Path | None:
    return next(iter(sorted(_STAND_INS.glob(pattern))), None)
