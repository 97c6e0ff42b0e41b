"""Compare reported words with the words on a picture."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class WordCounts(NamedTuple):
    """Counts of one picture."""

    n_hits: int
    """Required words that were reported."""
    n_wanted: int
    """Required words."""
    n_reported: int
    """Reported words, without the optional ones."""
    is_wordless: bool
    """There is no required word."""
    is_invented: bool
    """It is wordless, but words were reported that are not optional."""


class Corrections(NamedTuple):
    """Effect of spelling correction on one picture's words."""

    n_right: int
    """Words that were right before correction."""
    n_repaired: int
    n_broken: int


class WordScore(NamedTuple):
    """Scores over all pictures; recall and precision 0 to 1."""

    recall: float
    precision: float
    n_words: int
    n_invented: int
    """Wordless pictures with reported words."""
    n_wordless: int


def split_words(text: str) -> list[str]:
    """Normalise and split words: NFKD, ASCII, lower case, split at all but a-z and 0-9.

    Example:
        ``HELL'S Café`` gives ``hell``, ``s``, ``cafe``.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(char if char.isalnum() else " " for char in plain).split()


def count_words(required: str, allowed: str, reported: str) -> WordCounts:
    """Compare multisets of words; optional words are not counted.

    Args:
        required: Words that a recogniser should report.
        allowed: Optional words.
        reported: The recognised text.
    """
    wanted, optional, read = (Counter(split_words(text)) for text in (required, allowed, reported))
    n_hits = (read & wanted).total()
    n_extra = (read - wanted - optional).total()
    is_wordless = not wanted
    return WordCounts(
        n_hits, wanted.total(), n_hits + n_extra, is_wordless, is_wordless and n_extra > 0
    )


def count_corrections(required: str, allowed: str, raw: str, corrected: str) -> Corrections:
    """Count the words that correction repaired and broke.

    Args:
        required: Words that a recogniser should report.
        allowed: Optional words.
        raw: The text before correction.
        corrected: The text after correction.
    """
    truth = Counter(split_words(required)) + Counter(split_words(allowed))
    before, after = (truth & Counter(split_words(text)) for text in (raw, corrected))
    return Corrections(before.total(), (after - before).total(), (before - after).total())


def score_words(pictures: Iterable[WordCounts]) -> WordScore:
    """Recall and precision over all words of all pictures; NaN if there are none."""
    hits, wanted, reported, wordless, invented = (
        sum(column) for column in zip(*pictures, strict=True)
    )
    recall = hits / wanted if wanted else float("nan")
    precision = hits / reported if reported else float("nan")
    return WordScore(recall, precision, wanted, invented, wordless)


def judge_words(required: str, allowed: str, reported: Iterable[str]) -> Iterator[str]:
    """Judge each reported piece of text: ``hit``, ``optional`` or ``false``.

    The best word of a piece decides; each labelled word matches one reported word.
    """
    wanted, optional = Counter(split_words(required)), Counter(split_words(allowed))
    for piece in reported:
        words = Counter(split_words(piece))
        if (words & wanted).total():
            verdict = "hit"
        elif (words & optional).total() or not words:
            verdict = "optional"
        else:
            verdict = "false"
        left = words - wanted
        wanted -= words
        optional -= left
        yield verdict


def missed_words(required: str, reported: str) -> list[str]:
    """The required words that were not reported, in their order.

    Example:
        ``OF THE WEB`` with ``the`` reported gives ``of`` and ``web``.
    """
    left = Counter(split_words(required)) - Counter(split_words(reported))
    missed = []
    for word in split_words(required):
        if left[word] > 0:
            left[word] -= 1
            missed.append(word)
    return missed
