"""The small pictures of the report."""

import io
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from PIL import Image

from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, decode_image
from thumbnail_tasks.storage.backend import NewFolder

_WIDTH_PX = 240
_MAX_HEIGHT_PX = 4 * _WIDTH_PX
_QUALITY = 60
_THREADS = 2


def picture_name(sha256: str) -> str:
    """The path of a small picture in the report, from the original's digest."""
    return f"pictures/{sha256[:2]}/{sha256[2:18]}.webp"


def make_small(data: bytes) -> bytes | None:
    """A picture as a small WebP without black bars; None if it cannot be decoded."""
    try:
        image_rgb = crop_bars(decode_image(data)).image_rgb
    except (NotAnImageError, TooManyPixelsError):
        return None
    small = Image.fromarray(image_rgb)
    small.thumbnail((_WIDTH_PX, _MAX_HEIGHT_PX))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()


def write_small_pictures(thumbnails: pa.Table, folder: NewFolder) -> None:
    """Write the small pictures of some thumbnails.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; rows without a picture are skipped.
        folder: The new report; those that the earlier one has are taken from it.
    """

    def write(sha256: str, data: bytes) -> None:
        name = picture_name(sha256)
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() and not folder.take(name) and (small := make_small(data)):
            path.write_bytes(small)

    rows = {
        sha256: data
        for sha256, data in zip(
            thumbnails["sha256"].to_pylist(), thumbnails["image"].to_pylist(), strict=True
        )
        if data is not None
    }
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(write, rows.keys(), rows.values()))
