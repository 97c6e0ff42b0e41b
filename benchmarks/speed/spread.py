"""What several turns came to: the median, and how far apart they were."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """A figure measured several times."""

    median: float
    least: float
    most: float

    def map(self, convert: Callable[[float], float]) -> "Spread":
        """The same in another unit; a rate's least is a time's most."""
        median, *ends = (convert(value) for value in self)
        return Spread(median, min(ends), max(ends))


def spread(values: Sequence[float]) -> Spread:
    """The median, least and most of one or more values."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times longer they took, turn by turn: what slows a turn slows both.

    Args:
        theirs: T times, each over 0.
        ours: T times of the same turns.
    """
    return spread([one / other for one, other in zip(theirs, ours, strict=True)])


def extrapolate(sizes: tuple[float, float], values: tuple[float, float], size: float) -> float:
    """What a figure that grows in a line comes to at another size; never below zero.

    Example:
        2 s for 10 items and 3 s for 20 give 11 s for 100.
    """
    slope = (values[1] - values[0]) / (sizes[1] - sizes[0])
    return max(values[0] + slope * (size - sizes[0]), 0.0)
