"""Which words are right in a text of these languages, and to which the others are corrected."""

import functools
from dataclasses import dataclass
from typing import Final

from thumbnail_tasks.engines.dictionaries import LANGUAGES, Dictionary, WordIndex, load_dictionary
from thumbnail_tasks.engines.languages import Languages

# A word is corrected to words of a language that its text is in with at least this confidence.
MIN_LANGUAGE_CONFIDENCE: Final = 0.5


@dataclass(frozen=True)
class KnownWords:
    """The words that are right on a thumbnail, and those that others are corrected to."""

    own: WordIndex
    """Of the videos' own words."""
    languages: tuple[str, ...]
    """A word that the dictionary of one of these knows is right."""
    dictionary: Dictionary | None
    """Of the language that unknown words are corrected to, if one is likely enough."""
    share: float
    """The size of its corpus, of the English one's: limits of counts are scaled."""

    def has(self, word: str) -> bool:
        """Whether the word is right."""
        return word in self.own.counts or any(
            load_dictionary(language).knows(word) for language in self.languages
        )

    def count(self, word: str) -> int:
        """The frequency of a word to which others are corrected, or of which they consist."""
        own = self.own.counts.get(word, 0)
        return own + self.dictionary.index.counts.get(word, 0) if self.dictionary else own


def choose_words(own: WordIndex, languages: Languages) -> KnownWords:
    """What is known if a text is in these languages."""
    likely = [language for language, _ in languages if language in LANGUAGES]
    best = languages[0] if languages else ("", 0.0)
    is_corrected = best[0] in LANGUAGES and best[1] >= MIN_LANGUAGE_CONFIDENCE
    # English words are on thumbnails in all languages.
    return _load(own, tuple(dict.fromkeys(["en", *likely])), best[0] if is_corrected else None)


@functools.lru_cache(maxsize=100)
def _load(own: WordIndex, languages: tuple[str, ...], best: str | None) -> KnownWords:
    if best is None:
        return KnownWords(own, languages, None, 1)
    dictionary = load_dictionary(best)
    share = min(dictionary.total / load_dictionary("en").total, 1)
    return KnownWords(own, languages, dictionary, share)
