"""Correct recognised words with pyspellchecker's dictionary and the videos' words, with caution.

The nearest known word is chosen as in pyspellchecker (Norvig's method): fewest edits (drop, add,
replace or swap letters; one edit, else two), then equality without accents, then the highest
count. pyspellchecker breaks ties by the order of a set, and so by PYTHONHASHSEED; here they go to
the candidate of the same length, then to the first in the alphabet.

Whether to correct a word at all is decided here, because most unknown words on thumbnails are
names. The notebook corrected all of them (and wrote everything in lower case). Measured 2026-11-23
with pyspellchecker 0.9.1 and the words of 774 trending videos:

* Of 36,031 correct words from other videos' titles, the notebook's method changes 1,942; this one
  164, and none once the titles are in the vocabulary, as those of the same day are.
* Of 6,977 of them, drawn small and noisy and read by RapidOCR (5,404 correctly), the notebook's
  method repairs 397, breaks 273, and turns 733 errors into other errors; this one 208, 21 and 57.
* On 36 labelled thumbnails the notebook's method lowers word recall from 0.76 to 0.73 and
  precision from 0.79 to 0.73; this one changes neither.
"""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import accumulate, combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein, Hamming

from thumbnail_tasks.engines.interface import Engine

TextCorrector = Callable[[Sequence[str], Sequence[bool], Sequence[str]], list[str]]
"""Maps N words, whether each is certain, and the title and channel of each word's video to N
corrected words.

A word that is not corrected is returned unchanged; one that was several words run together is
returned with spaces.
"""

# By number of edits: minimum length of a word to be changed by this many. Shorter words almost
# always have a neighbour in the dictionary ("EVGA": "eva", "Deji": "deli").
MIN_LETTERS: Final = {1: 5, 2: 8}
MAX_LETTERS: Final = 24

# A correction must be common (the dictionary counts words of film subtitles; its rare words all
# have 50), or occur in several titles and descriptions; and it must be this many times as frequent
# as the next candidate.
MIN_COUNT: Final = 1000
MIN_VOCABULARY_COUNT: Final = 2
MIN_DOMINANCE: Final = 3

# Recognisers run words together with high confidence: "KEYAND". An unknown word that splits into
# words this common, or into the videos' own, is split if one of them is a function word. Of 27,502
# words of titles outside the vocabulary, 8 are split wrongly; 80 without the last condition
# ("VIDEO GAMES", "AIR SOFT", "OBAMA CARE").
MIN_PART_COUNT: Final = 20_000
MIN_GLUE_COUNT: Final = 2_000_000
MIN_PART_LETTERS: Final = 3
MIN_OWN_PART_LETTERS: Final = 4
MIN_SPLIT_LETTERS: Final = 6
MAX_PARTS: Final = 3

# An unknown, uncertain word that is one edit away from one word of its own title or channel becomes
# that word; one that splits into them is split. Of 2,955 drawn title words, 696 misread, this
# repairs 169 instead of 90 and breaks none; with the title of another video 91, and breaks none.
# From 3 letters on it would repair 186, but words of three letters almost always have a neighbour.
# Correcting known words, too, repairs 178 and breaks correct ones if the title differs; two edits
# from 8 letters on, 175 (``benchmarks/title_prior.py``). On 29 thumbnails with real titles it
# changes one word ("bonappétit", to "bon appétit").
MIN_TITLE_LETTERS: Final = 4

