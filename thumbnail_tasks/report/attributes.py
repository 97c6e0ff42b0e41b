"""The numeric attributes of thumbnails: how the report names, bins and stores them."""

from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks import schemas

LOWEST_CONFIDENCE: Final = "lowest_word_confidence"
"""A column that the report adds: the lowest confidence of a thumbnail's words."""

_FIELDS: Final = (*schemas.attributes(1, has_objects=True), schemas.TITLE_SIMILARITY)
_LABELS: Final = MappingProxyType(
    {
        "Text": {
            "thumbnail_ocr_length": "Tokens of the text",
            "word_count": "Words",
            "text_area_share": "Area of text",
            "text_center_x": "Text from the left",
            "text_center_y": "Text from the top",
            "ocr_confidence_mean": "Mean confidence of words",
            LOWEST_CONFIDENCE: "Lowest confidence of a word",
            "thumbnail_unread_lines": "Lines not read",
            "title_ocr_similarity": "Similarity of text and title",
        },
        "Faces": {
            "face_count": "Faces",
            "face_area_share": "Area of faces",
            "largest_face_share": "Area of the largest face",
            "largest_face_center_x": "Largest face from the left",
            "largest_face_center_y": "Largest face from the top",
            "doubtful_face_count": "Faces hard to judge",
            **{f"{e}_count": f"Faces: {e}" for e in schemas.EMOTION_LABELS},
            **{f"{e}_mean": f"Probability: {e}" for e in schemas.EMOTION_LABELS},
        },
        "Colours": {
            "value_median": "Brightness (HSV value)",
            "gray_median": "Gray",
            "brightness_mean": "Mean brightness",
            "brightness_std": "Contrast",
            "saturation_median": "Saturation",
            "hue_median": "Hue (0 to 179)",
            "hue_mean": "Mean hue",
            "colorfulness": "Colourfulness",
            "edges": "Edges",
            "sharpness": "Sharpness",
        },
        "Picture": {
            "thumbnail_aspect_ratio": "Width / height",
            "thumbnail_width_px": "Width, as stored",
            "thumbnail_height_px": "Height, as stored",
            "thumbnail_version": "Version",
            "thumbnail_changed_count": "Times changed",
            "person_count": "Persons",
        },
        "Video": {"views": "Views", "likes": "Likes", "trending": "Trending"},
    }
)
"""Columns and their names on the page, in groups; other numeric columns follow as they are."""

_ABOUT: Final = MappingProxyType(
    {LOWEST_CONFIDENCE: "Lowest confidence of a word that was read, 0 to 1; null without one"}
)
_KEYS: Final = MappingProxyType(
    {"face_count": "faces", "thumbnail_ocr_length": "text", "thumbnail_changed_count": "changed"}
)
"""Names in addresses, where they are not those of the columns."""

_MAX_BARS: Final = 30
_SKEWED: Final = 20
"""Times the median that a maximum must be for bins that grow with the value."""


def group_columns() -> dict[str, dict[str, str]]:
    """The columns that the report filters and orders by, and their labels, in groups."""
    labelled = {name for labels in _LABELS.values() for name in labels}
    is_numeric = (pa.types.is_integer, pa.types.is_floating)
    numeric = (field.name for field in _FIELDS if any(is_of(field.type) for is_of in is_numeric))
    others = {name: name.replace("_", " ") for name in numeric if name not in labelled}
    return {**_LABELS, "Others": others}


def describe_attributes(items: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe each attribute that has any value.

    Args:
        items: N items, with columns of ``group_columns``.

    Returns:
        For each: its ``key`` in addresses, ``column``, ``label``, ``group``, and ``about``;
        ``stops``, the ascending values that a range can begin or end at; ``counts``, the items in
        each bin, and ``n_unknown``, the items without a value. If ``is_stepped``, each stop is a
        bin of its own; otherwise a bin is from one stop, included, to the next, and the last
        includes its end.
    """
    about = {
        field.name: schemas.plain_text(field.metadata[b"description"].decode()) for field in _FIELDS
    } | _ABOUT
    described = []
    for group, labels in group_columns().items():
        for name, label in labels.items():
            if name not in items or not items[name].notna().any():
                continue
            values = items[name].dropna().to_numpy(float)
            stops = choose_stops(values)
            is_stepped = bool(np.isin(values, stops).all())
            edges = np.append(stops, np.inf) if is_stepped else stops
            described.append(
                {
                    "key": _KEYS.get(name, name),
                    "column": name,
                    "label": label,
                    "group": group,
                    "about": about.get(name, "From your table"),
                    "stops": stops.tolist(),
                    "is_stepped": is_stepped,
                    "counts": np.histogram(values, edges)[0].tolist(),
                    "n_unknown": len(items) - len(values),
                }
            )
    return described


def choose_stops(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round numbers that divide the range of some values into at most about 30 bins.

    Args:
        values: One or more finite numbers.

    Returns:
        Ascending numbers; all values are within the first and the last. Each distinct value if
        these are few whole numbers; 0, 1, 2, 5, 10, … if the values are whole and very skewed.

    Example:
        ``[0, 3, 1]`` gives ``[0, 1, 2, 3]``.
    """
    low, high = float(values.min()), float(values.max())
    is_whole = bool((values == np.round(values)).all())
    if low == high:
        return np.array([low])
    if is_whole and high - low < _MAX_BARS:
        return np.arange(low, high + 1)
    if is_whole and low >= 0 and high > max(1000, _SKEWED * np.median(values)):
        series = np.outer(10.0 ** np.arange(np.ceil(np.log10(high)) + 1), [1, 2, 5]).ravel()
        series = np.insert(series, 0, 0)
        first, last = np.searchsorted(series, low, "right") - 1, np.searchsorted(series, high)
        return np.asarray(series[first : last + 1])
    if (high - low) / _MAX_BARS < np.finfo(float).tiny:  # too near each other to be divided
        return np.array([low, high])
    step = _round_up((high - low) / _MAX_BARS)
    if is_whole:
        step = max(step, 1.0)
    multiples = np.arange(np.floor(low / step), np.ceil(high / step) + 1)
    stops = np.unique([float(f"{each * step:.12g}") for each in multiples])
    outside = [value for value in (low, high) if not stops[0] <= value <= stops[-1]]  # by rounding
    return np.unique([*stops, *outside])


def _round_up(step: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below a step."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(each * power for each in (1, 2, 5, 10) if each * power >= step))


def as_small_floats(values: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    """The same numbers in 32 bits if these keep all of them, otherwise in 64."""
    with np.errstate(over="ignore"):
        small = values.astype("<f4")
    return small if np.array_equal(small, values, equal_nan=True) else values.astype("<f8")
