"""The data of the report: a summary of the export, and values of each thumbnail."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.columns import CHANNEL_COLUMN, NAMES, column_named, find_columns
from thumbnail_tasks.inputs.links import drop_blanks, read_ids, read_links
from thumbnail_tasks.report.attributes import group_columns
from thumbnail_tasks.report.correlation import correlate_ranks
from thumbnail_tasks.report.words import count_words

COUNTS: Final = ("ocr_length", "face_count", *(f"{e}_count" for e in schemas.EMOTION_LABELS))
MEASURES: Final = ("gray_median", "hue_median", "saturation_median", "value_median", "edges")
ATTRIBUTES: Final = (
    *("thumbnail_ocr_length", *COUNTS[1:], *MEASURES),
    *("thumbnail_aspect_ratio", "thumbnail_changed_count"),
    *(field.name for field in (*schemas.TEXT_MEASURES, *schemas.FACE_MEASURES)),
    *("brightness_mean", "brightness_std", "colorfulness", "sharpness"),
    *("title_ocr_similarity", "person_count"),
)
"""The numeric columns of an export, in the order of the report; earlier ones lack some."""

OUTCOMES: Final = ("views", "likes", "trending")
_LABELS: Final = ("title", "channel_title", "category_id")
_TEXTS: Final = (*_LABELS, "thumbnail_link", "video_id")
_LATER: Final = {
    "language": "thumbnail_text_language",
    "script": "thumbnail_text_script",
    "unread": "thumbnail_unread_lines",
    "changed": "thumbnail_changed_count",
}
"""Columns of the gallery that earlier exports lack, and their names in the export."""

_OWN_COLUMNS: Final = (
    *("thumbnail_id", "thumbnail_status", "thumbnail_width_px", "thumbnail_height_px"),
    *("thumbnail_sha256", "thumbnail_ocr_raw", "thumbnail_ocr", *ATTRIBUTES),
    *_LATER.values(),
    *("duplicate_group", *(name for labels in group_columns().values() for name in labels)),
)
_MAX_WORDS = 40
_MAX_COUNTED: Final = {"thumbnail_ocr_length": 30, "face_count": 10}
"""Larger counts share the last bar of a histogram."""

_COLOURED_FROM = 40
"""Pictures with a lower median saturation (of 255) have no meaningful hue."""


def columns_to_read(names: Iterable[str]) -> list[str]:
    """The columns of an export that the report uses, except the vectors."""
    names = list(names)
    described = [name for meaning in NAMES for name in find_columns(names, meaning)[:1]]
    return [name for name in names if name in (*_OWN_COLUMNS, *_TEXTS, *OUTCOMES, *described)]


def name_categories(schema: pa.Schema) -> dict[str, str]:
    """The columns of the input that have the category and the channel, as far as it has them."""
    names = {"category": "category_id", "channel": column_named(schema, CHANNEL_COLUMN)}
    return {meaning: name for meaning, name in names.items() if name in schema.names}


def list_items(export: pa.Table) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The distinct thumbnails of an export, and the thumbnail of each row.

    Args:
        export: R rows of an export with the columns of ``columns_to_read``.

    Returns:
        N items in the order of first mention, and R item numbers. A thumbnail in several rows has
        their largest views and likes, and otherwise the values of its first row. A row that names
        no thumbnail is an item of its own, without an id.
    """
    named = {meaning: column_named(export.schema, meaning) for meaning in NAMES}
    export = export.rename_columns({name: meaning for meaning, name in named.items() if name})
    rows = export.drop_columns([name for name in OUTCOMES if name in export.column_names])
    rows = rows.to_pandas()
    for name in (*_TEXTS, *OUTCOMES):
        if name not in export.column_names:
            rows[name] = None
        elif name in OUTCOMES:
            rows[name] = _as_numbers(export[name])
        elif name in _LABELS:
            rows[name] = rows[name].map(_plain, na_action="ignore")
    rows[list(OUTCOMES)] = rows[list(OUTCOMES)].astype(float)
    row_keys = pd.Series([f"row {number}" for number in range(len(rows))], index=rows.index)
    keys = ("id " + rows["thumbnail_id"].astype(object)).fillna(row_keys)
    numbers, _ = pd.factorize(keys)
    items = rows[~keys.duplicated()].reset_index(drop=True)
    for name in OUTCOMES:
        items[name] = rows[name].groupby(numbers).max()
    return items, np.asarray(numbers, np.int64)


