"""Read Vietnamese, whose letters with two marks PP-OCR's recogniser does not know.

It reads ``CÂY VỢT`` as ``CAY VOT``, and is sure. So a logistic regression on the features of a
line, as in ``line_scripts``, tells whether a picture has a Vietnamese line; if so, or if the title
is Vietnamese, a reader of our own reads the lines that PP-OCR took for Latin ones.
``weights/line_scripts/MODEL_CARD.md`` has the measures.
"""

import io
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from thumbnail_tasks.engines.dictionaries import strip_accents
from thumbnail_tasks.engines.interface import read_weights
from thumbnail_tasks.engines.text.line_features import LineTensors
from thumbnail_tasks.engines.text.line_readers import FOLDER, VIETNAMESE, load_word_reader
from thumbnail_tasks.engines.text.line_scripts import pool
from thumbnail_tasks.engines.text.lines import WordOnLine

CLASSIFIER_SHA256: Final = "577518c821c238688eec02987ac94be43430ed4ceac2ae5eecfdb94438792308"

MIN_PROBABILITY: Final = 0.95
"""A line is Vietnamese from this probability on, if its reading has Vietnamese letters, too. Each
of three real Vietnamese pictures has such a line; of 834 other lines in Latin script none has."""
MIN_CONFIDENCE: Final = 0.9
"""Of the reading of such a line."""
MIN_SIMILARITY: Final = 0.5
"""Of both readings of a line without accents; a reading further from PP-OCR's must be surer."""

_LETTERS: Final = re.compile("[ƠơƯưẠ-ỹ]")

VietnameseReader = Callable[
    [Sequence[tuple[LineTensors, Sequence[WordOnLine]]], bool], list[Sequence[WordOnLine]]
]
"""Maps the lines of a picture in Latin script, with their words as PP-OCR reads them, and whether
Vietnamese is expected, to their words: new ones if the picture is Vietnamese."""


def load_vietnamese_reader() -> VietnameseReader:
    """Load the shipped classifier now, and the reader when it is needed.

    Raises:
        WeightsError: A file is missing, or is not the one that was shipped.
    """
    path = FOLDER / "vietnamese_lines.npz"
    with np.load(io.BytesIO(read_weights(path, CLASSIFIER_SHA256))) as weights:
        matrix, bias = (weights[name].astype(np.float32)[..., 0] for name in ("matrix", "bias"))

    def is_probable(line: LineTensors) -> bool:
        log_odds = float(pool(line.features()) @ matrix + bias)
        return log_odds >= math.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY))

    def read(
        lines: Sequence[tuple[LineTensors, Sequence[WordOnLine]]], is_expected: bool
    ) -> list[Sequence[WordOnLine]]:
        before = [words for _, words in lines]
        are_probable = [is_expected or is_probable(tensors) for tensors, _ in lines]
        if not any(are_probable):
            return before
        read_line = load_word_reader(VIETNAMESE)
        after = [read_line(tensors) for tensors, _ in lines]
        is_certain = is_expected or any(
            is_probable and is_vietnamese(_text(words)) and words[0].confidence >= MIN_CONFIDENCE
            for is_probable, words in zip(are_probable, after, strict=True)
        )
        if not is_certain:
            return before
        return [
            new if _is_better(new, old) else old for new, old in zip(after, before, strict=True)
        ]

    return read


def is_vietnamese(text: str) -> bool:
    """Whether a text in NFC has a letter that no other language of the lists has."""
    return bool(_LETTERS.search(text))


def is_vietnamese_title(text: str) -> bool:
    """Whether two words have such a letter: one may be a dish or a name in an English title."""
    return sum(map(is_vietnamese, unicodedata.normalize("NFC", text).split())) > 1


def _is_better(new: Sequence[WordOnLine], old: Sequence[WordOnLine]) -> bool:
    if not new:
        return False
    texts = (_without_marks(_text(words)) for words in (new, old))
    is_similar = Levenshtein.normalized_similarity(*texts) >= MIN_SIMILARITY
    return is_similar or new[0].confidence > old[0].confidence


def _text(words: Sequence[WordOnLine]) -> str:
    return " ".join(word.text for word in words)


def _without_marks(text: str) -> str:
    return strip_accents(text.casefold().replace("đ", "d"))
