"""The words of languages with their frequencies, and the nearest known words of an unknown one."""

import functools
import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein

from thumbnail_tasks.engines.letters import MARKS

LANGUAGES: Final = ("de", "en", "es", "eu", "fr", "it", "lv", "nl", "pt", "ru")
"""Languages (ISO 639-1) whose dictionaries pyspellchecker has; Arabic and Persian are left out,
because words in their letters are not corrected."""

# In other languages than English, rarer words are known, but nothing is corrected to them: they are
# stored as numbers, which takes 3 MB instead of 60 for the 340,000 of German.
MIN_STORED_COUNT: Final = 300

# Three letters side by side that occur less often in the words of a dictionary are odd. Half of all
# words with a misread letter have such (41 to 62 %), and 3 to 27 % of the right words that the
# dictionaries lack (2026-11-28, of the 10,000 most frequent of eight languages).
MIN_TRIPLE_COUNT: Final = 3

_PART_CHARS: Final = 1 << 19
_MARKS: Final = re.compile(f"[{MARKS}]")
_LIGATURES: Final = (("ß", "ss"), ("œ", "oe"), ("æ", "ae"))


class WordIndex:
    """Known words with their counts; finds the nearest ones in about a millisecond."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """Index the words: 0.1 s for 160,000.

        Args:
            counts: Lower-case word to frequency.
        """
        self.counts = counts
        by_length: dict[int, list[str]] = {}
        for word in sorted(counts):
            by_length.setdefault(len(word), []).append(word)
        self._by_length = {
            length: (words, _letter_sets(words)) for length, words in by_length.items() if length
        }

    def find_nearest(self, word: str) -> tuple[int, list[str]]:
        """Find the known words at the smallest distance of 1 or 2: see the function."""
        return find_nearest(word, [self])

    def iter_within(self, word: str, distance: int) -> Iterator[str]:
        """The known words at a distance of at most 1 or 2."""
        # An edit changes at most two members of a word's set of letters, which rules out all but
        # some hundred words. Two edits are unrestricted Damerau-Levenshtein: the usual "optimal
        # string alignment" cannot go from "ca" through "ac" to "abc".
        letters = _letter_sets([word])[0]
        for length in range(len(word) - distance, len(word) + distance + 1):
            if length in self._by_length:
                words, sets = self._by_length[length]
                for index in np.flatnonzero(np.bitwise_count(sets ^ letters) <= 2 * distance):
                    known = words[index]
                    if DamerauLevenshtein.distance(word, known) <= distance:
                        yield known


class Dictionary:
    """The words of a language, as known words."""

    def __init__(self, parts: Iterable[Mapping[str, int]], is_whole: bool) -> None:
        """Store the words.

        Args:
            parts: Lower-case words to frequencies; read one by one, so that a large dictionary
                never lies in memory as a whole.
            is_whole: Whether rare words are stored as words, too, so that they can be nearest.
        """
        self.is_whole = is_whole
        self.total = 0
        """Number of words that were counted."""
        counts: dict[str, int] = {}
        digests, triples = [], Counter[int]()
        for part in parts:
            self.total += sum(part.values())
            if is_whole:
                counts.update(part)
                continue
            counts.update((word, n) for word, n in part.items() if n >= MIN_STORED_COUNT)
            text = fold(" ".join(part))
            digests.append(_digest_words(text.split(" ")))
            found, n_found = np.unique(_cut_triples(text), return_counts=True)
            triples.update(dict(zip(found.tolist(), n_found.tolist(), strict=True)))
        self.index = WordIndex(counts)
        if not is_whole:
            self._known = np.sort(np.concatenate(digests))
            usual = [triple for triple, n in triples.items() if n >= MIN_TRIPLE_COUNT]
            self._triples = np.array(sorted(usual), np.uint64)

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is known.

        In other languages than English, accents and ligatures do not count: capitals often have
        none (``PREMIERE``, ``GRÖSSTE``).
        """
        if word in self.index.counts:
            return True
        return not self.is_whole and _are_in(self._known, _digest_words([fold(word)]))

    def is_odd(self, word: str) -> bool:
        """Whether an unknown lower-case word has letters side by side that the language has not.

        Otherwise it may be a form of a word that the dictionary lacks. Always, if it is whole.
        """
        return self.is_whole or not _are_in(self._triples, _cut_triples(fold(word)))


