"""Grouping the thumbnails that look alike, of an archive of any size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.turns import Run
from thumbnail_tasks.export.look_alikes import group_look_alikes

_SHARE_OF_COPIES, _SHARE_OF_CARDS = 0.2, 0.01
_MAX_COPIES, _MAX_BITS, _MAX_LEVELS = 1000, 3, 2


def load_groups() -> Run:
    """Group as many thumbnails as the only item says; returns the number of groups."""

    def run(sizes: Sequence[int]) -> int:
        (n_thumbnails,) = sizes
        groups = group_look_alikes(*make_looks(n_thumbnails, np.random.default_rng(0)))
        return len(np.unique(groups))

    return run


def make_looks(n: int, random: np.random.Generator) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Hashes and mean colours of N thumbnails, in random order.

    A fifth are copies of others, up to a thousand of one: half of them the same, half with up to
    three other bits and slightly other colours. One in a hundred is a card in one colour.
    """
    hashes = random.integers(0, 2**64, n, dtype=np.uint64)
    colors = random.integers(0, 256, (n, 3), dtype=np.uint8)
    n_copies, n_cards = int(n * _SHARE_OF_COPIES), int(n * _SHARE_OF_CARDS)
    sizes = np.minimum(random.zipf(2, n_copies), _MAX_COPIES)
    copied = n - 1 - np.repeat(np.arange(n_copies), sizes)[:n_copies]
    is_other = random.random(n_copies) < 0.5
    copies, shifts = hashes[copied], colors[copied].astype(np.int16)
    for _ in range(_MAX_BITS):
        copies ^= is_other.astype(np.uint64) << random.integers(0, 64, n_copies).astype(np.uint64)
    shifts += is_other[:, None] * random.integers(-_MAX_LEVELS, _MAX_LEVELS + 1, shifts.shape)
    hashes[:n_copies], colors[:n_copies] = copies, np.clip(shifts, 0, 255)
    hashes[n_copies : n_copies + n_cards] = 1 << 63
    order = random.permutation(n)
    return hashes[order], colors[order]
