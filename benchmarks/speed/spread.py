"""Median, minimum and maximum of several turns."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """A figure measured several times."""

    median: float
    minimum: float
    maximum: float

    def map(self, convert: Callable[[float], float]) -> "Spread":
        """Convert to another unit; the minimum of a rate is the maximum of a time."""
        median, *ends = (convert(value) for value in self)
        return Spread(median, min(ends), max(ends))


def spread(values: Sequence[float]) -> Spread:
    """Median, minimum and maximum of one or more values."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """The ratio of their times to ours, turn by turn: a slow turn affects both.

    Args:
        theirs: T times, each over 0.
        ours: T times of the same turns.
    """
    return spread([one / other for one, other in zip(theirs, ours, strict=True)])


def extrapolate(sizes: tuple[float, float], values: tuple[float, float], size: float) -> float:
    """Extrapolate linearly to another size; at least zero.

    Example:
        2 s for 10 items and 3 s for 20 give 11 s for 100.
    """
    slope = (values[1] - values[0]) / (sizes[1] - sizes[0])
    return max(values[0] + slope * (size - sizes[0]), 0.0)
