"""Rank correlation of an attribute with views or likes, with a confidence interval."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_MIN_VIDEOS = 10
"""With fewer videos, an interval is meaningless."""

_Z_95 = 1.959964


class RankCorrelation(NamedTuple):
    """Spearman's rho of ``n`` videos, and its 95 % confidence interval."""

    rho: float
    low: float
    high: float
    n: int


def correlate_ranks(
    attribute: NDArray[np.float64],
    outcome: NDArray[np.float64],
    groups: NDArray[np.int64] | None = None,
) -> RankCorrelation | None:
    """Spearman's rank correlation, over all videos or within groups of them.

    Within groups, the mean rank of its group is subtracted from each video's rank before the ranks
    are correlated (a partial correlation): a channel with both many views and many faces has no
    effect. The interval is Fisher's, with the variance of Bonett and Wright (2000) for ranks, and
    one degree of freedom fewer per group.

    Args:
        attribute: N numbers; NaN if unknown.
        outcome: N numbers; NaN if unknown.
        groups: N group numbers, negative if unknown; None for no groups.

    Returns:
        None if it is undefined: too few videos, or all values equal.
    """
    known = ~(np.isnan(attribute) | np.isnan(outcome))
    if groups is not None:
        counts = np.bincount(groups[known & (groups >= 0)], minlength=1)
        known &= groups >= 0
        known[known] = counts[groups[known]] > 1  # alone in its group: nothing to compare it with
    n = int(known.sum())
    x, y = (_rank(values[known]) for values in (attribute, outcome))
    n_groups = 1
    if groups is not None and n:
        _, indices = np.unique(groups[known], return_inverse=True)
        n_groups = int(indices.max()) + 1
        x, y = (_subtract_group_means(ranks, indices) for ranks in (x, y))
    degrees_of_freedom = n - n_groups + 1
    if degrees_of_freedom < _MIN_VIDEOS:
        return None
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    if spread < 1e-9:
        return None
    rho = float(np.clip(x @ y / spread, -1, 1))
    error = float(np.sqrt((1 + rho**2 / 2) / (degrees_of_freedom - 3)))
    centre = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    low, high = np.tanh([centre - _Z_95 * error, centre + _Z_95 * error])
    return RankCorrelation(rho, float(low), float(high), n)


def _rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 for the smallest; equal values share their mean rank."""
    return np.asarray(pd.Series(values).rank(), np.float64)


def _subtract_group_means(
    ranks: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    means = np.bincount(groups, ranks) / np.bincount(groups)
    return np.asarray(ranks - means[groups], np.float64)
