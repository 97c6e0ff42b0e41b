"""Names of scripts, and the script of a text."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from thumbnail_tasks.engines.interface import Word

LATIN: Final = "Latin"
JAPANESE: Final = "Japanese"
CHINESE: Final = "Chinese"
OTHER: Final = "other"

_SCRIPTS: Final = {
    "LATIN": LATIN,
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "HANGUL": "Hangul",
    "HIRAGANA": JAPANESE,
    "KATAKANA": JAPANESE,
    "KATAKANA-HIRAGANA": JAPANESE,
    "CJK": CHINESE,
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari",
    "THAI": "Thai",
}
"""The first word of a letter's name in Unicode, and the script."""

_MIN_SHARE: Final = 0.3

COLUMN_SCRIPTS: Final = frozenset({CHINESE, JAPANESE})
"""Scripts that are also written in columns, from right to left."""
RIGHT_TO_LEFT: Final = frozenset({"Arabic", "Hebrew"})
"""Scripts whose lines beside each other are read from right to left."""
SCRIPTS: Final = (*dict.fromkeys(_SCRIPTS.values()), OTHER)


def count_scripts(text: str) -> Counter[str]:
    """The number of letters of each script; marks, digits and signs belong to none."""
    letters = [char for char in text if unicodedata.category(char)[0] == "L"]
    return Counter(_SCRIPTS.get(_first_word(letter), OTHER) for letter in letters)


def _first_word(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def script_of(texts: Iterable[str]) -> str | None:
    """The script of most letters; None without letters.

    Chinese characters among Japanese syllables are Japanese.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts += count_scripts(text)
    if counts[JAPANESE]:
        counts[JAPANESE] += counts.pop(CHINESE, 0)
    return max(counts, key=lambda script: (counts[script], -SCRIPTS.index(script)), default=None)


def scripts_of(text: str) -> frozenset[str]:
    """The scripts in which a good part of the letters of a text are."""
    counts = count_scripts(text)
    least = _MIN_SHARE * counts.total()
    return frozenset(script for script, count in counts.items() if count >= least)


def is_from_right(script: str | None, is_column: bool) -> bool | None:
    """Whether what follows a line or a column in its row is at its left; None without a script."""
    if script is None:
        return None
    return script in (COLUMN_SCRIPTS if is_column else RIGHT_TO_LEFT)


def name_scripts(words: Sequence[Word]) -> list[Word]:
    """Name the script of each word that was read.

    Chinese characters on a picture with Japanese syllables are Japanese.
    """
    named = [
        word if word.text is None else word._replace(script=script_of([word.text]))
        for word in words
    ]
    if any(word.script == JAPANESE for word in named):
        named = [
            word._replace(script=JAPANESE) if word.script == CHINESE else word for word in named
        ]
    return named
