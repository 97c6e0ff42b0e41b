"""The thumbnails of an export as the report lists them, and their values."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.links import drop_blanks, read_ids, read_links
from thumbnail_tasks.report.attributes import group_columns
from thumbnail_tasks.report.outcomes import OUTCOMES
from thumbnail_tasks.report.table_columns import name_columns

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

_GROUPS: Final = ("channel_title", "category_id")
_LABELS: Final = ("title", *_GROUPS)
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


def columns_to_read(names: Iterable[str]) -> list[str]:
    """The columns of an export that the report uses, except the vectors."""
    names = list(names)
    described = name_columns(names).values()
    return [name for name in names if name in (*_OWN_COLUMNS, *described)]


def list_items(export: pa.Table) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The distinct thumbnails of an export, and the thumbnail of each row.

    Args:
        export: R rows of an export with the columns of ``columns_to_read``.

    Returns:
        N items in the order of first mention, and R item numbers. A thumbnail in several rows has
        their largest views and likes, and otherwise the values of its first row. A row that names
        no thumbnail is an item of its own, without an id.
    """
    named = name_columns(export.column_names)
    export = export.rename_columns({name: meaning for meaning, name in named.items()})
    rows = export.drop_columns([name for name in OUTCOMES if name in export.column_names])
    rows = rows.to_pandas()
    for name in (*_TEXTS, *OUTCOMES):
        if name not in export.column_names:
            rows[name] = None
        elif name in OUTCOMES:
            rows[name] = _as_numbers(export[name])
        elif name in _LABELS:
            rows[name] = rows[name].map(_plain, na_action="ignore")
    for name in _GROUPS:
        rows[name] = _without_blanks(rows[name])
    rows[list(OUTCOMES)] = rows[list(OUTCOMES)].astype(float)
    row_keys = pd.Series([f"row {number}" for number in range(len(rows))], index=rows.index)
    keys = ("id " + rows["thumbnail_id"].astype(object)).fillna(row_keys)
    numbers, _ = pd.factorize(keys)
    items = rows[~keys.duplicated()].reset_index(drop=True)
    for name in OUTCOMES:
        items[name] = rows[name].groupby(numbers).max()
    return items, np.asarray(numbers, np.int64)


def _without_blanks(labels: pd.Series) -> pd.Series:
    """Names of groups; None for null and for cells that say that there is no value, as "N/A"."""
    is_known = drop_blanks(pa.Array.from_pandas(labels, type=pa.string())).is_valid()
    return labels.where(is_known.to_numpy(zero_copy_only=False), None)


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
    raw = items["thumbnail_ocr_raw"].where(is_changed(items))
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
    return {name: as_json(column) for name, column in columns.items()}


def _find_groups(items: pd.DataFrame) -> pd.Series:
    """The group of each item that looks like another item."""
    groups = items["duplicate_group"]
    return groups.where(groups.duplicated(keep=False))


def is_changed(items: pd.DataFrame) -> pd.Series:
    """Whether correction changed a text; no if there is none, or nothing but unread lines."""
    is_read = items["thumbnail_ocr"].notna()
    return is_read & (items["thumbnail_ocr_raw"] != items["thumbnail_ocr"])


def as_json(column: pd.Series) -> list[Any]:
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