@functools.cache
def load_dictionary(language: str) -> Dictionary:
    """Load one of ``LANGUAGES``: 0.1 to 2 s, 2 to 30 MB."""
    return Dictionary(iter_counts(language), is_whole=language == "en")


def iter_counts(language: str) -> Iterator[dict[str, int]]:
    """Read the dictionary of one of ``LANGUAGES`` in parts: lower-case words to frequencies.

    As pyspellchecker's ``SpellChecker`` does, which needs 50 to 150 MB for the whole.
    """
    path = resources.files("spellchecker") / "resources" / f"{language}.json.gz"
    with path.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as file:
        rest = ""
        while part := file.read(_PART_CHARS):
            rest += part.lower()
            whole, comma, rest = rest.rpartition(',\n"')
            if comma:
                yield json.loads("{" + whole.strip("{}") + "}")
                rest = '"' + rest
        yield json.loads("{" + rest.strip("{}") + "}")


def find_nearest(
    word: str, indexes: Sequence[WordIndex], max_distance: int = 2
) -> tuple[int, list[str]]:
    """Find the known words at the smallest distance of 1 or 2, the best first.

    Args:
        word: One or more lower-case letters, not a known word.
        indexes: Of which all words are known; their counts are added.
        max_distance: 1 or 2.

    Returns:
        The distance, and the words of pyspellchecker's ``candidates``: those that are equal without
        accents first, then the most frequent, then those of the same length, then by alphabet. No
        words if there are none.
    """
    plain = strip_accents(word)

    def rank(known: str) -> tuple[bool, int, int, str]:
        count = sum(index.counts.get(known, 0) for index in indexes)
        return strip_accents(known) != plain, -count, abs(len(known) - len(word)), known

    for distance in range(1, max_distance + 1):
        found = {known for index in indexes for known in index.iter_within(word, distance)}
        if found:
            return distance, sorted(found, key=rank)
    return 0, []


def strip_accents(word: str) -> str:
    """The word without accents: ``cafe`` of ``café``."""
    decomposed = unicodedata.normalize("NFKD", word)
    if decomposed.isascii():
        return decomposed
    return _MARKS.sub("", decomposed)


def fold(word: str) -> str:
    """A lower-case word without accents and ligatures: ``grosste`` of ``größte``."""
    for ligature, letters in _LIGATURES:
        word = word.replace(ligature, letters)
    return strip_accents(word)


def _digest_words(words: Sequence[str]) -> NDArray[np.uint64]:
    """Digests of N words, of 64 bits: SipHash, the same on every machine."""
    return pd.util.hash_array(np.array(words, object), categorize=False)


def _letter_sets(words: Sequence[str]) -> NDArray[np.uint64]:
    """Encode the letters of N words of one length, at least 1, as N sets of 64 bits.

    Letters whose code points are equal modulo 64 share a bit: this rules out fewer words, but never
    a candidate.
    """
    codes = np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32)
    bits = np.left_shift(np.uint64(1), codes.astype(np.uint64) % np.uint64(64))
    sets: NDArray[np.uint64] = np.bitwise_or.reduce(bits.reshape(len(words), -1), axis=1)
    return sets


def _are_in(known: NDArray[np.uint64], numbers: NDArray[np.uint64]) -> bool:
    """Whether all numbers are in the sorted ones."""
    places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return bool((known[places] == numbers).all())


def _cut_triples(text: str) -> NDArray[np.uint64]:
    """Encode three characters side by side as a number, with the spaces around words."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le"), np.uint32).astype(np.uint64)
    return (codes[:-2] << np.uint64(42)) | (codes[1:-1] << np.uint64(21)) | codes[2:]
