"""The pictures of the report: a small one for each card, and the stored one to look at."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pyarrow as pa
from PIL import Image

from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, decode_image
from thumbnail_tasks.pictures.headers import read_header
from thumbnail_tasks.storage.backend import NewFolder

_WIDTH_PX = 240
_MAX_HEIGHT_PX = 4 * _WIDTH_PX
_QUALITY = 60
_THREADS = 2
_SUFFIXES: Final = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}


def picture_name(sha256: str) -> str:
    """The path of a small picture in the report, from the original's digest."""
    return f"pictures/{sha256[:2]}/{sha256[2:18]}.webp"


def stored_name(sha256: str, suffix: str) -> str:
    """The path of a stored picture in the report, from its digest and its kind."""
    return f"stored/{sha256[:2]}/{sha256[2:18]}.{suffix}"


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


def write_pictures(thumbnails: pa.Table, folder: NewFolder, with_stored: bool) -> dict[str, str]:
    """Write the pictures of some thumbnails.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; rows without a picture are skipped.
        folder: The new report; those that the earlier one has are taken from it.
        with_stored: Whether to write them also as stored.

    Returns:
        The name endings of the stored pictures that were written, by digest: ``jpg``, ``png``, …
    """

    def write(sha256: str, data: bytes) -> str | None:
        _write(folder, picture_name(sha256), lambda: make_small(data))
        try:
            suffix = _SUFFIXES[read_header(data).format] if with_stored else None
        except NotAnImageError:
            return None
        if suffix:
            _write(folder, stored_name(sha256, suffix), lambda: data)
        return suffix

    rows = {
        sha256: data
        for sha256, data in zip(
            thumbnails["sha256"].to_pylist(), thumbnails["image"].to_pylist(), strict=True
        )
        if data is not None
    }
    with ThreadPoolExecutor(_THREADS) as pool:
        suffixes = pool.map(write, rows.keys(), rows.values())
        return {sha256: each for sha256, each in zip(rows, suffixes, strict=True) if each}


def _write(folder: NewFolder, name: str, make: Callable[[], bytes | None]) -> None:
    """Write a file of the new report, unless it is there or can be taken from the earlier one."""
    path = folder.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() and not folder.take(name) and (data := make()):
        path.write_bytes(data)
