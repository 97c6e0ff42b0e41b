"""The text of each thumbnail: confident words, corrected."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.stages.texts import Thresholds, correct_texts, count_tokens

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
        ("I QUTI! QUTI! print", "QUIT! QUIT! QUTI! QUIT!", 8, "en"),
        (None, None, None, None),
        ("", "", 0, None),
    ]


def test_tokens_are_counted_as_nltk_does() -> None:
    assert [count_tokens(text) for text in ("", "I QUIT!", "don't $5")] == [0, 3, 4]


@pytest.mark.parametrize(
    ("text", "n_tokens"),
    [
        ("Привет, мир!", 4),
        ("नमस्ते दुनिया", 2),
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
