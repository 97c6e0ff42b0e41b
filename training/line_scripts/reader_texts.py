"""Texts for the lines that readers are trained on: frequent words, names and numbers."""

import functools
import random
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import wordfreq
from draw_lines import LOCALES, words_of

LANGUAGES: Final[Mapping[str, Mapping[str, float]]] = {
    "Cyrillic": {"ru": 6, "uk": 1.5, "bg": 1, "mk": 1},
    "Greek": {"el": 1},
    "Hangul": {"ko": 1},
    "Vietnamese": {"vi": 1},
    "Latin": dict.fromkeys(
        ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "tr", "sv", "fi", "cs", "ro", "hu", "id"),
        1,
    )
    | {"en": 6},
}
"""The languages of each reader, with their weights."""
_N_WORDS: Final = 20_000
_MAX_LENGTH: Final = 34
_SYLLABLES: Final = [
    bytes([row, cell]).decode("euc_kr") for row in range(0xB0, 0xC9) for cell in range(0xA1, 0xFF)
]
"""The 2,350 of KS X 1001, which Korean texts are written with."""


@functools.cache
def _frequent_words(language: str) -> list[str]:
    words = wordfreq.top_n_list(language, _N_WORDS)
    if language in LOCALES["Latin"]:
        return words
    return [word for word in words if not any(map(str.isascii, word)) or word.isdigit()]


@functools.cache
def _names(script: str) -> list[str]:
    locales = LOCALES.get(script, tuple(LANGUAGES[script]))
    return sorted({word for locale in set(locales) for word in words_of(locale)})


def _choose_word(script: str, language: str, chance: random.Random) -> str:
    """A word: frequent ones more often, among them the short ones of which others consist."""
    words = _frequent_words(language)
    kind = chance.random()
    if kind < 0.15:
        return chance.choice(_names(script))
    if kind < 0.75:
        mean = 150 if kind < 0.45 else 2500
        return words[min(int(chance.expovariate(1 / mean)), len(words) - 1)]
    return chance.choice(words)


def _choose_korean_word(chance: random.Random) -> str:
    """Words with their particles, and random syllables, so that names are read, too."""
    kind = chance.random()
    if kind < 0.35:
        return "".join(chance.choices(_SYLLABLES, k=chance.choice([1, 2, 2, 3, 3, 4, 5])))
    if kind < 0.42:
        return chance.choice(wordfreq.top_n_list("en", 3000))
    n_words = chance.choice([1, 1, 2, 2, 3])
    return "".join(_choose_word("Hangul", "ko", chance) for _ in range(n_words))[:8]


def _choose_vietnamese_word(chance: random.Random) -> str:
    """A syllable, or an English word, as titles have them."""
    if chance.random() < 0.2:
        return chance.choice(wordfreq.top_n_list("en", 10_000))
    return _choose_word("Vietnamese", "vi", chance)


def choose_text(script: str, chance: random.Random) -> str:
    """A line of one to five words, sometimes with a number, signs and capitals."""
    languages = LANGUAGES[script]
    (language,) = chance.choices(list(languages), list(languages.values()))
    n_words = chance.choice([1, 1, 2, 2, 3, 3, 4, 5])
    if script == "Hangul":
        words = [_choose_korean_word(chance) for _ in range(n_words)]
    elif script == "Vietnamese":
        words = [_choose_vietnamese_word(chance) for _ in range(n_words)]
    else:
        words = [_choose_word(script, language, chance) for _ in range(n_words)]
    if chance.random() < 0.22:
        numbers: Sequence[int] = (
            *(chance.randrange(10), chance.randrange(10), chance.randrange(100)),
            *(chance.randrange(1900, 2030), 10 ** chance.randrange(5)),
        )
        number = f"{chance.choice(['', '', '', '$', '-'])}{chance.choice(numbers)}"
        number += chance.choice(["", "", "", "", "+", "%", "K", ".5", ",000", "/7", ":30"])
        words.insert(chance.randrange(len(words) + 1), number)
    if chance.random() < 0.06:
        words[0] = f"«{words[0]}»" if script == "Cyrillic" else f'"{words[0]}"'
    text = " ".join(words)
    case = chance.random()
    if case < 0.45:
        text = text.upper()
    elif case < 0.7:
        text = text[:1].upper() + text[1:]
    elif case < 0.78:
        text = text.title()
    if chance.random() < 0.2:
        text += chance.choice(["!", "!!", "?", "...", ":", ".", ",", " -", " &", ")"])
    return unicodedata.normalize("NFC", text)[:_MAX_LENGTH].strip()
