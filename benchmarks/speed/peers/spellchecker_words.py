"""pyspellchecker word by word, as in the notebook."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.turns import Run


class Suggestion(NamedTuple):
    """Its correction of a word."""

    correction: str | None
    """None if it finds none."""
    is_unique: bool
    """Whether the word is unknown and no other candidate has the same count.

    Among candidates with the same count it takes any, by the order of a set.
    """


def load_spellchecker(vocabulary: Mapping[str, int]) -> Run:
    """Its English dictionary, plus the videos' words with their counts.

    Raises:
        MissingError: It is not installed.
    """
    checker = make_spellchecker(vocabulary)

    def correct(words: Sequence[str]) -> list[Suggestion]:
        return [_correct(checker, word) for word in words]

    return correct


def make_spellchecker(vocabulary: Mapping[str, int]) -> Any:
    """A ``SpellChecker`` that stores its last candidates.

    Raises:
        MissingError: The package is not installed.
    """
    try:
        from spellchecker import SpellChecker
    except ImportError as error:
        raise MissingError("the package pyspellchecker is not installed") from error

    class Remembering(SpellChecker):  # type: ignore[misc]
        found: set[str] | None = None

        def candidates(self, word: str) -> set[str] | None:
            self.found = super().candidates(word)
            return self.found

    checker = Remembering(language="en")
    checker.word_frequency.load_words(
        word for word, count in vocabulary.items() for _ in range(count)
    )
    return checker


def _correct(checker: Any, word: str) -> Suggestion:
    correction = checker.correction(word)
    if correction is None or correction == word:
        return Suggestion(correction, False)
    counts = [checker[other] for other in checker.found]
    return Suggestion(correction, counts.count(checker[correction]) == 1)
