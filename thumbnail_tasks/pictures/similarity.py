"""Whether two files show the same picture, however they are encoded.

A 64-bit perceptual hash, the usual measure, sees too little of a thumbnail: of drawn words on 282
real ones of 480×360 that were replaced by others, it noticed 60 % of large ones and 5 % of small
ones, at a threshold where 3 % of the same pictures at 120×90 pixels counted as others. Both
pictures are at hand, so they are compared part by part: all were noticed, and none of the same
counted (2026-11-29, ``python -m benchmarks.accuracy --only changes``).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

_PART_PX: Final = 4
"""Side of a part, in pixels of the reduced pictures."""
_SMALL_PX: Final = 256
"""Pictures of a smaller width, as YouTube's of 120×90, are compared more coarsely."""


class _Scale(NamedTuple):
    side: int
    """Pictures are reduced to so many pixels squared."""
    max_same: float
    """The largest difference of the same picture in two encodings."""


_FINE: Final = _Scale(64, 10.0)
_COARSE: Final = _Scale(32, 14.0)


class Difference(NamedTuple):
    """How two pictures differ."""

    level: float
    """Mean absolute difference of red, green and blue in the part that differs most, 0 to 255."""
    is_other: bool
    """Whether it is another picture, and not another encoding or size of the same."""


def compare_pictures(one: bytes, other: bytes) -> Difference:
    """Compare two pictures, without their black bars if only one has them.

    Both are reduced to 64×64 pixels (32×32 if one is small), which are compared in parts of 4×4.

    Args:
        one: A complete picture file.
        other: Another one.

    Raises:
        As ``decode_image``.
    """
    images_rgb = [decode_image(picture) for picture in (one, other)]
    (height, width, _), (other_height, other_width, _) = (each.shape for each in images_rgb)
    if height * other_width != other_height * width:
        images_rgb = [crop_bars(image).image_rgb for image in images_rgb]
    scale = _COARSE if min(width, other_width) < _SMALL_PX else _FINE
    first, second = (_reduce(image, scale.side) for image in images_rgb)
    n_parts = scale.side // _PART_PX
    pixels = np.abs(first - second).mean(axis=2)
    parts = pixels.reshape(n_parts, _PART_PX, n_parts, _PART_PX).mean(axis=(1, 3))
    level = float(parts.max())
    return Difference(level, level > scale.max_same)


def _reduce(image_rgb: ImageRGB, side: int) -> NDArray[np.float32]:
    # Of Pillow's filters it is the fastest, and the one that differs least between sizes.
    reduced = Image.fromarray(image_rgb).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(reduced, np.float32)
