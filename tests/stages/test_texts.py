"""The text of each thumbnail: confident words, corrected."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.texts import Thresholds, correct_texts, count_tokens


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
        [{"thumbnail_id": "barred", "title_and_channel": "I quit! Channel"}], schemas.SHARDS
    )

    def correct(words: Sequence[str], are_sure: Sequence[bool], titles: Sequence[str]) -> list[str]:
        assert set(titles) == {"I quit! Channel"}
        return ["QUIT!" if not sure else word for word, sure in zip(words, are_sure, strict=True)]

    texts = correct_texts(
        thumbnails, recognized, shard, correct, Thresholds(0.8, 14, 0.97, 0.98), ignore
    )
    assert texts.schema == schemas.TEXTS
    assert [tuple(row.values())[1:] for row in texts.to_pylist()] == [
        ("I QUTI! QUTI! print", "QUIT! QUIT! QUTI! QUIT!", 8, "Latin", 0),
        (None, None, None, None, None),
        ("", "", 0, None, 0),
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
        Thresholds(0.8, 14, 0.97, 0.98),
        ignore,
    )
    row = texts.to_pylist()[0]
    names = ("ocr", "ocr_length", "text_script", "unread_lines")
    assert tuple(row[name] for name in names) == expected


def test_tokens_are_counted_as_nltk_does() -> None:
    assert [count_tokens(text) for text in ("", "I QUIT!", "don't $5")] == [0, 3, 4]
