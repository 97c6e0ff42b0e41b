"""The attributes of thumbnails against what became of their videos: views, likes, trending."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from thumbnail_tasks.report.correlation import correlate_ranks

OUTCOMES: Final = ("views", "likes", "trending")

_MANY_TIES: Final = 0.5
"""Share of equal values from which ranks say little about the rest."""


def describe_outcomes(done: pd.DataFrame, names: dict[str, str]) -> list[dict[str, Any]]:
    """What the table says of each outcome: its column, the number of values, the most frequent one.

    Args:
        done: N items with a picture.
        names: The names that the table gives to columns, by their meaning.

    Returns:
        One description per outcome that the table has a column for.
    """
    return [
        {"outcome": outcome, "column": names[outcome]} | _find_ties(done[outcome])
        for outcome in OUTCOMES
        if outcome in names
    ]


def describe_attributes(done: pd.DataFrame, attributes: Sequence[str]) -> list[dict[str, Any]]:
    """As ``describe_outcomes``, of the attributes that are constant or have many equal values."""
    described = [{"attribute": name} | _find_ties(done[name]) for name in attributes]
    return [each for each in described if each["n_equal"] > _MANY_TIES * each["n"]]


def _find_ties(column: pd.Series) -> dict[str, Any]:
    """The number of values, the most frequent one (the smallest of several), and its number."""
    counts = column.astype(float).value_counts()
    if counts.empty:
        return {"n": 0, "value": None, "n_equal": 0}
    n_equal = int(counts.max())
    value = float(counts.index[counts == n_equal].min())
    return {"n": int(counts.sum()), "value": value, "n_equal": n_equal}


def correlate(done: pd.DataFrame, attributes: Sequence[str]) -> list[dict[str, Any]]:
    """Each attribute against each outcome of the table, over all videos and within groups.

    Args:
        done: N items with a picture.
        attributes: The columns of numbers to correlate.
    """
    groupings: dict[str, NDArray[np.int64] | None] = {"all": None}
    for name, column in (("category", "category_id"), ("channel", "channel_title")):
        groups, kinds = pd.factorize(done[column])
        if len(kinds) > 1:
            groupings[name] = np.asarray(groups, np.int64)
    correlations = []
    for outcome in OUTCOMES:
        values = done[outcome].to_numpy(float)
        for attribute in attributes:
            numbers = done[attribute].to_numpy(float)
            for within, grouping in groupings.items():
                if result := correlate_ranks(numbers, values, grouping):
                    about = {"outcome": outcome, "attribute": attribute, "within": within}
                    correlations.append(about | result._asdict())
    return correlations
