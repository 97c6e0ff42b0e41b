"""Brightness, colour and edges of a picture, as numbers.

The measures are those of the notebook ``PED_2_part1`` (github.com/jells123/ped, commit 6b91f40),
step "Images metadata - median pixel values and histograms" and step "Edge detection", which wrote
``data/image_attributes.csv``. It cropped the bars of YouTube's ``default.jpg`` (120x90), which
leaves 120x68 pixels; here pictures of any size are resized to that first, so that the shares are
comparable between thumbnail qualities.

In that table ``gray_histogram`` and ``gray_median`` are not grey: its cells shared one cache of
pictures, the grey cell must have run again after the HSV cell, and so the columns hold the hue,
saturation and value of all pixels pooled (its counts are multiples of 1/24480, three channels; the
76 pure grey pictures all have median 0, 2026-11-23). Ours follow the notebook's code.
"""

from importlib.metadata import version
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thumbnail_tasks.engines import colors
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import FIXED_BINS, HISTOGRAM_BINS, HUE_BINS

WORKING_WIDTH_PX: Final = 120
WORKING_HEIGHT_PX: Final = 68

# Hysteresis thresholds of the Canny edge detector on the gradient (L1 norm, 3x3 Sobel): the
# notebook's.
CANNY_LOW: Final = 100
CANNY_HIGH: Final = 200


class Appearance(NamedTuple):
    """The appearance of a picture; every histogram sums to 1.

    The 5 bins of the first histograms divide the range from the picture's smallest to its largest
    value into equal parts, as the notebook's ``np.histogram(values, bins=5)`` did. A channel with a
    single value has everything in the middle bin. Those named ``fixed`` have the same bins for all
    pictures, so that they can be compared.

    Attributes:
        gray_median: Median brightness (0.299 R + 0.587 G + 0.114 B), 0 to 255.
        gray_histogram: Shares of pixels by brightness.
        hue_median: Median hue in steps of 2 degrees, 0 (red) to 179; 60 is green, 120 blue. Grey
            pixels count as 0. Hue is circular: for a picture with reds just below and above 0, the
            median means little.
        hue_histogram: Shares of pixels by hue.
        saturation_median: Median saturation, 0 (grey) to 255.
        saturation_histogram: Shares of pixels by saturation.
        value_median: Median of the largest of R, G and B, 0 (black) to 255.
        value_histogram: Shares of pixels by value.
        edges: Share of pixels on an edge, 0 to 1.
        aspect_ratio: Width / height.
        gray_histogram_fixed: Shares of pixels in 8 equal parts of 0 to 255.
        saturation_histogram_fixed: The same of saturation.
        value_histogram_fixed: The same of value.
        hue_histogram_fixed: 12 shares: see ``colors.Hues``.
        hue_mean: In degrees: see ``colors.Hues``.
        brightness_mean: Mean brightness, 0 to 255.
        brightness_std: Its standard deviation, the RMS contrast (Peli, "Contrast in complex
            images", 1990), 0 to 127.5.
        colorfulness: See ``colors.measure_colorfulness``.
        color_mean: As ``#ff0000``.
        dominant_colors: See ``colors.find_dominant_colors``.
        sharpness: Variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in
            brightfield microscopy", 2000) of brightness. At this size it is the same in all
            thumbnail qualities; blur by under a pixel of 120 is not noticed.
        perceptual_hash: 64 bits as 16 hexadecimal digits.
    """

    gray_median: float
    gray_histogram: tuple[float, ...]
    hue_median: float
    hue_histogram: tuple[float, ...]
    saturation_median: float
    saturation_histogram: tuple[float, ...]
    value_median: float
    value_histogram: tuple[float, ...]
    edges: float
    aspect_ratio: float
    gray_histogram_fixed: tuple[float, ...]
    saturation_histogram_fixed: tuple[float, ...]
    value_histogram_fixed: tuple[float, ...]
    hue_histogram_fixed: tuple[float, ...] | None
    hue_mean: float | None
    brightness_mean: float
    brightness_std: float
    colorfulness: float
    color_mean: str
    dominant_colors: list[dict[str, Any]]
    sharpness: float
    perceptual_hash: str


def measure_appearance(image_rgb: ImageRGB) -> Appearance:
    """Measure brightness, colours, edges and sharpness of a picture without bars, and hash it.

    Args:
        image_rgb: (H, W, 3) uint8, at least 1 x 1 pixel, without black bars.

    Returns:
        The measures, at 120x68 pixels but for dominant colours and hash.
    """
    import cv2

    height_px, width_px = image_rgb.shape[:2]
    size = (WORKING_WIDTH_PX, WORKING_HEIGHT_PX)
    small_rgb = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small_rgb, cv2.COLOR_RGB2GRAY)
    hue, saturation, value = cv2.split(cv2.cvtColor(small_rgb, cv2.COLOR_RGB2HSV))
    edges = cv2.Canny(small_rgb, CANNY_LOW, CANNY_HIGH)
    hues = colors.measure_hues(small_rgb)
    return Appearance(
        gray_median=float(np.median(gray)),
        gray_histogram=_measure_shares(gray),
        hue_median=float(np.median(hue)),
        hue_histogram=_measure_shares(hue),
        saturation_median=float(np.median(saturation)),
        saturation_histogram=_measure_shares(saturation),
        value_median=float(np.median(value)),
        value_histogram=_measure_shares(value),
        edges=np.count_nonzero(edges) / edges.size,
        aspect_ratio=width_px / height_px,
        gray_histogram_fixed=colors.measure_fixed_histogram(gray),
        saturation_histogram_fixed=colors.measure_fixed_histogram(saturation),
        value_histogram_fixed=colors.measure_fixed_histogram(value),
        hue_histogram_fixed=hues.histogram,
        hue_mean=hues.mean,
        brightness_mean=float(gray.mean()),
        brightness_std=float(gray.std()),
        colorfulness=colors.measure_colorfulness(small_rgb),
        color_mean=colors.measure_mean_color(small_rgb),
        dominant_colors=[color._asdict() for color in colors.find_dominant_colors(image_rgb)],
        sharpness=float(cv2.Laplacian(gray, cv2.CV_64F).var()),
        perceptual_hash=hash_picture(image_rgb),
    )


def hash_picture(image_rgb: ImageRGB) -> str:
    """The perceptual hash of a picture: ImageHash's ``phash``, as 16 hexadecimal digits.

    Its bits say which of the 64 lowest frequencies of the picture, at 32x32 pixels, are above their
    median (Krawetz, "Looks Like It", 2011). A picture in one colour has only its mean, so all such
    pictures have the hash of white, or that of black.
    """
    import imagehash

    return str(imagehash.phash(Image.fromarray(image_rgb)))


def _measure_shares(channel: NDArray[Any]) -> tuple[float, ...]:
    counts, _ = np.histogram(channel, bins=HISTOGRAM_BINS)
    return tuple((counts / channel.size).tolist())


ENGINE = Engine(
    load=lambda: measure_appearance,
    name=lambda: f"opencv-{version('opencv-python-headless')}",
    about=lambda: {
        "size_px": [WORKING_WIDTH_PX, WORKING_HEIGHT_PX],
        "histogram_bins": HISTOGRAM_BINS,
        "canny": [CANNY_LOW, CANNY_HIGH],
        "fixed_bins": [FIXED_BINS, HUE_BINS],
        "dominant_colors": [colors.MAX_DOMINANT, colors.MIN_SHARE, colors.SAMPLED_SIZE_PX],
        "imagehash": version("ImageHash"),
    },
)
