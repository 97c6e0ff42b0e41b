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
from thumbnail_tasks.engines.text.scripts import LATIN

WEIGHTS_PATH: Final = Path(__file__).parents[2] / "weights" / "line_scripts" / "classifier.npz"
WEIGHTS_SHA256: Final = "0f170b91975546e4a44d6be19006dcefe46af79a864c2982428851ed51237d1d"

KNOWN_TO_RECOGNIZER: Final = frozenset({LATIN, "CJK", "numbers", "nothing"})
"""Classes whose lines PP-OCR's own recogniser reads, or rightly finds empty."""

MIN_PROBABILITY: Final = 0.94
"""A line is of a script that PP-OCR does not know from this probability on."""
MIN_DOUBTED_PROBABILITY: Final = 0.75
"""The same of a long line that PP-OCR reads doubtfully."""
ALWAYS_CERTAIN: Final = frozenset({"Arabic"})
"""But for these: handwritten numbers look like Arabic, by 0.9 on one of 282 English thumbnails."""
MIN_DOUBTED_STEPS: Final = 18
"""Three times as long as high: of shorter ones, a cut letter or a logo looks Greek or Cyrillic."""
MIN_SURE_CONFIDENCE: Final = 0.9
"""PP-OCR reads a line doubtfully below this mean probability of its letters."""
EXPECTED_WEIGHT: Final = 10.0
"""A script that is expected on a picture counts so many times."""
MIN_EXPECTED_PROBABILITY: Final = 0.6
"""A line is of such a script from this probability on, if another line is certain."""
MIN_TITLED_PROBABILITY: Final = 0.9
"""The same if only the title is in that script. With it, a Cyrillic title would turn 10 of the 761
lines on 282 English thumbnails into Cyrillic, an Arabic one 21, most of them noise."""
MIN_READ_CONFIDENCE: Final = 0.98
"""From this confidence of PP-OCR on, the title says nothing against its reading."""


class LineOutput(NamedTuple):
    """What PP-OCR's recogniser computes of a line."""

    features: NDArray[np.float32]
    """(T, 504), see ``line_features``."""
    confidence: float
    """Of its reading, as ``confidence_of``."""


class LineScript(NamedTuple):
    """What the classifier says of a line."""

    name: str
    """A script, or another class of ``KNOWN_TO_RECOGNIZER``."""
    probability: float
    is_sure: bool = True
    """If not, PP-OCR surely does not know the line, and its script is to be confirmed by the
    confidence of the script's reader."""


ScriptTeller = Callable[[Sequence[LineOutput], Collection[str]], list[LineScript]]
"""Maps the lines of a picture, and the scripts that are expected, to the script of each line.
Whether a script has a reader does not matter."""


@functools.cache
def load_script_teller() -> ScriptTeller:
    """Load the shipped classifier.

    Raises:
        WeightsError: The file is missing, or is not the one that was shipped.
    """
    with np.load(io.BytesIO(read_weights(WEIGHTS_PATH, WEIGHTS_SHA256))) as weights:
        classes = [str(name) for name in weights["classes"]]
        matrix, bias = (weights[name].astype(np.float32) for name in ("matrix", "bias"))

    def tell(lines: Sequence[LineOutput], expected: Collection[str]) -> list[LineScript]:
        scores = np.array([pool(line.features) @ matrix + bias for line in lines])
        shares = softmax(scores.reshape(-1, len(classes)))
        are_doubtful = [
            line.confidence < MIN_SURE_CONFIDENCE and len(line.features) >= MIN_DOUBTED_STEPS
            for line in lines
        ]
        titled = [expected if line.confidence < MIN_READ_CONFIDENCE else () for line in lines]
        return decide(classes, shares, are_doubtful, titled)

    return tell


def decide(
    classes: Sequence[str],
    shares: NDArray[np.float32],
    are_doubtful: Sequence[bool],
    titled: Sequence[Collection[str]],
) -> list[LineScript]:
    """The script of each line of a picture.

    A script of which one line is certain is expected of the others, and no other foreign script;
    without such a line, the scripts of the title are.

    Args:
        classes: C classes.
        shares: (N, C) probabilities of each line's classes.
        are_doubtful: Whether PP-OCR reads each line doubtfully, though it is long.
        titled: The scripts of the title that each line may be of.
    """
    found = [classes[int(row.argmax())] for row in shares]
    least = [
        MIN_DOUBTED_PROBABILITY if is_doubtful and name not in ALWAYS_CERTAIN else MIN_PROBABILITY
        for name, is_doubtful in zip(found, are_doubtful, strict=True)
    ]
    certain = {
        name for name, row, enough in zip(found, shares, least, strict=True) if row.max() >= enough
    } - KNOWN_TO_RECOGNIZER
    foreign = [position for position, name in enumerate(classes) if name not in KNOWN_TO_RECOGNIZER]
    told = []
    for name, row, is_doubtful, scripts in zip(found, shares, are_doubtful, titled, strict=True):
        expected = certain or set(scripts) & set(classes) - KNOWN_TO_RECOGNIZER
        weight_of = dict.fromkeys(classes, 0.0 if expected else 1.0)
        weight_of |= dict.fromkeys(KNOWN_TO_RECOGNIZER, 1.0)
        weight_of |= dict.fromkeys(expected, EXPECTED_WEIGHT)
        weighted = row * np.array([weight_of[name] for name in classes], np.float32)
        best, share = classes[int(weighted.argmax())], float(weighted.max() / weighted.sum())
        enough = MIN_EXPECTED_PROBABILITY if certain else MIN_TITLED_PROBABILITY
        if best in expected and share >= enough:
            told.append(LineScript(best, share))
        elif is_doubtful and not certain and row[foreign].sum() >= MIN_PROBABILITY:
            told.append(LineScript(name, float(row.max()), is_sure=False))
        else:
            is_known = best in KNOWN_TO_RECOGNIZER
            told.append(LineScript(best, share) if is_known else LineScript(LATIN, 0.0))
    return told


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = shares / shares.sum(axis=-1, keepdims=True)
    return probabilities


def pool(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean, maximum and standard deviation over a line: (1512,)."""
    return np.concatenate([features.mean(0), features.max(0), features.std(0)])
