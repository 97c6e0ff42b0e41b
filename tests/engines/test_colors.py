"""Colours of drawn pictures: by formulas of other libraries, and worked out by hand."""

import cmath
import colorsys
import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageStat

from tests.engines.test_appearance import noise, plain
from thumbnail_tasks.engines.appearance import measure_appearance
from thumbnail_tasks.engines.colors import (
    MAX_DOMINANT,
    find_dominant_colors,
    measure_colorfulness,
    measure_fixed_histogram,
    measure_hues,
    measure_mean_color,
)
from thumbnail_tasks.pictures.decoding import ImageRGB

always = settings(derandomize=True, database=None, deadline=None, max_examples=100)

Color = tuple[int, int, int]
BLACK, GREY, WHITE = (0, 0, 0), (128, 128, 128), (255, 255, 255)
RED, ORANGE, GREEN, CYAN, BLUE = (255, 0, 0), (255, 128, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255)

PICTURES = arrays(
    np.uint8,
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)),
    elements=st.integers(0, 255),
)


def stripes(*colors: Color, height: int = 270, width: int = 480) -> ImageRGB:
    """Vertical stripes of equal width."""
    image_rgb = np.zeros((height, width, 3), np.uint8)
    for number, color in enumerate(colors):
        image_rgb[:, width * number // len(colors) :] = color
    return image_rgb


def list_hues(image_rgb: ImageRGB) -> list[tuple[float, int]]:
    """The hue of each pixel, 0 to 1, and its saturation, by the standard library."""
    return [
        (colorsys.rgb_to_hsv(*(level / 255 for level in pixel))[0], max(pixel) - min(pixel))
        for pixel in image_rgb.reshape(-1, 3).tolist()
    ]


# --- Hues ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("color", "hue", "bin_"),
    [(RED, 0, 0), (ORANGE, 30, 1), (GREEN, 120, 4), (CYAN, 180, 6), (BLUE, 240, 8)],
)
def test_a_plain_picture_has_one_hue(color: Color, hue: float, bin_: int) -> None:
    hues = measure_hues(plain(color))
    assert hues.mean == pytest.approx(hue, abs=0.2)
    assert hues.histogram == tuple(float(number == bin_) for number in range(12))


@pytest.mark.parametrize("color", [BLACK, GREY, WHITE])
def test_a_grey_picture_has_no_hue(color: Color) -> None:
    assert measure_hues(plain(color)) == (None, None)


def test_the_mean_of_hues_on_both_sides_of_red_is_red() -> None:
    for level in range(1, 64):
        hues = measure_hues(stripes((255, 0, level), (255, level, 0)))
        assert hues.mean is not None
        assert 0 <= hues.mean < 360
        assert min(hues.mean, 360 - hues.mean) < 0.01
        assert hues.histogram == (1.0, *[0.0] * 11)


def test_opposite_hues_have_no_mean() -> None:
    hues = measure_hues(stripes(RED, CYAN))
    assert hues.mean is None
    assert hues.histogram is not None
    assert (hues.histogram[0], hues.histogram[6]) == (0.5, 0.5)


def test_grey_and_nearly_black_pixels_do_not_count() -> None:
    hues = measure_hues(stripes(GREEN, GREY, WHITE, (1, 0, 0)))
    assert hues.mean == pytest.approx(120, abs=0.5)


@always
@given(PICTURES)
def test_hues_are_those_of_the_standard_library(image_rgb: ImageRGB) -> None:
    weighted = list_hues(image_rgb)
    assume(all(abs(hue * 12 % 1 - 0.5) > 1e-6 for hue, _ in weighted))  # between two bins
    total = sum(weight for _, weight in weighted)
    hues = measure_hues(image_rgb)
    if not total:
        assert hues == (None, None)
        return
    shares = [0.0] * 12
    for hue, weight in weighted:
        shares[round(hue * 12) % 12] += weight / total
    assert hues.histogram == pytest.approx(shares)
    vector = sum(cmath.rect(weight / total, 2 * math.pi * hue) for hue, weight in weighted)
    if hues.mean is None:
        assert abs(vector) < 1e-5
        return
    assert 0 <= hues.mean < 360
    assert np.float32(hues.mean) < 360
    assert cmath.rect(1, math.radians(hues.mean)) == pytest.approx(vector / abs(vector), abs=1e-2)


@always
@given(PICTURES)
def test_a_turn_by_a_third_turns_the_mean_and_rolls_the_histogram(image_rgb: ImageRGB) -> None:
    """Red becomes green, green blue, blue red."""
    before, after = measure_hues(image_rgb), measure_hues(image_rgb[..., [2, 0, 1]])
    if before.mean is None or after.mean is None or before.histogram is None:
        assert before.mean is after.mean is None
        return
    assert (after.mean - before.mean) % 360 == pytest.approx(120, abs=0.01)
    assert after.histogram == pytest.approx(np.roll(before.histogram, 4), abs=1e-6)


