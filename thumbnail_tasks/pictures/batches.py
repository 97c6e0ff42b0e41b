"""Batches of pictures of equal size, without YouTube's black bars."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

_BAR_MAX_LEVEL = 32
"""JPEG leaves black bars at levels up to 30 on 120×90 pixels, 0 on 480×360."""


class Cropped(NamedTuple):
    """A part of a picture, and its position in the whole."""

    image_rgb: ImageRGB
    """RGB uint8 (H, W, 3)."""
    left_px: int
    top_px: int

    @property
    def corner_xyxy(self) -> tuple[int, int, int, int]:
        """Offset to subtract from a box in the whole picture to get the box in this part."""
        return (self.left_px, self.top_px, self.left_px, self.top_px)

    def box_in_stored(self, box_xyxy: Sequence[float]) -> dict[str, float]:
        """A box of this part in pixels of the whole picture, as columns of a table."""
        x_min, y_min, x_max, y_max = box_xyxy
        return {
            "x_min": x_min + self.left_px,
            "y_min": y_min + self.top_px,
            "x_max": x_max + self.left_px,
            "y_max": y_max + self.top_px,
        }


def crop_bars(image_rgb: ImageRGB) -> Cropped:
    """Crop the black bars with which YouTube extends a 16:9 frame to 4:3.

    Only 4:3 pictures have them (``default``, ``hqdefault``, ``sddefault``): an eighth of the
    height at top and bottom. They are cropped only if both are entirely black; other dark
    edges belong to the picture.

    Args:
        image_rgb: RGB uint8 (H, W, 3).

    Returns:
        A view of (H - 2 (H // 8), W, 3), or of the whole.
    """
    height, width = image_rgb.shape[:2]
    bar = height // 8
    if bar == 0 or width * 3 != height * 4:
        return Cropped(image_rgb, 0, 0)
    surely_bar = bar * 2 // 3  # JPEG blocks blur the picture into the inner third
    if max(image_rgb[:surely_bar].max(), image_rgb[-surely_bar:].max()) > _BAR_MAX_LEVEL:
        return Cropped(image_rgb, 0, 0)
    return Cropped(image_rgb[bar:-bar], 0, bar)


def iter_pictures(
    thumbnails: pa.Table, batch_size: int, only: pa.BooleanArray | None = None
) -> Iterator[tuple[list[int], list[Cropped]]]:
    """Decode the pictures of a table in batches of equal size, without their black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; rows without a picture are skipped.
        batch_size: Maximum number of pictures in a batch.
        only: N booleans, the rows to decode; None for all.

    Yields:
        Row numbers and pictures. All pictures of a batch have the same shape, so that engines
        can stack them without padding.

    Raises:
        NotAnImageError: A picture is damaged.
        TooManyPixelsError: A picture is over Pillow's own limit.
    """
    waiting: dict[tuple[int, ...], tuple[list[int], list[Cropped]]] = {}
    for row, data in enumerate(thumbnails["image"]):
        if not data.is_valid or (only is not None and not only[row].as_py()):
            continue
        picture = crop_bars(decode_image(data.as_py()))
        rows, pictures = waiting.setdefault(picture.image_rgb.shape, ([], []))
        rows.append(row)
        pictures.append(picture)
        if len(rows) == batch_size:
            yield waiting.pop(picture.image_rgb.shape)
    yield from waiting.values()
