"""Pictures as arrays. Here, and everywhere: RGB, uint8, H×W×3."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from thumbnail_tasks.pictures.headers import FORMATS as FORMATS
from thumbnail_tasks.pictures.headers import NotAnImageError as NotAnImageError
from thumbnail_tasks.pictures.headers import read_header

ImageRGB = NDArray[np.uint8]

_BAR_MAX_LEVEL = 32
"""JPEG leaves black bars at levels up to 30 on 120×90 pixels, 0 on 480×360."""


class TooManyPixelsError(ValueError):
    """The picture's header promises more pixels than the limit."""


def decode_image(data: bytes, max_pixels: int | None = None) -> ImageRGB:
    """Decode a picture; of an animation, its first frame.

    Pixels stay as they are stored: a rotation that EXIF asks for is not made (YouTube's
    thumbnails have none, and boxes are of the stored picture), colour profiles are not applied,
    and of transparent pixels the colour counts. Of 16 bits the upper 8 are kept.

    Args:
        data: A whole JPEG, PNG, WebP or GIF file.
        max_pixels: Refuse larger pictures before decoding; None for no limit but Pillow's own,
            which is 179 million.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        NotAnImageError: Unknown format, or cut short, or damaged.
        TooManyPixelsError: Width × height is over the limit.
        MemoryError: It would fit another time.
    """
    with _opened(data, max_pixels) as image:
        return _to_rgb(image)


def measure_image(data: bytes, max_pixels: int | None = None) -> tuple[int, int]:
    """Make sure that a picture can be decoded, and say how large it is.

    Of a JPEG every byte is read but only an eighth of each side reckoned: 0.3 ms for 480×360
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
            image.draft(None, (size[0] // 8, size[1] // 8))
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
    except Exception as error:  # decoders' own: no list of what they raise over damaged bytes
        raise NotAnImageError(f"a damaged {header.format}: {error or type(error)}") from error


def _refuse_large(width: int, height: int, max_pixels: int | None) -> None:
    if max_pixels is not None and width * height > max_pixels:
        raise TooManyPixelsError(f"{width}×{height} pixels; the limit is {max_pixels}")


def _to_rgb(image: Image.Image) -> ImageRGB:
    if image.mode.startswith("I"):  # Pillow's own conversion cuts values over 255 off
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    image.info.pop("transparency", None)  # which Pillow would warn that RGB cannot keep
    rgb = image.convert("RGB")
    image.close()  # WebP's decoder keeps three times the picture
    return np.asarray(rgb)


class Cropped(NamedTuple):
    """A part of a picture, and where it lies in the whole."""

    image_rgb: ImageRGB
    left_px: int
    top_px: int

    @property
    def corner_xyxy(self) -> tuple[int, int, int, int]:
        """What to take from a box of the whole to have it in this part."""
        return (self.left_px, self.top_px, self.left_px, self.top_px)

    def box_in_stored(self, box_xyxy: Sequence[float]) -> dict[str, float]:
        """A box of this part in pixels of the whole, as the columns of a table."""
        x_min, y_min, x_max, y_max = box_xyxy
        return {
            "x_min": x_min + self.left_px,
            "y_min": y_min + self.top_px,
            "x_max": x_max + self.left_px,
            "y_max": y_max + self.top_px,
        }


def crop_bars(image_rgb: ImageRGB) -> Cropped:
    """Cut off the black bars with which YouTube fills a 16:9 frame up to 4:3.

    Only pictures of 4:3 have them (``default``, ``hqdefault``, ``sddefault``): an eighth of
    the height above and below. They are cut only where both are black throughout; other
    dark edges belong to the picture.
    """
    height, width = image_rgb.shape[:2]
    bar = height // 8
    if bar == 0 or width * 3 != height * 4:
        return Cropped(image_rgb, 0, 0)
    surely_bar = bar * 2 // 3  # JPEG's blocks smear the picture over the inner third
    if max(image_rgb[:surely_bar].max(), image_rgb[-surely_bar:].max()) > _BAR_MAX_LEVEL:
        return Cropped(image_rgb, 0, 0)
    return Cropped(image_rgb[bar:-bar], 0, bar)


def iter_pictures(
    thumbnails: pa.Table, batch_size: int, only: pa.BooleanArray | None = None
) -> Iterator[tuple[list[int], list[Cropped]]]:
    """Decode the pictures of a table in batches of one size each, without their bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; rows without a picture are skipped.
        batch_size: Most pictures in a batch.
        only: N booleans: the rows to decode; None for all.

    Yields:
        Row numbers and pictures; within a batch all have one shape. Every engine may so
        stack them, and none has to pad one picture to another's size.
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
