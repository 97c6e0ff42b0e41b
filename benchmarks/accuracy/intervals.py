"""Bootstrap confidence intervals of scores."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_DRAWS = 2000
SEED = 0
_PERCENTILES = (2.5, 97.5)

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps sums over cases, (..., K), to scores, (...)."""


class Estimate(NamedTuple):
    """A score with its 95 % interval."""

    score: float
    low: float
    high: float


def bootstrap(
    cases: Sequence[Sequence[float]] | NDArray[np.float64], statistic: Statistic
) -> Estimate:
    """Score all cases, then 2,000 seeded draws of as many cases with replacement.

    Args:
        cases: (N, K): contribution of each picture, face or title to K sums; N at least 1.
        statistic: Maps the K sums to the score.

    Returns:
        The score of all cases, and the 2.5 and 97.5 percentiles of the draws; draws in which
        the score is not defined (no words, no faces of a class) are left out.
    """
    table = np.asarray(cases, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = float(statistic(table.sum(axis=0)))
        drawn = statistic(_weights(len(table)) @ table)
    defined = drawn[np.isfinite(drawn)]
    if not len(defined):
        return Estimate(score, float("nan"), float("nan"))
    low, high = np.percentile(defined, _PERCENTILES)
    return Estimate(score, float(low), float(high))


def total(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first sum."""
    return sums[..., 0]


def ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first sum over the second."""
    return sums[..., 0] / sums[..., 1]


def difference_of_ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """First / second - third / fourth sum: the difference of two engines on the same cases."""
    return ratio(sums) - ratio(sums[..., 2:])


def mean_of_ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over classes of the first half of the sums over the second half."""
    half = sums.shape[-1] // 2
    means: NDArray[np.float64] = np.mean(sums[..., :half] / sums[..., half:], axis=-1)
    return means


@functools.lru_cache(maxsize=2)
def _weights(n_cases: int) -> NDArray[np.float64]:
    """Count each of N cases in each draw, (2000, N)."""
    random = np.random.default_rng(SEED)
    drawn = random.integers(n_cases, size=(N_DRAWS, n_cases))
    return np.stack([np.bincount(row, minlength=n_cases) for row in drawn]).astype(np.float64)