# Punctuation, Latin letters, punctuation. No digits, other scripts, handles, hashtags, addresses;
# no apostrophes either: an unknown word with one is a name ("DUNKEY'S"), not an error.
_LETTERS: Final = "[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ]+"
_TOKEN: Final = re.compile(rf"([^\w@#]*)({_LETTERS})([^\w@#]*)")


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
        """Find the known words at the smallest distance of 1 or 2, the best first.

        Args:
            word: One or more lower-case letters, not a known word.

        Returns:
            The distance, and the words of pyspellchecker's ``candidates`` in the order that this
            module describes; no words if there are none.
        """
        for distance in (1, 2):
            found = list(self._iter_within(word, distance))
            if found:
                return distance, sorted(found, key=lambda known: self._rank(known, word))
        return 0, []

    def _iter_within(self, word: str, distance: int) -> Iterator[str]:
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

    def _rank(self, known: str, word: str) -> tuple[bool, int, int, str]:
        has_other_letters = _strip_accents(known) != _strip_accents(word)
        return has_other_letters, -self.counts[known], abs(len(known) - len(word)), known


def load_text_corrector(vocabulary: Mapping[str, int]) -> TextCorrector:
    """Load a corrector that knows English and the videos' own words.

    Args:
        vocabulary: Lower-case word to count, as from ``stages.vocabulary``. The counts
            add to the dictionary's, as with pyspellchecker's ``load_words``.

    Returns:
        The corrector, the same one for the same vocabulary. Its result depends only on the word
        and its own video; it keeps case and surrounding punctuation: ``AMAZIMG!`` becomes
        ``AMAZING!``.
    """
    return _load_text_corrector(tuple(sorted(vocabulary.items())))


@functools.lru_cache(maxsize=1)
def _load_text_corrector(vocabulary: tuple[tuple[str, int], ...]) -> TextCorrector:
    own_counts = dict(vocabulary)
    index = WordIndex(Counter(_load_english_counts()) + Counter(own_counts))

    @functools.lru_cache(maxsize=100_000)
    def correct_word(token: str, is_certain: bool, title_and_channel: str) -> str:
        match = _TOKEN.fullmatch(unicodedata.normalize("NFC", token))
        if not match:
            return token
        before, word, after = match.groups()
        for write in (str.upper, str.lower, str.capitalize):
            if word == write(word):
                break
        else:
            return token  # capitals inside a word are intended: "iPhone", "LeBron", "KitKat"
        lowered, title = word.lower(), _split_title(title_and_channel)
        if _strip_accents(lowered) in title:
            return token
        parts = _find_parts(lowered, index.counts, own_counts, title)
        if len(parts) > 1:
            ends = list(accumulate(map(len, parts), initial=0))
            return before + " ".join(word[i:j] for i, j in pairwise(ends)) + after
        corrected = None
        if not is_certain:
            corrected = _find_in_title(lowered, title, index.counts) or _find_correction(
                lowered, index, own_counts
            )
        return before + write(corrected) + after if corrected else token

    return lambda tokens, are_certain, titles: list(map(correct_word, tokens, are_certain, titles))


@functools.cache
def _load_english_counts() -> dict[str, int]:
    from spellchecker import SpellChecker

    return dict(SpellChecker(language="en").word_frequency.dictionary)


@functools.lru_cache(maxsize=10_000)
def _split_title(title_and_channel: str) -> Mapping[str, str]:
    """Map the words of a title and channel, in lower case without accents, to their spelling."""
    words = re.findall(_LETTERS, unicodedata.normalize("NFC", title_and_channel).lower())
    return {_strip_accents(word): word for word in words if len(word) >= MIN_PART_LETTERS}


def _find_in_title(word: str, title: Mapping[str, str], counts: Mapping[str, int]) -> str | None:
    """The only word of the title at one edit from an unknown word; None if ambiguous."""
    if word in counts or len(word) < MIN_TITLE_LETTERS:
        return None
    plain = _strip_accents(word)
    near = [known for known in title if DamerauLevenshtein.distance(plain, known) == 1]
    return title[near[0]] if len(near) == 1 else None


