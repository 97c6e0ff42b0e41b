"""Group pictures that look alike, by their perceptual hashes and mean colours.

A hash says little about a picture with few details: all pictures in one colour share one of two. So
the mean colours must be alike, too.

Groups are not chains: each picture is alike to the first of its group, not only to another one.
The first of a group never changes when pictures are added after the others.
"""

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAX_BITS: Final = 4
"""Bits of the hash in which pictures that look alike may differ: see docs/COLUMNS.md.

Measured on 282 thumbnails (2026-11-29): sizes from 120 to 1280 pixels, and JPEG of quality 20,
differ in up to 4 bits (one in 282 of quality 50 in 6); different pictures in 12 or more.
"""
MAX_LEVELS: Final = 8
"""Levels of 0 to 255 by which each of R, G and B of their mean colours may differ.

Measured on the same: sizes and JPEG differ by up to 3 levels, pictures cropped by 2 % at each side
by up to 9.
"""

_BLOCKS: Final = MAX_BITS + 2
"""Of the bits of a hash; at least two are equal if only ``MAX_BITS`` differ."""
_BLOCK_BITS: Final = -(-64 // _BLOCKS)  # two blocks and a colour are in 32 bits

Hashes = NDArray[np.uint64]
Colors = NDArray[np.uint8]
"""N mean colours, R, G and B: (N, 3)."""
Rows = NDArray[np.int64]


def decode_hashes(hashes: pa.ChunkedArray) -> Hashes:
    """The numbers of N hashes of 16 hexadecimal digits, none of them null."""
    digits = bytes.fromhex("".join(hashes.to_pylist()))
    return np.frombuffer(digits, ">u8").astype(np.uint64)


def decode_colors(colors: pa.ChunkedArray) -> Colors:
    """R, G and B of N colours such as ``#ff0000``, none of them null: (N, 3)."""
    digits = bytes.fromhex("".join(colors.to_pylist()).replace("#", ""))
    return np.frombuffer(digits, np.uint8).reshape(-1, 3)


def group_look_alikes(hashes: Hashes, colors: Colors) -> Rows:
    """Find the first look-alike of each picture.

    The first picture is the first of a group. Each later one belongs to the earliest first to which
    it is alike, or else is the first of a group itself. The time grows a little faster than the
    number of pictures: see ``_iter_similar``.

    Args:
        hashes: N numbers of 64 bits.
        colors: Their mean colours.

    Returns:
        For each picture, the row of the first of its group: its own row or a smaller one.
    """
    firsts, row_of = _find_distinct(hashes, colors)
    hashes, colors = hashes[firsts], colors[firsts]
    chains = np.arange(len(firsts))
    for left, right in _iter_similar(hashes, colors):
        _unite(chains, left, right)
    chains = _follow(chains, np.arange(len(chains)))
    for chain in _iter_groups(chains):
        while len(chain):
            is_near = _are_alike(hashes, colors, chain[:1], chain)
            chains[chain[is_near]] = chain[0]
            chain = chain[~is_near]
    return firsts[chains[row_of]]


def _find_distinct(hashes: Hashes, colors: Colors) -> tuple[Rows, Rows]:
    """The rows of the first picture with each hash and colour, ascending; and which each has."""
    packed = colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    order = np.lexsort((packed, hashes))
    is_new = np.ones(len(order), bool)
    is_new[1:] = np.diff(hashes[order]) != 0
    is_new[1:] |= np.diff(packed[order]) != 0
    first_of = np.empty(len(order), np.int64)
    first_of[order] = order[is_new][np.cumsum(is_new) - 1]
    firsts = np.flatnonzero(first_of == np.arange(len(order)))
    return firsts, np.searchsorted(firsts, first_of)


def _iter_similar(hashes: Hashes, colors: Colors) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of rows that are alike, each at least once.

    Of ``_BLOCKS`` blocks of bits, two are equal if only ``MAX_BITS`` bits differ (Manku et al.,
    "Detecting near-duplicates for web crawling", 2007). So for each two blocks, rows are sorted by
    these and by green, and each is compared with those that follow it: with the next one, with the
    next but one, and so on as long as the blocks are equal and green differs little.
    """
    for one, other in itertools.combinations(range(_BLOCKS), 2):
        keys = (_block(hashes, one) << _BLOCK_BITS | _block(hashes, other)) << 8 | colors[:, 1]
        order = np.argsort(keys)
        keys = keys[order]
        left = np.arange(len(order))
        for distance in itertools.count(1):
            left = left[: np.searchsorted(left, len(order) - distance)]
            here, there = keys[left], keys[left + distance]
            left = left[(here >> 8 == there >> 8) & (there - here <= MAX_LEVELS)]
            if not len(left):
                break
            rows = order[left], order[left + distance]
            is_near = _are_alike(hashes, colors, *rows)
            yield rows[0][is_near], rows[1][is_near]


def _block(hashes: Hashes, number: int) -> NDArray[np.uint32]:
    """One of the blocks of bits of each hash."""
    shifted = hashes >> np.uint64(number * _BLOCK_BITS)
    return shifted.astype(np.uint32) & np.uint32((1 << _BLOCK_BITS) - 1)


def _are_alike(hashes: Hashes, colors: Colors, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Whether the pictures of two rows each are alike."""
    difference = np.abs(colors[one].astype(np.int16) - colors[other])
    are_alike: NDArray[np.bool_] = (difference <= MAX_LEVELS).all(axis=1)
    are_alike &= np.bitwise_count(hashes[one] ^ hashes[other]) <= MAX_BITS
    return are_alike


def _unite(chains: Rows, left: Rows, right: Rows) -> None:
    """Join the chains of two rows each; ``chains`` has for each row a smaller one, or itself."""
    while len(left):
        left, right = _follow(chains, left), _follow(chains, right)
        is_apart = left != right
        left, right = left[is_apart], right[is_apart]
        chains[np.maximum(left, right)] = np.minimum(left, right)  # of several, one wins


def _follow(chains: Rows, rows: Rows) -> Rows:
    """The smallest row of the chain of each row."""
    last = chains[rows]
    while not np.array_equal(smaller := chains[last], last):
        last = smaller
    chains[rows] = last
    return last


def _iter_groups(chains: Rows) -> Iterator[Rows]:
    """The rows of each chain of three or more, ascending; two are alike anyway."""
    order = np.argsort(chains, kind="stable")
    starts = np.flatnonzero(np.diff(chains[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    is_long = ends - starts > 2
    for start, end in zip(starts[is_long], ends[is_long], strict=True):
        yield order[start:end]
