"""Decode pictures to arrays, which are RGB uint8 (H, W, 3) everywhere in this package."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from thumbnail_tasks.pictures.headers import FORMATS as FORMATS
from thumbnail_tasks.pictures.headers import NotAnImageError as NotAnImageError
from thumbnail_tasks.pictures.headers import read_header

ImageRGB = NDArray[np.uint8]


class TooManyPixelsError(ValueError):
    """The picture's header declares more pixels than the limit."""


def decode_image(data: bytes, max_pixels: int | None = None) -> ImageRGB:
    """Decode a picture, or the first frame of an animation.

    Pixels are kept as stored: EXIF rotation is not applied (YouTube's thumbnails have none, and
    boxes refer to the stored picture), nor are colour profiles; transparency is dropped. Of 16
    bits the upper 8 are kept.

    Args:
        data: A complete JPEG, PNG, WebP or GIF file.
        max_pixels: Refuse larger pictures before decoding; None: only Pillow's own limit of 179
            million applies.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        NotAnImageError: Unknown format, truncated, or damaged.
        TooManyPixelsError: Width × height is over the limit.
        MemoryError: There is not enough memory at the moment.
    """
    with _opened(data, max_pixels) as image:
        return _to_rgb(image)


def measure_image(data: bytes, max_pixels: int | None = None) -> tuple[int, int]:
    """Check that a picture can be decoded, and measure it.

    Every byte of a JPEG is read, but only an eighth of each side is computed: 0.3 ms for 480×360
    instead of 1.3.

    Args:
        data: As for ``decode_image``.
        max_pixels: As for ``decode_image``.

    Returns:
        Width and height in pixels.

    Raises:
        As ``decode_image``.
    """
    with _opened(data, max_pixels) as image:
        size = image.size
        if image.format == "JPEG":
            image.draft(None, (max(size[0] // 8, 1), max(size[1] // 8, 1)))
            image.load()
        else:
            _to_rgb(image)
        return size


@contextlib.contextmanager
def _opened(data: bytes, max_pixels: int | None) -> Iterator[Image.Image]:
    header = read_header(data)
    _refuse_large(header.width_px, header.height_px, max_pixels)
    try:
        with Image.open(io.BytesIO(data), formats=(header.format,)) as image:
            _refuse_large(image.width, image.height, max_pixels)
            yield image
    except (TooManyPixelsError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError(str(error)) from error
    except UnidentifiedImageError as error:
        raise NotAnImageError(f"a damaged {header.format}") from error
    except Exception as error:  # decoders raise many kinds of exceptions
        raise NotAnImageError(f"a damaged {header.format}: {error or type(error)}") from error


def _refuse_large(width: int, height: int, max_pixels: int | None) -> None:
    if max_pixels is not None and width * height > max_pixels:
        raise TooManyPixelsError(f"{width}×{height} pixels; the limit is {max_pixels}")


def _to_rgb(image: Image.Image) -> ImageRGB:
    if image.mode.startswith("I"):  # Pillow's own conversion clips values over 255
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    image.info.pop("transparency", None)  # Pillow would warn that RGB cannot keep them
    rgb = image.convert("RGB")
    image.close()  # WebP's decoder holds three times the picture
    return np.asarray(rgb)
