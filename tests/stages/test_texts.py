"""The text of each thumbnail: confident words, corrected."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.stages.texts import (
    Thresholds,
    correct_texts,
    count_tokens,
    join_single_letters,
)

ENGLISH = (("en", 0.7), ("nl", 0.2))


def test_texts_hold_confident_words_and_distinguish_empty_from_missing(
    thumbnails: pa.Table,
) -> None:
    rows = [
        {
            "thumbnail_id": "barred",
            "text": text,
            "confidence": sure,
            "y_min": 10,
            "y_max": bottom,
        }
        for text, sure, bottom in (
            ("I", 0.9, 40),
            ("QUTI!", 0.8, 40),
            ("QUTI!", 0.98, 40),
            ("noise", 0.79, 40),
            ("texture", 0.96, 23),
            ("print", 0.97, 23),
        )
    ]
    recognized = pa.Table.from_pylist(rows, schemas.WORDS)
    shard = pa.Table.from_pylist(
        [
            {
                "thumbnail_id": "barred",
                "title_and_channel": "I quit! Channel",
                "description": "My job",
            }
        ],
        schemas.SHARDS,
    )

    def tell(read: Sequence[str], contexts: Sequence[str]) -> list[Languages]:
        assert (list(read), list(contexts)) == (
            ["I QUTI! QUTI! print"],
            ["I quit! Channel\nMy job"],
        )
        return [ENGLISH]

    def correct(
        words: Sequence[str],
        are_sure: Sequence[bool],
        titles: Sequence[str],
        languages: Sequence[Languages],
    ) -> list[str]:
        assert set(titles) == {"I quit! Channel"}
        assert set(languages) == {ENGLISH}
        return ["QUIT!" if not sure else word for word, sure in zip(words, are_sure, strict=True)]

    texts = correct_texts(
        thumbnails, recognized, shard, correct, tell, Thresholds(0.8, 14, 0.97, 0.98), ignore
    )
    assert texts.schema == schemas.TEXTS
    assert [tuple(row.values())[1:] for row in texts.to_pylist()] == [
        ("I QUTI! QUTI! print", "QUIT! QUIT! QUTI! QUIT!", 8, "en", "Latin", 0),
        (None, None, None, None, None, None),
        ("", "", 0, None, None, 0),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([(None, "Hangul"), (None, "Hangul"), (None, "Thai")], (None, None, "Hangul", 3)),
        ([("HELLO", "Latin"), (None, "Hangul")], ("HELLO", 1, "Latin", 1)),
        ([("МОСКВА", "Cyrillic"), ("TV", "Latin")], ("МОСКВА TV", 2, "Cyrillic", 0)),
        ([("2024", None)], ("2024", 1, None, 0)),
        ([(None, None)], (None, None, None, None)),
    ],
)
def test_what_was_not_read_is_never_an_empty_text(
    thumbnails: pa.Table, words: list[tuple[str | None, str | None]], expected: tuple[Any, ...]
) -> None:
    rows = [
        {"thumbnail_id": "barred", "text": text, "script": script, "confidence": 1.0}
        | {"y_min": 0.0, "y_max": 40.0}
        for text, script in words
    ]
    shard = pa.Table.from_pylist([{"thumbnail_id": "barred"}], schemas.SHARDS)
    texts = correct_texts(
        thumbnails,
        pa.Table.from_pylist(rows, schemas.WORDS),
        shard,
        lambda read, *_: list(read),
        lambda read, _: [()] * len(read),
        Thresholds(0.8, 14, 0.97, 0.98),
        ignore,
    )
    row = texts.to_pylist()[0]
    names = ("ocr", "ocr_length", "text_script", "unread_lines")
    assert tuple(row[name] for name in names) == expected


def test_tokens_are_counted_as_nltk_does() -> None:
    assert [count_tokens(text) for text in ("", "I QUIT!", "don't $5")] == [0, 3, 4]


@pytest.mark.parametrize(
    ("text", "n_tokens"),
    [
        ("Привет, мир!", 4),
        ("नमस्ते दुनिया", 2),
        ("क्\u200dया श्री", 2),  # with a joiner, which is invisible
        ("می\u200cخواهم بروم", 2),
        ("مُحَمَّد رَسُول", 2),
        ('צה"ל ניצח', 2),  # a quotation mark inside an acronym
        ('"שלום"', 3),
        ("นํ้า น้ำ", 4),
        ("你好，世界。", 6),  # signs count as in English
        ("مرحبا بالعالم", 2),
        ("안녕 세계", 2),
        ("東京タワー", 5),
        ("ขอบคุณ", 5),  # a vowel sign belongs to its letter
        ("TOP 10 東京!", 5),
    ],
)
def test_tokens_are_words_or_characters_of_scripts_without_spaces(text: str, n_tokens: int) -> None:
    assert count_tokens(text) == n_tokens


def test_a_shard_of_an_earlier_version_has_no_descriptions(thumbnails: pa.Table) -> None:
    shard = pa.table({"thumbnail_id": ["barred"], "title_and_channel": ["Old"]})
    words = pa.Table.from_pylist([{"thumbnail_id": "barred", "text": "HI"}], schemas.WORDS)

    def tell(read: Sequence[str], contexts: Sequence[str]) -> list[Languages]:
        assert contexts == ["Old"]
        return [()]

    def correct(words: Sequence[str], *_: object) -> list[str]:
        return list(words)

    sure = Thresholds(0.8, 14, 0.97, 0.98)
    texts = correct_texts(thumbnails, words, shard, correct, tell, sure, ignore)
    assert texts["text_language"].to_pylist() == [None, None, None]


def letter(text: str, x_min: float, y_min: float = 10.0, **others: object) -> dict[str, object]:
    """A word 10 pixels wide and 12 high."""
    box = {"x_min": x_min, "y_min": y_min, "x_max": x_min + 10, "y_max": y_min + 12}
    return {"thumbnail_id": "a", "text": text, "confidence": 0.9, **box, **others}


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ([letter("C", 0), letter("A", 20), letter("G", 40), letter("E", 60)], ["C A G E"]),
        ([letter("BY", 0), letter("C", 20), letter("A", 40)], ["BY", "C A"]),
        ([letter("A", 0), letter("B", 30), letter("C", 60)], ["A", "B", "C"]),  # choices of a quiz
        ([letter("A", 0), letter("B", 0, 40), letter("C", 0, 80)], ["A", "B", "C"]),
        ([letter("A", 0), letter("1", 20), letter("B", 40)], ["A", "1", "B"]),
        ([letter("A", 0), letter("B", 20, thumbnail_id="b")], ["A", "B"]),
        ([letter("A", 0, x_max=None), letter("B", 20)], ["A", "B"]),  # an engine without boxes
        ([letter("A", 0, confidence=None), letter("B", 20)], ["A", "B"]),
        ([], []),
    ],
)
def test_letters_close_beside_each_other_may_be_a_word(
    words: list[dict[str, object]], joined: list[str]
) -> None:
    assert [word["text"] for word in join_single_letters(words)] == joined
