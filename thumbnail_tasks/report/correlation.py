"""How an attribute goes with views or likes: rank correlation, with how sure it is."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LEAST_VIDEOS = 10
"""With fewer, an interval says nothing."""

_Z_95 = 1.959964


class RankCorrelation(NamedTuple):
    """Spearman's rho of ``n`` videos, and the ends of its 95 % confidence interval."""

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

    Within groups, each video's rank is taken from the mean rank of its group before the ranks are
    correlated (a partial correlation): a channel that has both many views and many faces adds
    nothing. The interval is Fisher's, with the variance of Bonett and Wright (2000) for ranks, and
    a degree of freedom less per group.

    Args:
        attribute: N numbers; NaN where not known.
        outcome: N numbers; NaN where not known.
        groups: N group numbers, below 0 where not known; None for no groups.

    Returns:
        None where it cannot be told: too few videos, or all alike.
    """
    known = ~(np.isnan(attribute) | np.isnan(outcome))
    if groups is not None:
        counts = np.bincount(groups[known & (groups >= 0)], minlength=1)
        known &= groups >= 0
        known[known] = counts[groups[known]] > 1  # alone in its group: nothing to compare with
    n = int(known.sum())
    x, y = (_rank(values[known]) for values in (attribute, outcome))
    n_groups = 1
    if groups is not None and n:
        _, places = np.unique(groups[known], return_inverse=True)
        n_groups = int(places.max()) + 1
        x, y = (_from_the_mean(ranks, places) for ranks in (x, y))
    freedom = n - n_groups + 1
    if freedom < _LEAST_VIDEOS:
        return None
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    if spread < 1e-9:
        return None
    rho = float(np.clip(x @ y / spread, -1, 1))
    error = float(np.sqrt((1 + rho**2 / 2) / (freedom - 3)))
    middle = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    low, high = np.tanh([middle - _Z_95 * error, middle + _Z_95 * error])
    return RankCorrelation(rho, float(low), float(high), n)


def _rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for the least; what is equal shares the mean of its ranks."""
    return np.asarray(pd.Series(values).rank(), np.float64)


def _from_the_mean(ranks: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    means = np.bincount(groups, ranks) / np.bincount(groups)
    return np.asarray(ranks - means[groups], np.float64)
