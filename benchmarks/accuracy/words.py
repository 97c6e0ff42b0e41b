"""Words said beside the words that stand on a picture."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class WordCounts(NamedTuple):
    """One picture."""

    n_hits: int
    """Must-read words that were said."""
    n_wanted: int
    """Must-read words."""
    n_reported: int
    """Words said, without the optional ones."""
    is_wordless: bool
    """There is no must-read word."""
    is_invented: bool
    """It is wordless, and words were said that are not optional either."""


class Corrections(NamedTuple):
    """What spelling correction did to one picture's words."""

    n_right: int
    """Words that were right before."""
    n_repaired: int
    n_broken: int


class WordScore(NamedTuple):
    """Over all pictures; recall and precision 0 to 1."""

    recall: float
    precision: float
    n_words: int
    n_invented: int
    """Pictures without words on which some were reported."""
    n_wordless: int


def split_words(text: str) -> list[str]:
    """Words as they are compared: NFKD, ASCII, lower case, split at all but a-z and 0-9.

    Example:
        ``HELL'S Café`` gives ``hell``, ``s``, ``cafe``.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(char if char.isalnum() else " " for char in plain).split()


def count_words(must: str, may: str, said: str) -> WordCounts:
    """Compare multisets of words; optional words count neither way.

    Args:
        must: The words a good reader reports.
        may: Words that are neither rewarded nor punished.
        said: What was read.
    """
    wanted, optional, read = (Counter(split_words(text)) for text in (must, may, said))
    n_hits = (read & wanted).total()
    n_extra = (read - wanted - optional).total()
    is_wordless = not wanted
    return WordCounts(
        n_hits, wanted.total(), n_hits + n_extra, is_wordless, is_wordless and n_extra > 0
    )


def count_corrections(must: str, may: str, raw: str, corrected: str) -> Corrections:
    """Count the words that became right by correction, and those that ceased to be.

    Args:
        must: The words a good reader reports.
        may: Words that may stand there, too.
        raw: What was read, before correction.
        corrected: After it.
    """
    truth = Counter(split_words(must)) + Counter(split_words(may))
    before, after = (truth & Counter(split_words(text)) for text in (raw, corrected))
    return Corrections(before.total(), (after - before).total(), (before - after).total())


def score_words(pictures: Iterable[WordCounts]) -> WordScore:
    """Recall and precision over all words of all pictures; NaN where there is none."""
    hits, wanted, reported, wordless, invented = (
        sum(column) for column in zip(*pictures, strict=True)
    )
    recall = hits / wanted if wanted else float("nan")
    precision = hits / reported if reported else float("nan")
    return WordScore(recall, precision, wanted, invented, wordless)


def judge_words(must: str, may: str, said: Iterable[str]) -> Iterator[str]:
    """Judge what was said piece by piece: ``hit``, ``optional`` or ``false``.

    A piece is as right as its rightest word; each labelled word answers for one word said.
    """
    wanted, optional = Counter(split_words(must)), Counter(split_words(may))
    for piece in said:
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


def missed_words(must: str, said: str) -> list[str]:
    """The must-read words that were not said, in their order.

    Example:
        ``OF THE WEB`` with ``the`` said leaves ``of`` and ``web``.
    """
    left = Counter(split_words(must)) - Counter(split_words(said))
    missed = []
    for word in split_words(must):
        if left[word] > 0:
            left[word] -= 1
            missed.append(word)
    return missed
