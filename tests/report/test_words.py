"""Which words are stop words, in which languages."""

import pytest

from thumbnail_tasks.report.words import find_stop_words, load_stop_words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["the", "a", "is", "don't", "of"]),
        ("de", ["der", "die", "das", "ist", "und"]),
        ("es", ["el", "la", "es", "que", "de"]),
        ("ru", ["и", "не", "что", "на"]),
        ("ar", ["من", "في", "على"]),
        ("hi", ["का", "के", "है", "और"]),
        ("el", ["και", "το", "από", "αυτούς"]),
        ("ja", ["これ", "する"]),
    ],
)
def test_frequent_words_of_a_language_are_stop_words(language: str, words: list[str]) -> None:
    found, languages = find_stop_words([" ".join(words)], [language])
    assert found == {*words}
    assert languages == [language]


@pytest.mark.parametrize("word", ["top", "ten", "best", "new", "first", "free", "world", "win"])
def test_words_that_thumbnails_are_made_of_are_no_stop_words(word: str) -> None:
    assert word not in load_stop_words("en")


def test_a_word_is_a_stop_word_where_it_mostly_stands_in_a_language_that_says_so() -> None:
    german, english = "die Katze", "die hard"
    assert "die" in find_stop_words([german, german, english], ["de", "de", "en"])[0]
    assert "die" not in find_stop_words([german, english, english], ["de", "en", "en"])[0]


def test_texts_of_an_unknown_language_are_taken_as_those_of_most_texts() -> None:
    texts = ["der Hund", "die Maus", "the cat", "das"]
    found, languages = find_stop_words(texts, ["de", "de", "en", None])
    assert found == {"der", "die", "the", "das"}
    assert languages == ["de", "en"]
    assert find_stop_words(["the cat", "der"], [None, None]) == (frozenset({"the"}), ["en"])


def test_a_language_without_a_list_has_no_stop_words() -> None:
    assert load_stop_words("xx") == frozenset()
    assert find_stop_words(["a b"], ["xx"]) == (frozenset(), [])


def test_curly_apostrophes_are_apostrophes() -> None:
    assert find_stop_words(["DON’T"], ["en"])[0] == {"don’t"}
