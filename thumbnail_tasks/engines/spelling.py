"""Correct recognised words with pyspellchecker's dictionaries and the videos' words, with caution.

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

Until then all words were corrected as English, which altered 3 to 10 % of the right words of 16
other languages. Now a word is right if any likely language of its text knows it, and is corrected
in one language (``known_words``). Measured 2026-11-28: at most 0.25 % are altered in each of 21
languages; of 2,241 drawn title words, 539 of them misread, 139 are repaired and none is broken, as
before.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from itertools import accumulate, combinations, pairwise
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, Hamming

from thumbnail_tasks.engines import languages as telling
from thumbnail_tasks.engines.dictionaries import (
    LANGUAGES,
    MIN_STORED_COUNT,
    MIN_TRIPLE_COUNT,
    WordIndex,
    find_nearest,
    strip_accents,
)
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.engines.known_words import MIN_LANGUAGE_CONFIDENCE, KnownWords, choose_words
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.engines.misread_letters import (
    CYRILLIC_LANGUAGES,
    DOTTED,
    DOTTED_AS_READ,
    UNKNOWN_ACCENTS,
    close_up,
    in_cyrillic,
)

TextCorrector = Callable[
    [Sequence[str], Sequence[bool], Sequence[str], Sequence[Languages]], list[str]
]
"""Maps N words, whether each is certain, the title and channel of each word's video, and the likely
languages of each word's text to N corrected words.

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

# Without a dictionary, right words are unknown, too: a word must be longer, and one that differs
# from one of the title in its last letters only is most likely another form of it ("filmu").
MIN_TITLE_LETTERS_ALONE: Final = 6
MAX_ENDING: Final = 3

# English has many short words, few endings, and the largest counts. In the other languages rarer
# words are often right forms that the dictionary lacks, so that only one letter is replaced.
MAX_EDITS: Final = 2
MAX_EDITS_OF_OTHERS: Final = 1

# Punctuation, letters of one script, punctuation. No digits, other scripts, handles, hashtags,
# addresses; no apostrophes either: an unknown word with one is a name ("DUNKEY'S"), not an error.
_LETTERS: Final = "(?:[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ]+|[Ͱ-Ͽἀ-῿]+|[Ѐ-ԯ]+)"
_TOKEN: Final = re.compile(rf"([^\w@#]*)({_LETTERS})([^\w@#]*)")


def load_text_corrector(vocabulary: Mapping[str, int]) -> TextCorrector:
    """Load a corrector that knows the likely languages and the videos' own words.

    Args:
        vocabulary: Lower-case word to count, as from ``stages.vocabulary``. The counts
            add to the dictionary's, as with pyspellchecker's ``load_words``.

    Returns:
        The corrector, the same one for the same vocabulary. Its result depends only on the word
        and its own video; it keeps case and surrounding punctuation: ``AMAZIMG!`` becomes
        ``AMAZING!``. Single letters with spaces, ``C A G E``, become a word if they are one.
    """
    return _load_text_corrector(tuple(sorted(vocabulary.items())))


@functools.lru_cache(maxsize=1)
def _load_text_corrector(vocabulary: tuple[tuple[str, int], ...]) -> TextCorrector:
    own = WordIndex(dict(vocabulary))

    @functools.lru_cache(maxsize=100_000)
    def correct_word(
        token: str, is_certain: bool, title_and_channel: str, languages: Languages
    ) -> str:
        language = languages[0][0] if languages else ""
        if language in DOTTED:
            token = token.translate(DOTTED_AS_READ)
        if word := close_up(token):
            is_known = choose_words(own, languages).has(word.lower())
            is_titled = strip_accents(word.lower()) in _split_title(title_and_channel)
            return word if is_known or is_titled else token
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
        if language in UNKNOWN_ACCENTS and strip_accents(lowered) in title:
            return before + write(title[strip_accents(lowered)]) + after
        known = choose_words(own, languages)
        if strip_accents(lowered) in title or len(lowered) != len(word) or known.has(lowered):
            return token
        cyrillic = in_cyrillic(word)
        is_likely = not CYRILLIC_LANGUAGES.isdisjoint(dict(languages))
        if cyrillic and (cyrillic in title or (is_likely and known.has(cyrillic))):
            return before + cyrillic.upper() + after
        parts = _find_parts(lowered, known, title)
        if len(parts) > 1:
            ends = list(accumulate(map(len, parts), initial=0))
            return before + " ".join(word[i:j] for i, j in pairwise(ends)) + after
        corrected = None
        if not is_certain:
            corrected = _find_in_title(lowered, title, known) or _find_correction(lowered, known)
        if corrected is None or (DOTTED & dict(languages).keys() and write is not str.lower):
            return token
        return before + write(corrected) + after

    def correct(
        tokens: Sequence[str],
        are_certain: Sequence[bool],
        titles: Sequence[str],
        languages: Sequence[Languages],
    ) -> list[str]:
        return list(map(correct_word, tokens, are_certain, titles, languages))

    return correct


