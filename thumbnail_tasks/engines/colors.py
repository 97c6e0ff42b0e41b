"""The colours of a picture, as numbers and names that can be compared between pictures.

Pictures are RGB uint8 (H, W, 3), at least 1 x 1 pixel, without black bars. ``measure_appearance``
gives them at one size, so that the measures of different thumbnail qualities can be compared.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import FIXED_BINS, HUE_BINS

MAX_DOMINANT: Final = 5
MIN_SHARE: Final = 0.01
"""Of a dominant colour: smaller ones are what JPEG leaves at edges."""

SAMPLED_SIZE_PX: Final = (64, 36)
_K_MEANS_STEPS: Final = (1, 10, 0.0)  # the first is cv2.TERM_CRITERIA_COUNT
_DEGREES_PER_BIN: Final = 360 // HUE_BINS
_LEVELS_PER_BIN: Final = 256 // FIXED_BINS


class Hues(NamedTuple):
    """The hues of a picture, each pixel weighted by its saturation."""

    mean: float | None
    """Circular mean in degrees, 0 (red) to 360; None for a grey picture, or if hues balance."""
    histogram: tuple[float, ...] | None
    """12 shares that sum to 1: of red (345 to 15 degrees), orange (15 to 45), …; None for grey."""


class DominantColor(NamedTuple):
    """One of the main colours of a picture."""

    hex: str
    """As ``#ff0000``."""
    share: float
    """Of pixels that are nearer to it than to the others, 0 to 1."""


def measure_fixed_histogram(channel: NDArray[np.uint8]) -> tuple[float, ...]:
    """Shares of values in 8 equal parts of 0 to 255, which sum to 1."""
    counts = np.bincount(channel.ravel() // _LEVELS_PER_BIN, minlength=FIXED_BINS)
    return tuple((counts / channel.size).tolist())


def measure_hues(image_rgb: ImageRGB) -> Hues:
    """Measure the hues of a picture.

    Hues are weighted by saturation as Hanbury defines it ("The taming of the hue, saturation and
    brightness colour space", 2002): the maximum minus the minimum of R, G and B. HSV divides this
    by the maximum, and so reaches 255 in pixels that look black. The mean hue is the direction of
    the weighted vector sum (Machajdik and Hanbury, "Affective image classification", 2010).
    """
    import cv2

    hue = cv2.cvtColor(image_rgb.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[..., 0].ravel()
    red, green, blue = cv2.split(image_rgb)
    weight = (cv2.max(red, cv2.max(green, blue)) - cv2.min(red, cv2.min(green, blue))).ravel()
    total = int(weight.sum(dtype=np.int64))
    if not total:
        return Hues(None, None)
    bins = ((hue + _DEGREES_PER_BIN / 2) % 360 // _DEGREES_PER_BIN).astype(np.int64)
    shares = np.bincount(bins, weight, HUE_BINS) / total
    angle = np.radians(hue)
    x, y = (
        float((part * weight).sum(dtype=np.float64)) / total
        for part in (np.cos(angle), np.sin(angle))
    )
    mean = None
    if np.hypot(x, y) > 1e-6:
        degrees = np.float32(np.degrees(np.arctan2(y, x)) % 360)
        mean = float(degrees) % 360  # a little under 360 may be rounded to 360
    return Hues(mean, tuple(shares.tolist()))


def measure_colorfulness(image_rgb: ImageRGB) -> float:
    """Colourfulness, from 0 (grey); viewers called 33 moderately and 82 highly colourful.

    Hasler and Süsstrunk, "Measuring colourfulness in natural images" (2003): from the standard
    deviations and means of R - G and (R + G) / 2 - B.
    """
    red, green, blue = (image_rgb[..., n].astype(np.float64) for n in range(3))
    opponents = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    spread, distance = opponents.std(axis=1), opponents.mean(axis=1)
    return float(np.hypot(*spread) + 0.3 * np.hypot(*distance))


def measure_mean_color(image_rgb: ImageRGB) -> str:
    """The mean of R, G and B, as ``#ff0000``."""
    import cv2

    return _to_hex(cv2.mean(image_rgb)[:3])


def find_dominant_colors(image_rgb: ImageRGB) -> list[DominantColor]:
    """The main colours of a picture, the largest share first; equal shares in the order of hex.

    64x36 pixels are split in CIELAB, where equal distances look about equally large: by Pillow's
    maximum coverage, which finds small areas of a strong colour, too, then by ten steps of OpenCV's
    k-means. A colour is the mean of its pixels. None is between two colours of the picture, as
    interpolation would make them. The result is the same each time.

    Returns:
        1 to 5 colours. Those with a share under 0.01 are left out, so the shares may sum to less
        than 1.
    """
    import cv2

    sampled_rgb = cv2.resize(image_rgb, SAMPLED_SIZE_PX, interpolation=cv2.INTER_NEAREST)
    image_lab = cv2.cvtColor(sampled_rgb, cv2.COLOR_RGB2LAB)
    covered = Image.fromarray(image_lab).quantize(MAX_DOMINANT, Image.Quantize.MAXCOVERAGE)
    labels = np.asarray(covered).astype(np.int32).ravel()
    pixels_lab = image_lab.reshape(-1, 3).astype(np.float32)
    how = (labels.max() + 1, labels, _K_MEANS_STEPS, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    _, labels, _ = cv2.kmeans(pixels_lab, *how)
    labels = labels.ravel()
    n_pixels = np.bincount(labels)
    sums = np.stack([np.bincount(labels, each.ravel()) for each in cv2.split(sampled_rgb)], axis=1)
    found = [
        DominantColor(_to_hex(total / n), float(n / len(labels)))
        for n, total in zip(n_pixels, sums, strict=True)
        if n >= MIN_SHARE * len(labels)
    ]
    return sorted(found, key=lambda color: (-color.share, color.hex))


def _to_hex(color_rgb: Sequence[float] | NDArray[np.float64]) -> str:
    return f"#{np.rint(color_rgb).astype(np.uint8).tobytes().hex()}"
