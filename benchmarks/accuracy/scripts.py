"""Labelled words in many scripts and languages, and how a reported text compares with them."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from benchmarks.accuracy.labels import QUALITY, read_rows
from thumbnail_tasks.engines.text.scripts import CHINESE, JAPANESE, count_scripts, script_of

SCRIPTS: Final = {
    "Latn": "Latin",
    "Cyrl": "Cyrillic",
    "Grek": "Greek",
    "Hang": "Hangul",
    "Jpan": JAPANESE,
    "Hans": CHINESE,
    "Hant": CHINESE,
    "Arab": "Arabic",
    "Hebr": "Hebrew",
    "Deva": "Devanagari",
    "Thai": "Thai",
}
"""Codes of ISO 15924, and our names."""

BY_CHARACTERS: Final = frozenset({"ja", "zh", "th"})
"""Languages without spaces: their characters are compared."""


class Reading(NamedTuple):
    """What an engine reports of a picture."""

    text: str
    script: str | None = None
    """Script of the text; None if the engine does not tell it."""
    n_unread_lines: int | None = None
    """Lines that were found and not read; None if the engine does not tell."""


class Counts(NamedTuple):
    """Counts of one picture; words are characters in languages without spaces."""

    n_hits: int
    """Required words that were reported."""
    n_wanted: int
    """Required words."""
    n_reported: int
    """Reported words, without the optional ones."""
    n_false_script: int
    """Those of them in a script that no label of the picture has."""


class Label(NamedTuple):
    """A picture and the words on it."""

    picture: Path
    script: str
    """A code of ISO 15924."""
    language: str
    words: str
    """Lines may be separated by ``|``."""
    optional_words: str = ""
    """Words that are not counted either way."""

    def count_words(self, reported: str) -> Counts:
        """Compare multisets of words."""
        wanted, optional, found = (
            Counter(split_words(text, self.language))
            for text in (self.words, self.optional_words, reported)
        )
        hits, extra = wanted & found, found - wanted - optional
        scripts = count_scripts(f"{self.words} {self.optional_words}")
        if scripts[JAPANESE]:
            scripts[CHINESE] += 1
        is_false = {word: script_of([word]) not in (None, *scripts) for word in extra}
        n_false = sum(n for word, n in extra.items() if is_false[word])
        return Counts(hits.total(), wanted.total(), (hits + extra).total(), n_false)

    def count_edits(self, reported: str) -> tuple[int, int]:
        """Character error rate: its numerator and denominator.

        Returns:
            The Levenshtein distance of the reported characters from the required ones, both in
            reading order, and the number of required ones. Optional lines that were reported
            exactly are left out; others count as errors.
        """
        read = "".join(split_words(reported, self.language))
        for line in self.optional_words.split("|"):
            read = read.replace("".join(split_words(line, self.language)), "", 1)
        wanted = "".join(split_words(self.words, self.language))
        return Levenshtein.distance(wanted, read), len(wanted)


def split_words(text: str, language: str) -> list[str]:
    """Words in lower case, without signs; characters of languages without spaces.

    Example:
        ``Größe: 5!`` gives ``grösse``, ``5``.
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain).split()
    return list("".join(words)) if language in BY_CHARACTERS else words


def read_labels(data: Path) -> Iterator[Label]:
    """The labelled pictures of ``languages/labels.csv`` that are there.

    Raises:
        MissingError: There is no such file.
    """
    folder = data / "languages"
    for row in read_rows(folder / "labels.csv"):
        picture = folder / QUALITY / f"{row['video_id']}.jpg"
        if picture.exists():
            words = (row["words"], row["optional_words"])
            yield Label(picture, row["script"], row["language"], *words)