@functools.lru_cache(maxsize=10_000)
def _split_title(title_and_channel: str) -> Mapping[str, str]:
    """Map the words of a title and channel, in lower case without accents, to their spelling."""
    words = re.findall(_LETTERS, unicodedata.normalize("NFC", title_and_channel).lower())
    return {strip_accents(word): word for word in words if len(word) >= MIN_PART_LETTERS}


def _find_in_title(word: str, title: Mapping[str, str], known: KnownWords) -> str | None:
    """The only word of the title at one edit from an unknown word; None if ambiguous."""
    if len(word) < (MIN_TITLE_LETTERS if known.dictionary else MIN_TITLE_LETTERS_ALONE):
        return None
    plain = strip_accents(word)
    near = [each for each in title if DamerauLevenshtein.distance(plain, each) == 1]
    if len(near) != 1:
        return None
    if known.dictionary is None and near[0][:-MAX_ENDING] == plain[:-MAX_ENDING]:
        return None
    return title[near[0]]


def _find_correction(word: str, known: KnownWords) -> str | None:
    """The correction of an unknown lower-case word; None if uncertain."""
    dictionary = known.dictionary
    if dictionary is None or not min(MIN_LETTERS.values()) <= len(word) <= MAX_LETTERS:
        return None
    if not dictionary.is_odd(word):
        return None
    max_edits = MAX_EDITS if dictionary.is_whole else MAX_EDITS_OF_OTHERS
    distance, nearest = find_nearest(word, [dictionary.index, known.own], max_edits)
    if not nearest or len(word) < MIN_LETTERS[distance] or _is_fused(word, known):
        return None
    best, count = nearest[0], known.count(nearest[0])
    # Recognisers confuse letters. Dropped, added or swapped letters are typing errors, or variants
    # of a correct word: "colour", "centre".
    is_misread = len(best) == len(word) and Hamming.distance(best, word) == distance
    is_trusted = count >= MIN_COUNT or known.own.counts.get(best, 0) >= MIN_VOCABULARY_COUNT
    is_clear = all(count >= MIN_DOMINANCE * known.count(other) for other in nearest[1:2])
    return best if is_misread and is_trusted and is_clear else None


def _find_parts(word: str, known: KnownWords, title: Mapping[str, str]) -> tuple[str, ...]:
    """Split an unknown word into the words that were run together; itself if there are none.

    Of several splits, the one with the fewest parts is used, then the one whose rarest part is
    the most frequent.
    """
    if not MIN_SPLIT_LETTERS <= len(word) <= MAX_LETTERS:
        return (word,)
    share, dictionary = known.share, known.dictionary
    may_split = dictionary is not None and dictionary.is_odd(word)

    def is_part(part: str) -> bool:
        return (len(part) >= MIN_PART_LETTERS and known.count(part) >= MIN_PART_COUNT * share) or (
            len(part) >= MIN_OWN_PART_LETTERS
            and known.own.counts.get(part, 0) >= MIN_VOCABULARY_COUNT
        )

    def is_split(parts: Sequence[str]) -> bool:
        if all(strip_accents(part) in title for part in parts):
            return True
        return (
            may_split
            and all(map(is_part, parts))
            and max(map(known.count, parts)) >= MIN_GLUE_COUNT * share
        )

    for count in range(2, MAX_PARTS + 1):
        splits = [
            parts
            for cuts in combinations(range(1, len(word)), count - 1)
            if is_split(parts := _cut(word, cuts))
        ]
        if splits:
            return max(splits, key=lambda parts: (min(map(known.count, parts)), parts))
    return (word,)


def _is_fused(word: str, known: KnownWords) -> bool:
    """Whether a word may be two common words run together: "THISIS" is not "thesis" misread."""
    least = MIN_PART_COUNT * known.share
    return any(
        min(map(known.count, _cut(word, (cut,)))) >= least for cut in range(2, len(word) - 1)
    )


def _cut(word: str, cuts: Sequence[int]) -> tuple[str, ...]:
    return tuple(word[i:j] for i, j in pairwise((0, *cuts, len(word))))


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
        "min_title_letters": (MIN_TITLE_LETTERS, MIN_TITLE_LETTERS_ALONE, MAX_ENDING),
        "min_language_confidence": MIN_LANGUAGE_CONFIDENCE,
        "max_edits": (MAX_EDITS, MAX_EDITS_OF_OTHERS),
        "min_stored_count": (MIN_STORED_COUNT, MIN_TRIPLE_COUNT),
        "rules": 3,  # increment when a change of this module changes the output
        "dictionaries": LANGUAGES,
        "languages": telling.describe(),
    },
    own_modules=("spellchecker",),
)
