"""The notebook's measures of a picture: medians and histograms of four channels, and edges."""

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.speed.turns import Run
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import decode_image

_SIZE_PX = (120, 68)


def load_notebook_appearance() -> Run:
    """Its cells on encoded pictures, at its size."""

    def measure(contents: Sequence[bytes]) -> None:
        for content in contents:
            image_rgb = crop_bars(decode_image(content)).image_rgb
            small = cv2.resize(image_rgb, _SIZE_PX, interpolation=cv2.INTER_AREA)
            channels = [cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)]
            channels += cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2HSV))
            for channel in channels:
                np.median(channel)
                np.histogram(channel, bins=5)
            np.count_nonzero(cv2.Canny(small, 100, 200))

    return measure
