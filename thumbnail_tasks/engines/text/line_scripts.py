"""Tell the script of a line of text.

A logistic regression on the mean, maximum and deviation of ``line_features`` over a line, trained
on drawn lines: ``training/line_scripts``; ``weights/line_scripts/MODEL_CARD.md`` has its measures.
"""

import functools
import io
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import read_weights

WEIGHTS_PATH: Final = Path(__file__).parents[2] / "weights" / "line_scripts" / "classifier.npz"
WEIGHTS_SHA256: Final = "0f170b91975546e4a44d6be19006dcefe46af79a864c2982428851ed51237d1d"

KNOWN_TO_RECOGNIZER: Final = frozenset({"Latin", "CJK", "numbers", "nothing"})
"""Classes whose lines PP-OCR's own recogniser reads, or rightly finds empty."""

MIN_PROBABILITY: Final = 0.94
"""A line is of a script that PP-OCR does not know from this probability on."""
MIN_DOUBTED_PROBABILITY: Final = 0.75
"""The same of a long line that PP-OCR reads doubtfully, and another reader knows."""
MIN_DOUBTED_STEPS: Final = 18
"""Three times as long as high: of shorter ones, a cut letter or a logo looks Greek or Cyrillic."""
MIN_SURE_CONFIDENCE: Final = 0.9
"""PP-OCR reads a line doubtfully below this mean probability of its letters."""
EXPECTED_WEIGHT: Final = 10.0
MIN_EXPECTED_PROBABILITY: Final = 0.6
"""A script that is expected on a picture counts so many times, and from this probability on."""


def is_doubtful(letters: Sequence[tuple[str, float, float]]) -> bool:
    """Whether a line was read doubtfully, or not at all."""
    return confidence_of(letters) < MIN_SURE_CONFIDENCE


def confidence_of(letters: Sequence[tuple[str, float, float]]) -> float:
    """Mean probability of the letters of a line without spaces; 0 without letters."""
    read = [probability for letter, probability, _ in letters if letter != " "]
    return float(np.mean(read)) if read else 0.0


class LineOutput(NamedTuple):
    """What PP-OCR's recogniser computes of a line."""

    features: NDArray[np.float32]
    """(T, 504), see ``line_features``."""
    is_doubtful: bool
    """Whether it reads the line doubtfully, or not at all."""


ScriptTeller = Callable[[Sequence[LineOutput], Collection[str]], list[tuple[str, float]]]
"""Maps the lines of a picture, and the scripts that have readers, to the class of each line and its
probability."""


@functools.cache
def load_script_teller() -> ScriptTeller:
    """Load the shipped classifier.

    Raises:
        WeightsError: The file is missing, or is not the one that was shipped.
    """
    with np.load(io.BytesIO(read_weights(WEIGHTS_PATH, WEIGHTS_SHA256))) as weights:
        classes = [str(name) for name in weights["classes"]]
        matrix, bias = (weights[name].astype(np.float32) for name in ("matrix", "bias"))

    def tell(lines: Sequence[LineOutput], readable: Collection[str]) -> list[tuple[str, float]]:
        scores = np.array([pool(line.features) @ matrix + bias for line in lines])
        shares = softmax(scores.reshape(-1, len(classes)))
        are_doubtful = [
            line.is_doubtful and len(line.features) >= MIN_DOUBTED_STEPS for line in lines
        ]
        return decide(classes, shares, are_doubtful, readable)

    return tell


def decide(
    classes: Sequence[str],
    shares: NDArray[np.float32],
    are_doubtful: Sequence[bool],
    readable: Collection[str],
) -> list[tuple[str, float]]:
    """The class of each line of a picture, and its probability.

    A script of which one line is certain is expected of the others, and no other foreign script.

    Args:
        classes: C classes.
        shares: (N, C) probabilities of each line's classes.
        are_doubtful: Whether PP-OCR reads each line doubtfully, though it is long.
        readable: Scripts that have readers.
    """
    found = [
        (classes[int(row.argmax())], is_doubtful and classes[int(row.argmax())] in readable)
        for row, is_doubtful in zip(shares, are_doubtful, strict=True)
    ]
    least = [MIN_DOUBTED_PROBABILITY if is_easy else MIN_PROBABILITY for _, is_easy in found]
    expected = {
        name
        for (name, _), row, enough in zip(found, shares, least, strict=True)
        if row.max() >= enough
    } - KNOWN_TO_RECOGNIZER
    if not expected:
        return [
            (name, float(row.max())) if name in KNOWN_TO_RECOGNIZER else ("Latin", 0.0)
            for (name, _), row in zip(found, shares, strict=True)
        ]
    weights = [
        EXPECTED_WEIGHT if name in expected else float(name in KNOWN_TO_RECOGNIZER)
        for name in classes
    ]
    told = []
    for row in shares * np.array(weights, np.float32):
        best, share = int(row.argmax()), float(row.max() / row.sum())
        is_sure = share >= MIN_EXPECTED_PROBABILITY or classes[best] in KNOWN_TO_RECOGNIZER
        told.append((classes[best], share) if is_sure else ("Latin", 0.0))
    return told


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = shares / shares.sum(axis=-1, keepdims=True)
    return probabilities


def pool(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean, maximum and standard deviation over a line: (1512,)."""
    return np.concatenate([features.mean(0), features.max(0), features.std(0)])
