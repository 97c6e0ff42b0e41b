"""The text of each thumbnail: confident words, corrected."""

from collections.abc import Sequence

import pyarrow as pa

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
        ("I QUTI! QUTI! print", "QUIT! QUIT! QUTI! QUIT!", 8),
        (None, None, None),
        ("", "", 0),
    ]


def test_tokens_are_counted_as_nltk_does() -> None:
    assert [count_tokens(text) for text in ("", "I QUIT!", "don't $5")] == [0, 3, 4]
