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

from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import HISTOGRAM_BINS

WORKING_WIDTH_PX: Final = 120
WORKING_HEIGHT_PX: Final = 68

# Hysteresis thresholds of the Canny edge detector on the gradient (L1 norm, 3x3 Sobel): the
# notebook's.
CANNY_LOW: Final = 100
CANNY_HIGH: Final = 200


class Appearance(NamedTuple):
    """The appearance of a picture; every histogram has 5 bins that sum to 1.

    The bins of a histogram divide the range from the picture's smallest to its largest value into
    equal parts, as the notebook's ``np.histogram(values, bins=5)`` did, not the whole range of
    the channel. A channel with a single value has everything in the middle bin.

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


def measure_appearance(image_rgb: ImageRGB) -> Appearance:
    """Measure brightness, colour and edges of a picture without bars.

    Args:
        image_rgb: (H, W, 3) uint8, at least 1 x 1 pixel, without black bars.

    Returns:
        The measures, at 120x68 pixels.
    """
    import cv2

    height_px, width_px = image_rgb.shape[:2]
    size = (WORKING_WIDTH_PX, WORKING_HEIGHT_PX)
    small_rgb = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small_rgb, cv2.COLOR_RGB2GRAY)
    hue, saturation, value = cv2.split(cv2.cvtColor(small_rgb, cv2.COLOR_RGB2HSV))
    edges = cv2.Canny(small_rgb, CANNY_LOW, CANNY_HIGH)
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
    )


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
    },
)
