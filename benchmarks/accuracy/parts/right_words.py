"""Right words that correction alters, in texts of 23 languages."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.accuracy.intervals import bootstrap, ratio
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.table import Row, Target
from thumbnail_tasks.engines.dictionaries import LANGUAGES, iter_counts
from thumbnail_tasks.engines.languages import load_language_teller
from thumbnail_tasks.stages.texts import CorrectText

PART: Final = "right words"
RIGHT_WORDS: Final = Path(__file__).parent.parent / "right_words.csv"
_MAX_ALTERED: Final = Target("≤", 0.005)
_N_FREQUENT: Final = 3000
_N_WORDS: Final = 4


class Text(NamedTuple):
    """Right words as on a thumbnail, with the title of its video."""

    words: tuple[str, ...]
    title: str


def measure_right_words(setting: Setting) -> Measured:
    """Measure the share of right words that are altered, by language, all of them uncertain.

    The words are those of ``right_words.csv``, and the 3,000 most frequent of five letters and more
    where pyspellchecker has a dictionary; four words are a text, half of them in capitals.
    """
    name = CorrectText.selected_engine().name()
    rows = []
    for language, titles, words in read_right_words():
        listed = make_texts(words, titles)
        frequent = make_texts(_find_frequent(language), titles)
        for measured, texts in (
            ("right words altered, share", [*listed, *frequent]),
            ("the same without titles", [text._replace(title="") for text in frequent or listed]),
        ):
            altered = [len(find_altered([text])) for text in texts]
            pairs = [(n, len(text.words)) for n, text in zip(altered, texts, strict=True)]
            share = bootstrap(pairs, ratio)
            n_words = sum(n for _, n in pairs)
            about = (measured, f"ours: {name}", n_words, "words", share, 4)
            rows.append(Row(PART, *about, target=_MAX_ALTERED, group=language))
    return Measured(rows)


def read_right_words() -> Iterator[tuple[str, list[str], list[str]]]:
    """The language, some titles in it, and some right words of each row of the list."""
    with RIGHT_WORDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["language"], row["titles"].split(" | "), row["words"].split()


def make_texts(words: Iterable[str], titles: Sequence[str]) -> list[Text]:
    """Make texts of four words; every second one is in capitals, if that loses no letter."""
    listed = list(words)
    texts = []
    for number, start in enumerate(range(0, len(listed), _N_WORDS)):
        some = listed[start : start + _N_WORDS]
        if number % 2:
            some = [word.upper() if word.upper().lower() == word else word for word in some]
        texts.append(Text(tuple(some), titles[number % len(titles)]))
    return texts


def find_altered(texts: Sequence[Text]) -> list[tuple[str, str]]:
    """The words that correction alters, each with what it becomes."""
    correct = CorrectText.selected_engine().load({})
    languages = load_language_teller()(
        [" ".join(text.words) for text in texts], [text.title for text in texts]
    )
    words = [word for text in texts for word in text.words]
    titles = [text.title for text in texts for _ in text.words]
    told = [each for text, each in zip(texts, languages, strict=True) for _ in text.words]
    corrected = correct(words, [False] * len(words), titles, told)
    return [(word, other) for word, other in zip(words, corrected, strict=True) if other != word]


def _find_frequent(language: str) -> list[str]:
    """The most frequent words of a language, shuffled by the alphabet of their ends."""
    if language not in LANGUAGES:
        return []
    counts: dict[str, int] = {}
    for part in iter_counts(language):
        counts |= {word: n for word, n in part.items() if len(word) >= 5 and word.isalpha()}
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:_N_FREQUENT]
    return sorted(frequent, key=lambda word: word[::-1])
