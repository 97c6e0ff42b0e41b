import pytest

from benchmarks.accuracy.words import (
    WordCounts,
    count_corrections,
    count_words,
    judge_words,
    missed_words,
    score_words,
    split_words,
)


def test_words_are_split_at_all_but_letters_and_digits_without_accents() -> None:
    assert split_words("HELL'S  Café—#19, K&P ещё") == ["hell", "s", "cafe", "19", "k", "p"]
    assert split_words("") == []


def test_words_are_compared_as_multisets() -> None:
    counts = count_words("nine NINE live", "", "nine nine nine dead")
    assert counts == WordCounts(2, 3, 4, is_wordless=False, is_invented=False)


def test_optional_words_are_not_counted() -> None:
    counts = count_words("the show", "logo", "the logo logo")
    assert counts == WordCounts(1, 2, 2, is_wordless=False, is_invented=False)


@pytest.mark.parametrize(("reported", "is_invented"), [("", False), ("100", False), ("abc", True)])
def test_text_is_invented_only_on_wordless_pictures(reported: str, is_invented: bool) -> None:
    counts = count_words("", "100", reported)
    assert (counts.is_wordless, counts.is_invented) == (True, is_invented)


def test_the_score_is_over_all_words_not_a_mean_of_pictures() -> None:
    pictures = [
        count_words("a b c", "", "a"),
        count_words("d", "", "d e"),
        count_words("", "", "f"),
    ]
    score = score_words(pictures)
    assert (score.recall, score.precision) == (2 / 4, 2 / 4)
    assert (score.n_words, score.n_invented, score.n_wordless) == (4, 1, 1)


def test_a_correction_repairs_and_breaks_words() -> None:
    counts = count_corrections(
        "what makes deji", "donut", "WHATMAKES Deji donut", "what makes deli donut"
    )
    assert counts == (2, 2, 1)


def test_each_labelled_word_matches_one_reported_word() -> None:
    judged = judge_words("key and", "c", ["KEY", "KEY", "C", "C", "&", "AND!"])
    assert list(judged) == ["hit", "false", "optional", "false", "optional", "hit"]


def test_missed_words_keep_their_order() -> None:
    assert missed_words("the dark side of the web", "side THE the") == ["dark", "of", "web"]
