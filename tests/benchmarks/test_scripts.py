"""Scores of words in many scripts."""

from pathlib import Path

import pytest

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.parts.scripts import group_labels
from benchmarks.accuracy.readers import Reader, score_readers
from benchmarks.accuracy.scripts import Counts, Label, Reading, read_labels, split_words
from benchmarks.accuracy.table import Target


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Größe: 5!", "de", ["grösse", "5"]),
        ("काम करती है", "hi", ["काम", "करती", "है"]),
        ("東京 2024年", "ja", list("東京2024年")),
        ("вода́ — жизнь", "ru", ["вода́", "жизнь"]),
        ("", "ru", []),
    ],
)
def test_words_keep_their_script_and_marks(text: str, language: str, words: list[str]) -> None:
    assert split_words(text, language) == words


def test_optional_words_count_neither_way() -> None:
    label = Label(Path(), "Cyrl", "ru", "КАК ЗОВУТ ЗОВУТ", "ТВ")
    assert label.count_words("как зовут тв что") == Counts(2, 3, 3, 0)
    assert label.count_words("") == Counts(0, 3, 0, 0)
    repeated = Label(Path(), "Latn", "es", "de", "de")
    assert repeated.count_words("de") == Counts(1, 1, 1, 0)
    assert repeated.count_words("de de") == Counts(1, 1, 1, 0)
    assert repeated.count_words("de de de") == Counts(1, 1, 2, 0)


@pytest.mark.parametrize(
    ("script", "language", "words", "optional", "reported", "n_false"),
    [
        ("Cyrl", "ru", "КАК ЗОВУТ", "", "KAK 3OBYT 10", 2),
        ("Cyrl", "ru", "КАК ЗОВУТ", "TV", "TV зовут", 0),
        ("Jpan", "ja", "パンの作り方", "", "東京 한", 1),
        ("Hans", "zh", "新歌", "", "新の", 1),
    ],
)
def test_words_in_a_script_that_no_label_has_are_false_text(
    script: str, language: str, words: str, optional: str, reported: str, n_false: int
) -> None:
    label = Label(Path(), script, language, words, optional)
    assert label.count_words(reported).n_false_script == n_false


@pytest.mark.parametrize(
    ("reported", "n_edits"),
    [
        ("新歌今天 发布!", 0),
        ("新歌 发布", 2),
        ("新歌今日发布了", 2),
        ("发布 新歌今天", 4),  # in another order
        ("频道 新歌今天发布", 0),
        ("频 新歌今天发布", 1),
        ("", 6),
    ],
)
def test_characters_are_compared_in_reading_order(reported: str, n_edits: int) -> None:
    label = Label(Path(), "Hans", "zh", "新歌 | 今天发布", "频道")
    assert label.count_edits(reported) == (n_edits, 6)


def test_labels_without_a_picture_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"no .*labels\.csv"):
        list(read_labels(tmp_path))
    folder = tmp_path / "languages"
    (folder / "hqdefault").mkdir(parents=True)
    (folder / "hqdefault" / "a.jpg").touch()
    (folder / "labels.csv").write_text(
        "video_id,language,script,words,optional_words\na,zh,Hans,x,\nb,ru,Cyrl,y,\n"
    )
    (label,) = read_labels(tmp_path)
    assert (label.script, label.language, label.words) == ("Hans", "zh", "x")


def test_each_script_and_each_language_is_a_group() -> None:
    chinese, japanese, serbian, english, other = labels = [
        Label(Path(), script, language, "x")
        for script, language in (
            *(("Hant", "zh"), ("Jpan", "ja"), ("Cyrl", "sr")),
            *(("Latn", "en"), ("Taml", "ta")),
        )
    ]
    assert group_labels(labels) == {
        "Latin": [english],
        "Cyrillic": [serbian],
        "Chinese, Japanese": [chinese, japanese],
        "Taml": [other],
        "en": [english],
        "ja": [japanese],
        "sr": [serbian],
        "ta": [other],
        "zh": [chinese],
    }


def test_a_reader_is_scored_on_the_pictures_that_it_can_read() -> None:
    labels = [
        Label(Path("a"), "Thai", "th", "กขคง"),
        Label(Path("b"), "Thai", "th", "จฉ"),
        Label(Path("c"), "Latn", "en", "one two"),
    ]
    ours = [Reading("กข", "Thai", 0), Reading("", "Thai", 2), Reading("one 2", "Latin", 0)]
    readers = [
        Reader("ours", ours, is_ours=True),
        Reader("theirs", [Reading("กขคง"), None, None], note="why"),
    ]
    groups = {"Thai": labels[:2], "en": labels[2:]}
    rows = score_readers("p", labels, readers, groups, {"Thai": {"word recall": Target("≥", 0.5)}})
    found = {(row.group, row.engine, row.measured): row for row in rows}
    scores = {key: row.estimate.score for key, row in found.items() if row.estimate}
    assert scores == {
        ("Thai", "ours", "word recall"): pytest.approx(1 / 3),
        ("Thai", "ours", "word precision"): 1,
        ("Thai", "ours", "character error rate"): pytest.approx(2 / 3),
        ("Thai", "ours", "false text (share of words)"): 0,
        ("Thai", "ours", "unread lines"): 2,
        ("Thai", "ours", "script told right"): 1,
        ("Thai", "theirs", "word recall"): 1,
        ("Thai", "theirs", "word precision"): 1,
        ("Thai", "theirs", "character error rate"): 0,
        ("Thai", "theirs", "false text (share of words)"): 0,
        ("en", "ours", "word recall"): 0.5,
        ("en", "ours", "word precision"): 0.5,
        ("en", "ours", "false text (share of words)"): 0,
        ("en", "ours", "unread lines"): 0,
        ("en", "ours", "script told right"): 1,
    }
    assert [(row.group, row.engine) for row in rows if row.target] == [("Thai", "ours")]
    assert {row.engine: (row.n_cases, row.note) for row in rows[:2]} == {
        "ours": (2, ""),
        "theirs": (1, "why"),
    }
