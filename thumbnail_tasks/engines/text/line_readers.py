"""Read lines with letters that PP-OCR does not know, from the features that it computes.

A small network for each script: convolutions over the steps of a line and a choice of letters
(CTC), trained on drawn lines: ``training/line_scripts``; ``weights/line_scripts/MODEL_CARD.md`` has
the measures. Letters of Hangul are read part by part (jamo), those of Vietnamese mark by mark, and
composed.
"""

import functools
import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.engines.text.line_features import FINE_WIDTH, LineTensors
from thumbnail_tasks.engines.text.line_scripts import softmax
from thumbnail_tasks.engines.text.lines import (
    MIN_SPACE_PROBABILITY_AT_NUMBERS,
    WordOnLine,
    decode_letters,
    join_letters,
)

FOLDER: Final = Path(__file__).parents[2] / "weights" / "line_scripts"
VIETNAMESE: Final = "Vietnamese"

SHA256: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cyrillic": "8cbe5df04d9ba25d35794e8f96c53f78c72e7cecef8bdecb3d8fcd770e747ad7",
        "Greek": "c6036fce0f275b09d5f86b9cc306baf2c2aa409d6d5c765add770ecf6da88bff",
        "Hangul": "00e7824a8daa3c59f52c753a960f46778fbd7b7ce43d004b68b85ca0a10f8dd6",
        VIETNAMESE: "6ddb2b4613aff4e38506a7e2250eb10e7dba7f5e9b84506134fff1aabfe549ed",
    }
)
"""The digest of each reader's model."""

SCRIPTS: Final = tuple(name for name in SHA256 if name != VIETNAMESE)
"""The scripts that are read; Vietnamese is Latin."""

_STRAY_PARTS: Final = re.compile("[\u1100-\u11ff\u0300-\u036f]")

LineReader = Callable[[LineTensors], NDArray[np.float32]]
"""Maps what PP-OCR computes of a line to the (S, C) probabilities of its alphabet's letters, at as
many steps as the features that the model takes."""


@functools.cache
def load_line_reader(script: str) -> tuple[LineReader, list[str]]:
    """Load the shipped model of a script.

    Returns:
        The reader, and its alphabet: first CTC's blank, last the space.

    Raises:
        WeightsError: The file is missing, or is not the one that was shipped.
    """
    path = FOLDER / f"{script.lower()}.npz"
    with np.load(io.BytesIO(read_weights(path, SHA256[script]))) as file:
        weights = {name: file[name] for name in file.files}
    alphabet = ["", *map(str, weights.pop("letters"))]
    layers = {name: weight.astype(np.float32) for name, weight in weights.items()}
    twins = _case_twins(alphabet)

    def read(line: LineTensors) -> NDArray[np.float32]:
        is_fine = len(layers["mean"]) == FINE_WIDTH
        features = line.fine_features() if is_fine else line.features()
        return join_cases(_read(layers, features), twins)

    return read, alphabet


def _case_twins(alphabet: Sequence[str]) -> NDArray[np.intp]:
    """The position of each letter's other case; its own without one."""
    position_of = {letter: position for position, letter in enumerate(alphabet)}
    return np.array(
        [position_of.get(letter.swapcase(), own) for own, letter in enumerate(alphabet)]
    )


def join_cases(probabilities: NDArray[np.float32], twins: NDArray[np.intp]) -> NDArray[np.float32]:
    """Give a capital and its small letter their common probability, the likelier one a bit more.

    Many differ in size alone, so that doubt about the case is none about the letter.
    """
    has_twin = twins != np.arange(len(twins))
    joined = probabilities + probabilities[:, twins] * has_twin
    likelier: NDArray[np.float32] = np.minimum(joined, 0.999) + 0.001 * probabilities
    return likelier


def _read(layers: Mapping[str, Any], features: NDArray[np.float32]) -> NDArray[np.float32]:
    x = (features - layers["mean"]) / layers["deviation"]
    x = _normalize(x @ layers["in_matrix"] + layers["in_bias"], layers, "in")
    n_convolutions = sum(name.endswith("_matrix") for name in layers) - len(("in", "out"))
    for name in (f"conv{number}" for number in range(1, n_convolutions + 1)):
        y = _convolve(x, layers[f"{name}_matrix"]) + layers[f"{name}_bias"]
        x = _normalize(x + y / (1 + np.exp(-y)), layers, name)  # SiLU
    return softmax(x @ layers["out_matrix"] + layers["out_bias"])


def _normalize(x: NDArray[np.float32], layers: Mapping[str, Any], name: str) -> NDArray[np.float32]:
    """Layer normalisation, as in Keras."""
    centred = x - x.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-3)
    normalized: NDArray[np.float32] = scaled * layers[f"{name}_gamma"] + layers[f"{name}_beta"]
    return normalized


def _convolve(x: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """A convolution along the steps, with zeros beyond both ends; ``matrix`` is (K, in, out)."""
    half = len(matrix) // 2
    padded = np.pad(x, ((half, half), (0, 0)))
    parts = [padded[start : start + len(x)] @ tap for start, tap in enumerate(matrix)]
    summed: NDArray[np.float32] = np.sum(parts, axis=0)
    return summed


@functools.cache
def load_word_reader(name: str) -> Callable[[LineTensors], list[WordOnLine]]:
    """Load the shipped model of a script or language; it maps a line to its words.

    Raises:
        WeightsError: As ``load_line_reader``.
    """
    read_line, alphabet = load_line_reader(name)

    def read(tensors: LineTensors) -> list[WordOnLine]:
        letters = decode_letters(read_line(tensors), alphabet, MIN_SPACE_PROBABILITY_AT_NUMBERS)
        words = [word._replace(text=compose(word.text)) for word in join_letters(letters)]
        if name != VIETNAMESE:
            words = [word._replace(text=settle_case(word.text)) for word in words]
        return [word for word in words if word.text]

    return read


def compose(letters: str) -> str:
    """A word of its letters and their parts; parts that make no letter are left out.

    Example:
        The parts of ``한`` and of ``ệ`` are one letter, and ``ᄒ`` alone is none.
    """
    return _STRAY_PARTS.sub("", unicodedata.normalize("NFC", letters))


def settle_case(word: str) -> str:
    """One case for a word: many Cyrillic and Greek capitals are only larger than small letters.

    Example:
        ``КуЛАКА`` is ``КУЛАКА``, and ``привЕт`` ``привет``.
    """
    letters = [char for char in word if unicodedata.category(char) in ("Lu", "Ll")]
    n_capitals = sum(map(str.isupper, letters))
    if n_capitals * 2 >= len(letters) and n_capitals > 1:
        return word.upper()
    return word[:1] + word[1:].lower()