# --- Histograms, brightness, colourfulness ------------------------------------------------


@always
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_fixed_histograms_are_those_of_numpy(channel: np.ndarray) -> None:
    counts, _ = np.histogram(channel, bins=8, range=(0, 256))
    assert measure_fixed_histogram(channel) == tuple(counts / channel.size)


def test_fixed_bins_tell_a_dark_picture_from_a_light_one() -> None:
    dark, light = (measure_appearance(plain((level,) * 3)) for level in (31, 32))
    assert dark.gray_histogram == light.gray_histogram
    assert dark.gray_histogram_fixed == (1.0, *[0.0] * 7)
    assert light.gray_histogram_fixed == (0.0, 1.0, *[0.0] * 6)


def test_brightness_and_mean_colour_are_those_of_pillow() -> None:
    image_rgb = noise(68, 120)
    measured = measure_appearance(image_rgb)
    gray = ImageStat.Stat(Image.fromarray(image_rgb).convert("L"))
    assert measured.brightness_mean == pytest.approx(gray.mean[0], abs=0.5)
    assert measured.brightness_std == pytest.approx(gray.stddev[0], abs=0.5)
    mean = ImageStat.Stat(Image.fromarray(image_rgb)).mean
    assert measured.color_mean == "#" + "".join(f"{round(level):02x}" for level in mean)


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        ([BLACK], 0),
        ([WHITE, BLACK], 0),
        ([RED], 0.3 * math.hypot(255, 127.5)),
        ([BLUE], 0.3 * 255),
        ([RED, GREEN], 255 + 0.3 * 127.5),
    ],
)
def test_colourfulness_as_worked_out_by_hand(colors: list[Color], expected: float) -> None:
    assert measure_colorfulness(stripes(*colors)) == pytest.approx(expected)


@always
@given(PICTURES)
def test_colourfulness_is_the_papers_formula(image_rgb: ImageRGB) -> None:
    """Equation by equation, with OpenCV's mean and standard deviation."""
    red, green, blue = (channel.astype(np.float64) for channel in cv2.split(image_rgb))
    (mean_rg,), (std_rg,) = (part.ravel() for part in cv2.meanStdDev(red - green))
    (mean_yb,), (std_yb,) = (part.ravel() for part in cv2.meanStdDev(0.5 * (red + green) - blue))
    sigma, mu = math.sqrt(std_rg**2 + std_yb**2), math.sqrt(mean_rg**2 + mean_yb**2)
    assert measure_colorfulness(image_rgb) == pytest.approx(sigma + 0.3 * mu, abs=1e-6)


# --- Dominant colours ---------------------------------------------------------------------


def test_a_picture_of_three_colours_has_these_three() -> None:
    image_rgb = stripes(
        (250, 10, 20), (250, 10, 20), (250, 10, 20), (0, 0, 0), (0, 0, 0), (1, 99, 200)
    )
    (red, black, blue) = measure_appearance(image_rgb).dominant_colors
    assert (red["hex"], black["hex"], blue["hex"]) == ("#fa0a14", "#000000", "#0163c8")
    shares = [color["share"] for color in (red, black, blue)]
    assert shares == pytest.approx([1 / 2, 1 / 3, 1 / 6], abs=0.02)


def test_equal_shares_are_in_the_order_of_their_names() -> None:
    found = find_dominant_colors(stripes(WHITE, BLUE, BLACK, RED))
    assert found == [("#000000", 0.25), ("#0000ff", 0.25), ("#ff0000", 0.25), ("#ffffff", 0.25)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
def test_a_plain_picture_has_one_dominant_colour(shape: tuple[int, int]) -> None:
    (only,) = measure_appearance(plain((7, 77, 177), *shape)).dominant_colors
    assert only == {"hex": "#074db1", "share": 1.0}


@always
@given(PICTURES)
def test_dominant_colours_are_at_most_five_ordered_and_always_the_same(image_rgb: ImageRGB) -> None:
    found = find_dominant_colors(image_rgb)
    assert 1 <= len(found) <= MAX_DOMINANT
    assert found == sorted(found, key=lambda color: (-color.share, color.hex))
    assert sum(color.share for color in found) == pytest.approx(1, abs=0.04)
    assert find_dominant_colors(image_rgb.copy()) == found


@always
@given(st.lists(st.sampled_from([BLACK, WHITE, RED, GREEN, BLUE]), min_size=16, max_size=16))
def test_five_distinct_colours_are_found_exactly(colors: list[Color]) -> None:
    image_rgb = np.array([colors], np.uint8)
    expected = {f"#{bytes(color).hex()}": colors.count(color) / len(colors) for color in colors}
    assert dict(find_dominant_colors(image_rgb)) == pytest.approx(expected)


def test_the_mean_colour_is_rounded() -> None:
    assert measure_mean_color(stripes((0, 0, 0), (255, 2, 3))) == "#800102"