def _find_correction(word: str, index: WordIndex, own_counts: Mapping[str, int]) -> str | None:
    """The correction of a lower-case word; None for a known word, or if uncertain."""
    if word in index.counts or not min(MIN_LETTERS.values()) <= len(word) <= MAX_LETTERS:
        return None
    distance, nearest = index.find_nearest(word)
    if not nearest or len(word) < MIN_LETTERS[distance] or _is_fused(word, index.counts):
        return None
    best, count = nearest[0], index.counts[nearest[0]]
    # Recognisers confuse letters. Dropped, added or swapped letters are typing errors, or variants
    # of a correct word: "colour", "centre".
    is_misread = len(best) == len(word) and Hamming.distance(best, word) == distance
    is_trusted = count >= MIN_COUNT or own_counts.get(best, 0) >= MIN_VOCABULARY_COUNT
    is_clear = all(count >= MIN_DOMINANCE * index.counts[other] for other in nearest[1:2])
    return best if is_misread and is_trusted and is_clear else None


def _find_parts(
    word: str,
    counts: Mapping[str, int],
    own_counts: Mapping[str, int],
    title: Mapping[str, str],
) -> tuple[str, ...]:
    """Split an unknown word into the words that were run together; itself if there are none.

    Of several splits, the one with the fewest parts is used, then the one whose rarest part is
    the most frequent.
    """
    if word in counts or not MIN_SPLIT_LETTERS <= len(word) <= MAX_LETTERS:
        return (word,)

    def is_part(part: str) -> bool:
        return (len(part) >= MIN_PART_LETTERS and counts.get(part, 0) >= MIN_PART_COUNT) or (
            len(part) >= MIN_OWN_PART_LETTERS and own_counts.get(part, 0) >= MIN_VOCABULARY_COUNT
        )

    def is_split(parts: Sequence[str]) -> bool:
        if all(_strip_accents(part) in title for part in parts):
            return True
        return all(map(is_part, parts)) and max(counts[part] for part in parts) >= MIN_GLUE_COUNT

    for count in range(2, MAX_PARTS + 1):
        splits = [
            parts
            for cuts in combinations(range(1, len(word)), count - 1)
            if is_split(parts := _cut(word, cuts))
        ]
        if splits:
            return max(splits, key=lambda parts: (min(counts.get(p, 0) for p in parts), parts))
    return (word,)


def _is_fused(word: str, counts: Mapping[str, int]) -> bool:
    """Whether a word may be two common words run together: "THISIS" is not "thesis" misread."""
    return any(
        min(counts.get(part, 0) for part in _cut(word, (cut,))) >= MIN_PART_COUNT
        for cut in range(2, len(word) - 1)
    )


def _cut(word: str, cuts: Sequence[int]) -> tuple[str, ...]:
    return tuple(word[i:j] for i, j in pairwise((0, *cuts, len(word))))


def _letter_sets(words: Sequence[str]) -> NDArray[np.uint64]:
    """Encode the letters of N words of one length, at least 1, as N sets of 64 bits.

    Letters whose code points are equal modulo 64 share a bit: this rules out fewer words, but never
    a candidate.
    """
    codes = np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32)
    bits = np.left_shift(np.uint64(1), codes.astype(np.uint64) % np.uint64(64))
    sets: NDArray[np.uint64] = np.bitwise_or.reduce(bits.reshape(len(words), -1), axis=1)
    return sets


def _strip_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


ENGINE = Engine(
    load=load_text_corrector,
    name=lambda: f"pyspellchecker-{version('pyspellchecker')}",
    about=lambda: {
        "min_letters": MIN_LETTERS,
        "max_letters": MAX_LETTERS,
        "min_count": MIN_COUNT,
        "min_vocabulary_count": MIN_VOCABULARY_COUNT,
        "min_dominance": MIN_DOMINANCE,
        "min_part_count": (MIN_PART_COUNT, MIN_GLUE_COUNT),
        "min_part_letters": (MIN_PART_LETTERS, MIN_OWN_PART_LETTERS, MIN_SPLIT_LETTERS),
        "max_parts": MAX_PARTS,
        "min_title_letters": MIN_TITLE_LETTERS,
    },
    own_modules=("spellchecker",),
)
