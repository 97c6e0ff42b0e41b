"""The small pictures of the report."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from PIL import Image

from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, decode_image

_WIDTH_PX = 240
_MAX_HEIGHT_PX = 4 * _WIDTH_PX
_QUALITY = 60
_THREADS = 2


def picture_name(sha256: str) -> str:
    """The path of a small picture in the folder of pictures, from the original's digest."""
    return f"{sha256[:2]}/{sha256[2:18]}.webp"


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


def write_small_pictures(thumbnails: pa.Table, folder: Path, earlier: Path) -> None:
    """Write the small pictures of some thumbnails.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; rows without a picture are skipped.
        folder: Folder to write to, with names from ``picture_name``.
        earlier: The same folder of an earlier report, which may not exist; its files are linked.
    """

    def write(sha256: str, data: bytes) -> None:
        path = folder / picture_name(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return
        if (earlier / picture_name(sha256)).exists():
            os.link(earlier / picture_name(sha256), path)
        elif small := make_small(data):
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
