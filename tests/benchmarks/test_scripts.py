"""Scores of words in many scripts."""

from pathlib import Path

import pytest

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.parts.scripts import Label, read_labels, split_words


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
    label = Label(Path(), "Cyrillic", "ru", "КАК ЗОВУТ ЗОВУТ", "ТВ")
    assert label.count("как зовут тв что") == (2, 3, 3)
    assert label.count("") == (0, 3, 0)


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
    assert (label.group, label.language, label.words) == ("Chinese, Japanese", "zh", "x")
