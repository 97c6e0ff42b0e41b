"""The words that dictionaries know."""

import pytest
from spellchecker import SpellChecker

from thumbnail_tasks.engines.dictionaries import (
    LANGUAGES,
    Dictionary,
    find_nearest,
    fold,
    iter_counts,
    load_dictionary,
)


def test_pyspellchecker_has_the_languages() -> None:
    assert sorted(SpellChecker.languages()) == sorted([*LANGUAGES, "ar", "fa"])


@pytest.mark.parametrize("language", ["ru", "eu"])
def test_a_dictionary_is_read_as_pyspellchecker_does(language: str) -> None:
    counts: dict[str, int] = {}
    for part in iter_counts(language):
        assert not counts.keys() & part.keys()
        counts |= part
    assert counts == dict(SpellChecker(language=language).word_frequency.dictionary)


@pytest.mark.parametrize("word", ["größte", "grösste", "grosste", "été", "ete", "œuvre", "oeuvre"])
def test_words_are_known_without_accents_and_ligatures(word: str) -> None:
    counts = [{"größte": 50, "été": 9000}, {"œuvre": 50}]
    assert Dictionary(counts, is_whole=False).knows(word)


def test_a_whole_dictionary_knows_its_words_as_they_are() -> None:
    english = Dictionary([{"cafe": 50}], is_whole=True)
    assert english.knows("cafe")
    assert not english.knows("café")
    assert english.total == 50


def test_rare_words_are_known_but_not_nearest() -> None:
    dictionary = Dictionary([{"haus": 5000, "maus": 50}], is_whole=False)
    assert dictionary.knows("maus")
    assert find_nearest("laus", [dictionary.index]) == (1, ["haus"])


def test_odd_words_have_letters_side_by_side_that_the_language_has_not() -> None:
    russian = load_dictionary("ru")
    assert russian.is_odd("сегодыя")
    assert not russian.is_odd("домами")
    assert load_dictionary("en").is_odd("houses")  # the whole dictionary is known


def test_folding_keeps_letters_of_other_scripts() -> None:
    assert [fold(word) for word in ("größe", "ærø", "ёлка", "東京")] == [
        "grosse",
        "aerø",
        "елка",
        "東京",
    ]
