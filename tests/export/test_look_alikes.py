"""Pictures that look alike are found as by comparing all pairs."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from thumbnail_tasks.export.look_alikes import (
    MAX_BITS,
    MAX_LEVELS,
    decode_colors,
    decode_hashes,
    group_look_alikes,
)

Color = tuple[int, int, int]
Look = tuple[int, Color]
"""A hash and a mean colour."""

always = settings(derandomize=True, database=None, deadline=None, max_examples=100)

BLACK: Color = (0, 0, 0)
ALL_BITS = 2**64 - 1


def group(*looks: Look) -> list[int]:
    hashes = np.array([number for number, _ in looks], np.uint64)
    colors = np.array([color for _, color in looks], np.uint8).reshape(-1, 3)
    return list(map(int, group_look_alikes(hashes, colors)))


def are_alike(one: Look, other: Look) -> bool:
    differences = [abs(a - b) for a, b in zip(one[1], other[1], strict=True)]
    return (one[0] ^ other[0]).bit_count() <= MAX_BITS and max(differences) <= MAX_LEVELS


def group_one_by_one(looks: list[Look]) -> list[int]:
    """Compare each with the first of each group."""
    groups: list[int] = []
    for number, look in enumerate(looks):
        firsts = [row for row in range(number) if groups[row] == row]
        groups.append(next((row for row in firsts if are_alike(looks[row], look)), number))
    return groups


@st.composite
def look_alikes(draw: st.DrawFn) -> list[Look]:
    """Looks near to each other, around the limits: few bits of few hashes are flipped."""
    hashes = draw(st.lists(st.integers(0, ALL_BITS), min_size=1, max_size=3))
    bits = st.integers(0, 63).map(lambda bit: 1 << bit)
    levels = st.sampled_from([0, 1, MAX_LEVELS, MAX_LEVELS + 1, 2 * MAX_LEVELS, 255])

    def look() -> Look:
        number = draw(st.sampled_from(hashes))
        for bit in draw(st.lists(bits, max_size=MAX_BITS + 1)):
            number ^= bit
        return number, draw(st.tuples(levels, levels, levels))

    return [look() for _ in range(draw(st.integers(0, 30)))]


@always
@given(look_alikes())
def test_groups_are_those_of_comparing_with_each_first(looks: list[Look]) -> None:
    assert group(*looks) == group_one_by_one(looks)


@always
@given(look_alikes(), st.integers(0, 30))
def test_later_pictures_do_not_change_earlier_groups(looks: list[Look], n_earlier: int) -> None:
    assert group(*looks)[:n_earlier] == group(*looks[:n_earlier])


def test_many_pictures_are_grouped_as_by_comparing_all() -> None:
    """1,000 pictures, half of them near to others; enough for several in each block of bits."""
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**64, 1000, dtype=np.uint64)
    hashes[500:] = hashes[random.integers(0, 500, 500)]
    for _ in range(MAX_BITS):
        hashes[500:] ^= np.uint64(1) << random.integers(0, 64, 500).astype(np.uint64)
    colors = random.integers(0, 5, (1000, 3)).astype(np.uint8)
    looks = [
        (int(h), (int(r), int(g), int(b))) for h, (r, g, b) in zip(hashes, colors, strict=True)
    ]
    found = group_look_alikes(hashes, colors).tolist()
    assert found == group_one_by_one(looks)
    assert 500 <= len(set(found)) < 510


def test_nothing_has_no_groups() -> None:
    assert group() == []
    assert group((1, BLACK)) == [0]


def test_cards_of_one_hash_are_kept_apart_by_their_colours() -> None:
    red, blue, dark_red = (255, 0, 0), (0, 0, 255), (250, 4, 4)
    assert group((0, red), (0, blue), (0, dark_red), (0, blue)) == [0, 1, 0, 1]


def test_a_chain_is_no_group() -> None:
    """Each differs from the next in 3 bits, so that the third is not alike to the first."""
    assert group(*((ALL_BITS >> shift, BLACK) for shift in (0, 3, 6, 9))) == [0, 0, 2, 2]


def test_a_picture_that_is_alike_to_two_firsts_belongs_to_the_earlier_one() -> None:
    assert group((0b111111, BLACK), (0, BLACK), (0b111, BLACK)) == [0, 1, 0]


def test_the_limits_belong_to_the_group() -> None:
    at, over = (1 << MAX_BITS) - 1, (1 << MAX_BITS + 1) - 1
    assert group((0, BLACK), (at, BLACK), (over, BLACK)) == [0, 0, 2]
    assert group(*((0, (level, 0, level)) for level in (0, MAX_LEVELS, MAX_LEVELS + 1))) == [
        0,
        0,
        2,
    ]


def test_a_thousand_copies_with_little_noise_are_one_group() -> None:
    colors: NDArray[np.uint8] = np.arange(3000).reshape(-1, 3).astype(np.uint8) % 3 + 100
    hashes = np.uint64(1) << (np.arange(1000) % 64).astype(np.uint64)
    assert group_look_alikes(hashes, colors).tolist() == [0] * 1000


def test_hashes_and_colours_are_decoded() -> None:
    hashes = pa.chunked_array([["00000000000000ff"], ["8000000000000000"]])
    assert decode_hashes(hashes).tolist() == [255, 2**63]
    colors = pa.chunked_array([["#ff0001", "#000000"]])
    assert decode_colors(colors).tolist() == [[255, 0, 1], [0, 0, 0]]
    nothing = pa.chunked_array([], pa.string())
    assert len(decode_hashes(nothing)) == 0
    assert decode_colors(nothing).shape == (0, 3)