def _as_numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Views, likes or a flag of any type as numbers; NaN if it is not a number."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return np.full(len(column), np.nan)
        texts = column.to_pandas().astype(object).replace({"True": "1", "False": "0"})
        column = pd.to_numeric(texts, errors="coerce")
    numbers = np.asarray(column.to_numpy(), np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def summarize(items: pd.DataFrame, n_rows: int, emotions: pa.Table) -> dict[str, Any]:
    """The data of the overview; each thumbnail counts once.

    Args:
        items: N items from ``list_items``.
        n_rows: Rows of the export.
        emotions: The rows of ``schemas.EMOTIONS`` of these thumbnails.
    """
    done = items[items["thumbnail_status"] == "ok"]
    raw, corrected = (
        count_words(done[name].dropna()) for name in ("thumbnail_ocr_raw", "thumbnail_ocr")
    )
    words = sorted(raw | corrected, key=lambda word: (-max(raw[word], corrected[word]), word))
    statuses = Counter(items["thumbnail_status"].tolist())
    coloured = done[done["saturation_median"] >= _COLOURED_FROM]
    return {
        "n_rows": n_rows,
        "n_thumbnails": int(items["thumbnail_id"].nunique()),
        "n_items": len(items),
        "n_ok": len(done),
        "statuses": [
            {"status": status, "count": count, "meaning": schemas.STATUSES.get(str(status), "")}
            for status, count in statuses.most_common()
        ],
        "n_with_text": int((done["thumbnail_ocr_length"] > 0).sum()),
        "n_with_faces": int((done["face_count"] > 0).sum()),
        "n_changed": int(_is_changed(done).sum()),
        "words_per_thumbnail": _histogram(done, "thumbnail_ocr_length"),
        "faces_per_thumbnail": _histogram(done, "face_count"),
        "emotions": _describe_emotions(done, emotions),
        "hue": np.histogram(coloured["hue_median"], 18, (0, 180))[0].tolist(),
        "n_coloured": len(coloured),
        "brightness": np.histogram(done["value_median"], 16, (0, 256))[0].tolist(),
        "saturation": np.histogram(done["saturation_median"], 16, (0, 256))[0].tolist(),
        "words": [[word, raw[word], corrected[word]] for word in words[:_MAX_WORDS]],
        "describe": _describe(done),
        "correlations": _correlate(done),
    }


def describe_items(
    items: pd.DataFrame, words: pd.DataFrame, emotions: pd.DataFrame
) -> dict[str, list[Any]]:
    """The columns that the gallery filters, sorts and searches: N values each.

    Args:
        items: N items from ``list_items``.
        words: Rows of ``schemas.WORDS`` with the column ``item``.
        emotions: Rows of ``schemas.EMOTIONS`` with the column ``item``.
    """
    read = words[words["text"].notna()]
    lowest = read.groupby("item")["confidence"].min().reindex(range(len(items)))
    doubtful = emotions[["is_too_small", "is_blurred", "is_turned"]].any(axis=1)
    n_doubtful = doubtful.groupby(emotions["item"]).sum().reindex(range(len(items)), fill_value=0)
    raw = items["thumbnail_ocr_raw"].where(_is_changed(items))
    columns = {
        "id": items["thumbnail_id"],
        "status": items["thumbnail_status"],
        "title": items["title"],
        "channel": items["channel_title"],
        "category": items["category_id"],
        "link": pd.Series(_links(items), dtype=object),
        "sha": items["thumbnail_sha256"].str[:18],
        "text": items["thumbnail_ocr"],
        "raw": raw,
        "length": items["thumbnail_ocr_length"],
        "faces": items["face_count"],
        **{label: items[f"{label}_count"] for label in schemas.EMOTION_LABELS},
        "hue": items["hue_median"],
        "saturation": items["saturation_median"],
        "value": items["value_median"],
        "views": items["views"],
        "likes": items["likes"],
        "confidence": lowest.round(3),
        "doubtful": n_doubtful,
        **{key: items[name] for key, name in _LATER.items() if name in items},
    }
    if "duplicate_group" in items:
        columns["group"] = _find_groups(items)
    return {name: _as_json(column) for name, column in columns.items()}


def _find_groups(items: pd.DataFrame) -> pd.Series:
    """The group of each item that looks like another item."""
    groups = items["duplicate_group"]
    return groups.where(groups.duplicated(keep=False))


def _is_changed(items: pd.DataFrame) -> pd.Series:
    """Whether correction changed a text; no if there is none, or nothing but unread lines."""
    is_read = items["thumbnail_ocr"].notna()
    return is_read & (items["thumbnail_ocr_raw"] != items["thumbnail_ocr"])


def _as_json(column: pd.Series) -> list[Any]:
    """Values for JSON: nulls for missing values, integers without a decimal point."""
    values = column.astype(object).where(column.notna(), None).tolist()
    return [
        int(value) if isinstance(value, float) and value.is_integer() else value for value in values
    ]


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _links(items: pd.DataFrame) -> list[str | None]:
    """The https: address of each video, or else of its picture; None without one."""
    cells = (
        [cell if isinstance(cell, str) else None for cell in items[name]]
        for name in ("video_id", "thumbnail_link")
    )
    ids, links = (drop_blanks(pa.array(column, pa.string())) for column in cells)
    meanings = read_links(links)
    video_ids = pc.coalesce(read_ids(ids), meanings.video_ids)
    pages = pc.binary_join_element_wise("https://www.youtube.com/watch?v=", video_ids, "")
    is_https = pc.starts_with(meanings.urls, "https://", ignore_case=True)
    found: list[str | None] = pc.coalesce(
        pages, pc.if_else(is_https, meanings.urls, None)
    ).to_pylist()
    return found


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


def _describe(done: pd.DataFrame) -> list[list[Any]]:
    """For each attribute, its name, count, mean, std, min, quartiles and max."""
    numbers = done[_known_attributes(done)].astype(float).describe()
    return [[name, *_as_json(numbers[name])] for name in numbers]


def _known_attributes(done: pd.DataFrame) -> list[str]:
    """The attributes that the export has, with any value."""
    return [name for name in ATTRIBUTES if name in done and done[name].notna().any()]


def _name_or_none(label: Any) -> Any:
    """A category or channel; None for null, empty and blank ones, which are no group."""
    return None if pd.isna(label) or not str(label).strip() else label


def _correlate(done: pd.DataFrame) -> list[dict[str, Any]]:
    """Each attribute against each outcome of the table, over all videos and within groups."""
    groupings: dict[str, NDArray[np.int64] | None] = {"all": None}
    for name, column in (("category", "category_id"), ("channel", "channel_title")):
        groups, kinds = pd.factorize(done[column].map(_name_or_none))
        if len(kinds) > 1:
            groupings[name] = np.asarray(groups, np.int64)
    correlations = []
    attributes = _known_attributes(done)
    for outcome in OUTCOMES:
        values = done[outcome].to_numpy(float)
        for attribute in attributes:
            numbers = done[attribute].to_numpy(float)
            for within, grouping in groupings.items():
                if result := correlate_ranks(numbers, values, grouping):
                    about = {"outcome": outcome, "attribute": attribute, "within": within}
                    correlations.append(about | result._asdict())
    return correlations
