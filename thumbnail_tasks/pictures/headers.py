"""Headers of picture files, checked before any decoder runs.

Pillow reads headers in Python and keeps what it finds. Ten megabytes of empty blocks take it
minutes and hundreds of megabytes before it learns the size of the picture, and a JPEG with a
million scans takes an hour (measured with Pillow 13.0, libjpeg-turbo 3.2).
"""

import re
from typing import NamedTuple

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""The only formats that are passed to a decoder."""

_MAX_JPEG_BLOCKS = 1_000
"""Segments before the picture; a colour profile alone may have 255."""
_MAX_JPEG_SCANS = 100
"""Scans of the picture; progressive files have about 10."""
_MAX_PNG_BLOCKS = 200
"""Chunks that are not the picture; each may be a profile, which takes 10 ms to decompress."""
_MAX_GIF_BLOCKS = 5_000
"""Blocks before the first frame; metadata is split into blocks of at most 255 bytes."""

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_JPEG_FILL = re.compile(b"\xff*")
_PNG_PICTURE = frozenset({b"IDAT", b"fdAT", b"fcTL"})


class NotAnImageError(ValueError):
    """The bytes are not a complete picture in a known format."""


class Header(NamedTuple):
    """Format and size that a picture declares."""

    format: str
    """One of ``FORMATS``."""
    width_px: int
    height_px: int


def read_header(data: bytes) -> Header:
    """Read the header of a picture, without decoding.

    Raises:
        NotAnImageError: Another format, truncated, or with too many blocks.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return Header("JPEG", *_jpeg_size(data))
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Header("PNG", *_png_size(data))
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return Header("WEBP", *_webp_size(data))
        if data.startswith((b"GIF87a", b"GIF89a")):
            return Header("GIF", *_gif_size(data))
    except IndexError as error:
        raise NotAnImageError("cut short within its header") from error
    raise NotAnImageError(f"not one of {', '.join(FORMATS)}")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    if data.count(b"\xff\xda") > _MAX_JPEG_SCANS:
        raise NotAnImageError(f"a JPEG of over {_MAX_JPEG_SCANS} scans")
    size = (0, 0)
    position, n_blocks = 2, 0
    while n_blocks <= _MAX_JPEG_BLOCKS:
        start = data.find(b"\xff", position)
        if start < 0:
            break
        filled = _JPEG_FILL.match(data, start)
        end = filled.end() if filled else start + 1
        n_blocks += end - position  # bytes between segments are read one by one
        marker = data[end]
        position = end + 1
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        if marker in _JPEG_SIZES:
            size = (_big_endian(data, position + 5, 2), _big_endian(data, position + 3, 2))
        if marker in (0xDA, 0xD9):
            break
        position += max(_big_endian(data, position, 2), 2)
    if n_blocks > _MAX_JPEG_BLOCKS:
        raise NotAnImageError(f"a JPEG of over {_MAX_JPEG_BLOCKS} blocks before the picture")
    return size


def _png_size(data: bytes) -> tuple[int, int]:
    position, n_blocks = 8, 0
    while position < len(data):
        n_blocks += data[position + 4 : position + 8] not in _PNG_PICTURE
        position += 12 + _big_endian(data, position, 4)
        if n_blocks > _MAX_PNG_BLOCKS:
            raise NotAnImageError(f"a PNG of over {_MAX_PNG_BLOCKS} blocks beside the picture")
    return _big_endian(data, 16, 4), _big_endian(data, 20, 4)


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _little_endian(data, 24, 3), 1 + _little_endian(data, 27, 3)
    if kind == b"VP8L":
        bits = _little_endian(data, 21, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return _little_endian(data, 26, 2) & 0x3FFF, _little_endian(data, 28, 2) & 0x3FFF
    raise NotAnImageError("a WebP without a picture")


def _gif_size(data: bytes) -> tuple[int, int]:
    """The size of the screen, or of the first frame if that extends beyond it."""
    width, height = _little_endian(data, 6, 2), _little_endian(data, 8, 2)
    has_colours, n_colours = data[10] & 0x80, 2 << (data[10] & 7)
    position = 13 + (3 * n_colours if has_colours else 0)
    n_blocks = 0
    while n_blocks <= _MAX_GIF_BLOCKS:
        kind = data[position]
        if kind == 0x2C:
            left, top, wide, high = (_little_endian(data, position + at, 2) for at in (1, 3, 5, 7))
            return max(width, left + wide), max(height, top + high)
        if kind == 0x3B:
            raise NotAnImageError("a GIF without a frame")
        position += 1
        n_blocks += 1
        if kind == 0x21:
            position += 1
            while data[position] and n_blocks <= _MAX_GIF_BLOCKS:
                position += 1 + data[position]
                n_blocks += 1
            position += 1
    raise NotAnImageError(f"a GIF of over {_MAX_GIF_BLOCKS} blocks before the picture")


def _big_endian(data: bytes, at: int, n_bytes: int) -> int:
    return int.from_bytes(_exactly(data, at, n_bytes), "big")


def _little_endian(data: bytes, at: int, n_bytes: int) -> int:
    return int.from_bytes(_exactly(data, at, n_bytes), "little")


def _exactly(data: bytes, at: int, n_bytes: int) -> bytes:
    if at + n_bytes > len(data):
        raise IndexError(at)
    return data[at : at + n_bytes]
