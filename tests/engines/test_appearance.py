"""The measures of pictures for which they can be worked out by hand."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from thumbnail_tasks.engines.appearance import (
    hash_picture,
    measure_appearance,
)
from thumbnail_tasks.pictures.decoding import ImageRGB

CHANNELS = ("gray", "hue", "saturation", "value")
ONE_VALUE = (0.0, 0.0, 1.0, 0.0, 0.0)


def plain(color: tuple[int, int, int], height: int = 68, width: int = 120) -> ImageRGB:
    return np.full((height, width, 3), color, dtype=np.uint8)


def noise(height: int, width: int) -> ImageRGB:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("color", "gray", "hue", "saturation", "value"),
    [
        ((0, 0, 0), 0, 0, 0, 0),
        ((255, 255, 255), 255, 0, 0, 255),
        ((255, 0, 0), 76, 0, 255, 255),
        ((0, 255, 0), 150, 60, 255, 255),
        ((0, 0, 255), 29, 120, 255, 255),
        ((100, 100, 100), 100, 0, 0, 100),
    ],
)
def test_a_plain_picture_has_its_colour_as_medians_and_no_edges(
    color: tuple[int, int, int], gray: int, hue: int, saturation: int, value: int
) -> None:
    *notebooks, edges = measure_appearance(plain(color))[:9]
    medians, histograms = notebooks[::2], notebooks[1::2]
    assert medians == [gray, hue, saturation, value]
    assert histograms == [ONE_VALUE] * 4
    assert edges == 0


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (500, 1), (270, 480)])
def test_the_aspect_ratio_is_width_by_height(height: int, width: int) -> None:
    assert measure_appearance(noise(height, width)).aspect_ratio == width / height


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (68, 120), (720, 1280)])
def test_every_picture_size_gives_full_histograms_and_finite_numbers(
    shape: tuple[int, int],
) -> None:
    measured = measure_appearance(noise(*shape))
    for name in CHANNELS:
        assert sum(getattr(measured, f"{name}_histogram")) == pytest.approx(1)
        assert sum(getattr(measured, f"{name}_histogram_fixed")) == pytest.approx(1)
    numbers = [np.ravel(each) for each in measured if isinstance(each, float | tuple)]
    assert len(numbers) == len(measured) - 3  # two texts and the dominant colours
    assert np.isfinite(np.hstack(numbers)).all()


def test_a_half_black_half_white_picture_fills_the_outer_bins_and_has_one_edge() -> None:
    image_rgb = plain((0, 0, 0))
    image_rgb[:, 60:] = 255
    measured = measure_appearance(image_rgb)
    assert measured.value_histogram == (0.5, 0.0, 0.0, 0.0, 0.5)
    assert measured.edges == pytest.approx(1 / 120)


def test_bins_span_the_range_of_the_pictures_values() -> None:
    image_rgb = plain((100, 100, 100))
    image_rgb[:, :30] = 110
    assert measure_appearance(image_rgb).gray_histogram == (0.75, 0.0, 0.0, 0.0, 0.25)


def test_the_measures_equal_the_notebooks() -> None:
    """Its cells compute them from ``default.jpg``, 120x90 with bars of 11 rows."""
    image_rgb = cv2.GaussianBlur(noise(90, 120), (9, 9), 0)
    gray = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)[11:79, :]
    hsv = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2HSV)[11:79, :, :]
    channels = {
        "gray": gray,
        **dict(zip(("hue", "saturation", "value"), cv2.split(hsv), strict=True)),
    }
    edges = cv2.Canny(np.ascontiguousarray(image_rgb[11:79]), 100, 200) / 255.0

    measured = measure_appearance(image_rgb[11:79])._asdict()

    for name, channel in channels.items():
        histogram, _ = np.histogram(channel.flatten(), bins=5)
        assert measured[f"{name}_histogram"] == tuple(histogram / len(channel.flatten()))
        assert measured[f"{name}_median"] == np.median(channel.flatten())
    assert measured["edges"] == np.sum(edges) / edges.size


def test_measures_hardly_depend_on_the_picture_size() -> None:
    small = cv2.resize(noise(9, 16), (120, 68), interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(small, (480, 272), interpolation=cv2.INTER_CUBIC)
    expected, measured = measure_appearance(small), measure_appearance(large)
    assert measured.gray_median == pytest.approx(expected.gray_median, abs=2)
    assert measured.edges == pytest.approx(expected.edges, abs=0.02)


def test_a_read_only_picture_is_measured_and_not_changed() -> None:
    image_rgb = noise(270, 480)
    image_rgb.flags.writeable = False
    before = image_rgb.copy()
    measure_appearance(image_rgb)
    assert (image_rgb == before).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (68, 120)])
def test_a_plain_picture_is_not_sharp(shape: tuple[int, int]) -> None:
    assert measure_appearance(plain((10, 200, 30), *shape)).sharpness == 0


def test_sharpness_is_the_variance_of_scipys_laplacian() -> None:
    image_rgb = noise(68, 120)
    gray = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY).astype(np.float64)
    expected = scipy.ndimage.laplace(gray, mode="mirror").var()
    assert measure_appearance(image_rgb).sharpness == pytest.approx(expected)


def test_a_chessboard_is_as_sharp_as_can_be() -> None:
    """Each pixel has four opposite neighbours: ±4 × 255, in equal numbers."""
    board = (np.indices((68, 120)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert measure_appearance(np.dstack([board] * 3)).sharpness == (4 * 255) ** 2


def test_blur_reduces_sharpness_and_size_does_not_change_it() -> None:
    small = cv2.GaussianBlur(noise(68, 120), (3, 3), 0)
    large = cv2.resize(small, (1200, 680), interpolation=cv2.INTER_NEAREST)
    blurred = cv2.GaussianBlur(large, (31, 31), 0)
    sharpness, same, less = (measure_appearance(each).sharpness for each in (small, large, blurred))
    assert same == pytest.approx(sharpness)
    assert less < sharpness / 2


def test_the_hash_has_the_signs_of_the_lowest_frequencies() -> None:
    """The DCT of 32x32 pixels, by OpenCV; ImageHash uses SciPy's."""
    image_rgb = cv2.GaussianBlur(noise(270, 480), (31, 31), 0)
    small = Image.fromarray(image_rgb).convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    lowest = cv2.dct(np.asarray(small, np.float64))[:8, :8].ravel()
    scale = np.array([2**0.5] + [1] * 7)  # OpenCV's is orthonormal
    lowest *= np.outer(scale, scale).ravel()
    bits = "".join(str(int(each > np.median(lowest))) for each in lowest)
    assert hash_picture(image_rgb) == f"{int(bits, 2):016x}"


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (90, 160)])
def test_pictures_in_one_colour_have_one_of_two_hashes(shape: tuple[int, int]) -> None:
    colors = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255), (77, 78, 79)]
    hashes = [hash_picture(plain(color, *shape)) for color in colors]
    assert hashes == ["0" * 16, *["8" + "0" * 15] * 4]
