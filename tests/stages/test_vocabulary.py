"""Which words of titles and descriptions are counted, and how often."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.stages.vocabulary import (
    _write_vocabulary,
    build_vocabulary,
    count_vocabulary,
    select_vocabulary,
)
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.data_task import DataTask


def test_no_texts_give_no_words() -> None:
    assert count_vocabulary([]) == {}
    assert count_vocabulary([None, "", "   "]) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Key AND Peele, key and PEELE!", {"key", "and", "peele"}),
        ("an ox, a cat, antidisestablishment", {"cat"}),  # 2 letters; 20 letters
        ("fourteenlettrs fifteenletterss", {"fourteenlettrs"}),
        ("line one\\nline two\\r\\nthree\nfour", {"line", "one", "two", "three", "four"}),
        ("Café Ærøskøbing Nguyễn", {"café", "ærøskøbing", "nguyễn"}),
        ("cafe\u0301", {"café"}),  # an accent of its own, composed
        ("mp3 4ever x264 snake_case", set()),
        ("Привет мир 東京 Tokyo", {"привет", "мир", "東", "京", "tokyo"}),
        ("안녕 세계 나라", {"안녕", "세계", "나라"}),  # Korean words of two syllables
        ("नमस्ते दुनिया، مرحبا", {"नमस्ते", "दुनिया", "مرحبا"}),
        ("เกม เกม", {"เ", "ก", "ม"}),
        ("น้ำ 日本の", {"น้", "ำ", "日", "本", "の"}),
        ("और हिन्दी है।", {"हिन्दी"}),  # a conjunct is several letters; the others have 2 and 1
        ("क्\u200dयारी", {"क्\u200dयारी"}),  # a joiner chooses how letters are drawn
        ("می\u200cخواهم بروم", {"می\u200cخواهم", "بروم"}),
        ("مُحَمَّد، سلام؟", {"مُحَمَّد", "سلام"}),
        ('ארה"ב נְקֻדּוֹת ב"הארץ" שלום', {"נְקֻדּוֹת", "הארץ", "שלום"}),
        ("и\u0306одль ελληνικά ქართული", {"йодль", "ελληνικά", "ქართული"}),
        ("see https://youtu.be/Word or www.word.com, word.com/page", {"see"}),
        ("mail me@words.org, follow @words #words #two#words", {"mail", "follow"}),
        ("Kimmel's kids couldn't and ‘quoted’ don’t", {"kimmel", "kids", "and", "quoted"}),
        ("l'amour", {"amour"}),
        ("Ends here. Starts there", {"ends", "here", "starts", "there"}),
        ("state-of-the-art (really)", {"state", "the", "art", "really"}),
    ],
)
def test_words_are_runs_of_3_to_14_letters_or_characters_of_scripts_without_spaces(
    text: str, words: set[str]
) -> None:
    assert set(count_vocabulary([text])) == words


def test_a_word_counts_once_per_text() -> None:
    assert count_vocabulary(["spam spam Spam", "spam", "eggs"]) == {"spam": 2, "eggs": 1}


def test_merged_batches_equal_one_count() -> None:
    texts = ["one two", None, "two three", "three two"]
    merged: Counter[str] = Counter()
    for batch in (texts[:1], texts[1:]):
        merged.update(count_vocabulary(batch))
    assert merged == count_vocabulary(texts)


def test_a_title_is_trusted_alone_a_description_when_another_agrees() -> None:
    titles = {"zorb": 1, "alpha": 2}
    descriptions = {"typpo": 1, "beta": 2, "alpha": 1}
    assert select_vocabulary(titles, descriptions) == {"alpha": 3, "beta": 2, "zorb": 1}


def test_the_vocabulary_is_in_alphabetical_order() -> None:
    selected = select_vocabulary(count_vocabulary(["zebra éclair apple", "mango"]), {})
    assert list(selected) == ["apple", "mango", "zebra", "éclair"]


def test_time_is_linear_in_a_long_text_without_spaces() -> None:
    assert count_vocabulary(["x" * 1_000_000, "." * 1_000_000, "'a" * 500_000]) == {}


def test_the_vocabulary_is_of_titles_and_descriptions() -> None:
    videos = pa.table(
        {
            "title": ["Zorbix unboxed", "Zorbix again"],
            "description ": ["plumbus here", "another plumbus"],
        }
    )
    vocabulary = build_vocabulary([videos])
    assert vocabulary.schema == schemas.VOCABULARY
    assert {"zorbix", "plumbus"} <= set(vocabulary["word"].to_pylist())
    assert len(build_vocabulary([pa.table({"video_id": ["a"]})])) == 0


@pytest.mark.parametrize(("column", "hints"), [("title", 0), ("titre", 1)])
def test_a_table_without_known_titles_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], column: str, hints: int
) -> None:
    videos = ParquetTarget(str(tmp_path / "videos.parquet"))
    videos.write(pa.table({"video_id": ["a"], column: ["METRO LINEA"]}))
    _write_vocabulary(DataTask(), videos, ParquetTarget(str(tmp_path / "vocabulary.parquet")))
    assert capfd.readouterr().err.count("--title-column names one") == hints
