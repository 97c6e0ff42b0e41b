"""The numbers of the overview, in which each thumbnail counts once."""

from collections import Counter
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.report.data import ATTRIBUTES, as_json, is_changed
from thumbnail_tasks.report.outcomes import correlate, describe_attributes, describe_outcomes
from thumbnail_tasks.report.words import count_words, find_stop_words

_MAX_WORDS = 40
_MAX_COUNTED: Final = {"thumbnail_ocr_length": 30, "face_count": 10}
"""Larger counts share the last bar of a histogram."""

_COLOURED_FROM = 40
"""Pictures with a lower median saturation (of 255) have no meaningful hue."""


def summarize(
    items: pd.DataFrame, n_rows: int, emotions: pa.Table, names: dict[str, str]
) -> dict[str, Any]:
    """The data of the overview.

    Args:
        items: N items from ``list_items``.
        n_rows: Rows of the export.
        emotions: The rows of ``schemas.EMOTIONS`` of these thumbnails.
        names: The names that the table gives to columns, by their meaning.
    """
    done = items[items["thumbnail_status"] == "ok"]
    statuses = Counter(items["thumbnail_status"].tolist())
    coloured = done[done["saturation_median"] >= _COLOURED_FROM]
    attributes = _known_attributes(done)
    meanings = {status: schemas.plain_text(text) for status, text in schemas.STATUSES.items()}
    return {
        "n_rows": n_rows,
        "n_thumbnails": int(items["thumbnail_id"].nunique()),
        "n_items": len(items),
        "n_ok": len(done),
        "statuses": [
            {"status": status, "count": count, "meaning": meanings.get(status, "")}
            for status, count in statuses.most_common()
        ],
        "n_with_text": int((done["thumbnail_ocr_length"] > 0).sum()),
        "n_with_faces": int((done["face_count"] > 0).sum()),
        "n_changed": int(is_changed(done).sum()),
        "words_per_thumbnail": _histogram(done, "thumbnail_ocr_length"),
        "faces_per_thumbnail": _histogram(done, "face_count"),
        "emotions": _describe_emotions(done, emotions),
        "hue": np.histogram(coloured["hue_median"], 18, (0, 180))[0].tolist(),
        "n_coloured": len(coloured),
        "brightness": np.histogram(done["value_median"], 16, (0, 256))[0].tolist(),
        "saturation": np.histogram(done["saturation_median"], 16, (0, 256))[0].tolist(),
        **_rank_words(done),
        "describe": _describe(done[attributes]),
        "outcomes": describe_outcomes(done, names),
        "ties": describe_attributes(done, attributes),
        "correlations": correlate(done, attributes),
    }


def _known_attributes(done: pd.DataFrame) -> list[str]:
    """The attributes that the export has, with any value."""
    return [name for name in ATTRIBUTES if name in done and done[name].notna().any()]


def _histogram(done: pd.DataFrame, name: str) -> list[int]:
    most = _MAX_COUNTED[name]
    counts = done[name].dropna().astype(int).clip(upper=most)
    return [int(count) for count in np.bincount(counts, minlength=most + 1)]


def _describe_emotions(done: pd.DataFrame, emotions: pa.Table) -> list[dict[str, Any]]:
    """For each emotion, the faces with it as strongest, and its mean probability over all."""
    means = {
        label: emotions[label].to_numpy().mean()
        for label in schemas.EMOTION_LABELS
        if len(emotions)
    }
    return [
        {
            "emotion": label,
            "count": int(done[f"{label}_count"].sum()),
            "mean_probability": float(means[label]) if means else None,
        }
        for label in schemas.EMOTION_LABELS
    ]


def _rank_words(done: pd.DataFrame) -> dict[str, Any]:
    """The most frequent words, all and without stop words and numbers: count as read, corrected.

    Also the languages whose stop words were left out.
    """
    texts = [done[name].dropna() for name in ("thumbnail_ocr_raw", "thumbnail_ocr")]
    raw, corrected = map(count_words, texts)
    stop_words, languages = find_stop_words(*_with_languages(done, texts))
    words = sorted(raw | corrected, key=lambda word: (-max(raw[word], corrected[word]), word))
    others = [word for word in words if not (word in stop_words or word.isnumeric())]
    return {
        "words": [[word, raw[word], corrected[word]] for word in words[:_MAX_WORDS]],
        "other_words": [[word, raw[word], corrected[word]] for word in others[:_MAX_WORDS]],
        "stop_word_languages": languages,
    }


def _with_languages(
    done: pd.DataFrame, texts: list[pd.Series]
) -> tuple[list[str], list[str | None]]:
    """All texts, and the language of each; None if it, or the column of an export, is missing."""
    joined = pd.concat(texts)
    if "thumbnail_text_language" not in done:
        return joined.tolist(), [None] * len(joined)
    languages = done["thumbnail_text_language"].loc[joined.index]
    return joined.tolist(), languages.astype(object).where(languages.notna(), None).tolist()


def _describe(done: pd.DataFrame) -> list[list[Any]]:
    """For each column, its name, count, mean, std, min, quartiles and max."""
    if done.empty:
        return []
    numbers = done.astype(float).describe()
    return [[name, *as_json(numbers[name])] for name in numbers]
