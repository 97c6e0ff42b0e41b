"""The words of texts, as the report counts them, and which of them are stop words."""

import functools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Final

from thumbnail_tasks.engines.letters import ACRONYM_SIGN, JOINERS, MARKS

_WORD: Final = re.compile(rf"\w(?:[\w{MARKS}{JOINERS}'’]|{ACRONYM_SIGN})*")

_FALLBACK_LANGUAGE: Final = "en"
"""That of texts of which no language is known, if none is known of any other text either."""


def count_words_in(text: str) -> list[str]:
    """The words of a text as counted in the report: lower case, without punctuation.

    Chinese, Japanese, Thai and others without spaces between words are counted by the runs that
    stand on the picture: a segmenter would need dictionaries, and single characters say little.

    Example:
        ``"DON'T LOOK!"`` is ``["don't", "look"]``.
    """
    return _WORD.findall(text.lower())


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word is in some texts."""
    return Counter(word for text in texts for word in count_words_in(text))


def find_stop_words(
    texts: Sequence[str], languages: Sequence[str | None]
) -> tuple[frozenset[str], list[str]]:
    """The words of some texts that are stop words, such as "the" and "is" in English.

    A word is one if it is a stop word of the text's language in more than half of the places where
    it stands: the German article "die" is, the English verb is not.

    Args:
        texts: N texts.
        languages: Their languages (ISO 639-1); None where it is not known: then that of most texts
            counts.

    Returns:
        The stop words, and the languages of the texts for which there is a list, the most frequent
        first.
    """
    known = Counter(language for language in languages if language)
    main = known.most_common(1)[0][0] if known else _FALLBACK_LANGUAGE
    counts: Counter[str] = Counter()
    as_stop_words: Counter[str] = Counter()
    for text, language in zip(texts, languages, strict=True):
        stop_words = load_stop_words(language or main)
        words = count_words_in(text)
        counts.update(words)
        as_stop_words.update(word for word in words if _folded(word) in stop_words)
    found = frozenset(word for word, count in as_stop_words.items() if 2 * count > counts[word])
    ranked = [language for language, _ in known.most_common()] or [main]
    return found, [language for language in ranked if load_stop_words(language)]


@functools.cache
def load_stop_words(language: str) -> frozenset[str]:
    """The stop words of a language (ISO 639-1), by Apache Lucene; none if it has no list."""
    return frozenset(map(_folded, _load_lists().get(language, "").split()))


@functools.cache
def _load_lists() -> dict[str, str]:
    path = resources.files("thumbnail_tasks.report") / "stop_words.json"
    lists: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return lists


def _folded(word: str) -> str:
    """A word as it is looked up: lower case, straight apostrophes, Greek without accents."""
    word = word.casefold().replace("’", "'")
    if "α" <= word[:1] <= "ω" or word[:1] in "άέήίόύώ":
        word = "".join(
            c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)
        )
    return word
