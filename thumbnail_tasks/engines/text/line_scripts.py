"""Tell the script of a line of text.

A logistic regression on the mean, maximum and deviation of ``line_features`` over a line, trained
on drawn lines: ``training/line_scripts``; ``weights/line_scripts/MODEL_CARD.md`` has its measures.
"""

import functools
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import read_weights

WEIGHTS_PATH: Final = Path(__file__).parents[2] / "weights" / "line_scripts" / "classifier.npz"
WEIGHTS_SHA256: Final = "0f170b91975546e4a44d6be19006dcefe46af79a864c2982428851ed51237d1d"

KNOWN_TO_RECOGNIZER: Final = frozenset({"Latin", "CJK", "numbers", "nothing"})
"""Classes whose lines PP-OCR's own recogniser reads, or rightly finds empty."""

MIN_PROBABILITY: Final = 0.94
"""A line is of a script that PP-OCR does not know from this probability on."""
EXPECTED_WEIGHT: Final = 10.0
MIN_EXPECTED_PROBABILITY: Final = 0.6
"""A script that is expected on a picture counts so many times, and from this probability on."""

ScriptTeller = Callable[[Sequence[NDArray[np.float32]], frozenset[str]], list[tuple[str, float]]]
"""Maps the (T, 504) features of each line of a picture, and the scripts that are expected on it, to
the class of each line and its probability."""


@functools.cache
def load_script_teller() -> ScriptTeller:
    """Load the shipped classifier.

    Raises:
        WeightsError: The file is missing, or is not the one that was shipped.
    """
    with np.load(io.BytesIO(read_weights(WEIGHTS_PATH, WEIGHTS_SHA256))) as weights:
        classes = [str(name) for name in weights["classes"]]
        matrix, bias = (weights[name].astype(np.float32) for name in ("matrix", "bias"))

    def tell(
        lines: Sequence[NDArray[np.float32]], expected: frozenset[str]
    ) -> list[tuple[str, float]]:
        scores = np.array([pool(features) @ matrix + bias for features in lines])
        shares = softmax(scores.reshape(-1, len(classes)))
        return decide(classes, shares, expected)

    return tell


def decide(
    classes: Sequence[str], shares: NDArray[np.float32], expected: frozenset[str]
) -> list[tuple[str, float]]:
    """The class of each line of a picture, and its probability.

    A script of which one line is certain is expected of the others.

    Args:
        classes: C classes.
        shares: (N, C) probabilities of each line's classes.
        expected: Scripts that are expected, as by the title of the video.
    """
    certain = {
        classes[best]
        for best, share in zip(shares.argmax(axis=1), shares.max(axis=1), strict=True)
        if share >= MIN_PROBABILITY
    }
    expected = (expected | certain) - KNOWN_TO_RECOGNIZER
    weighted = shares * np.array([EXPECTED_WEIGHT if c in expected else 1.0 for c in classes])
    weighted = weighted / weighted.sum(axis=1, keepdims=True)
    told = []
    for row in weighted:
        best = int(row.argmax())
        least = MIN_EXPECTED_PROBABILITY if classes[best] in expected else MIN_PROBABILITY
        if classes[best] in KNOWN_TO_RECOGNIZER or row[best] >= least:
            told.append((classes[best], float(row[best])))
        else:
            told.append(("Latin", float(1 - row[best])))
    return told


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = shares / shares.sum(axis=-1, keepdims=True)
    return probabilities


def pool(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean, maximum and standard deviation over a line: (1512,)."""
    return np.concatenate([features.mean(0), features.max(0), features.std(0)])
