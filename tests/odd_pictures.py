"""Odd, damaged and malicious pictures, each with its expected status.

    python -m tests.odd_pictures FOLDER

writes them all into a folder, each named ``<name>.jpg`` whatever its format.
"""

import io
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 64, 48
MEGABYTE = 1_000_000


class Odd(NamedTuple):
    """A file and its expected status."""

    name: str
    data: bytes
    status: str = "ok"
    shows: NDArray[np.uint8] | None = None
    """Its pixels; None where they do not matter."""
    tolerance: float = 0
    """Maximum mean difference, in levels of 0 to 255."""


def colours() -> NDArray[np.uint8]:
    """Red increases to the right, green downwards, one corner is blue: no symmetry."""
    image_rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image_rgb[..., 0] = np.linspace(0, 255, WIDTH)
    image_rgb[..., 1] = np.linspace(0, 255, HEIGHT)[:, None]
    image_rgb[: HEIGHT // 2, : WIDTH // 2, 2] = 255
    return image_rgb


COLOURS = colours()
GREY = np.repeat(COLOURS[..., :1], 3, axis=2)


def saved(image: Image.Image | NDArray[Any], format: str, **how: Any) -> bytes:
    """The bytes of a picture in a format."""
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, format, **how)
    return file.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )  # fmt: skip


def png(width: int, height: int, *more: bytes, rows: bytes = b"", kind: int = 2) -> bytes:
    """A PNG that declares a size; ``more`` are chunks before its rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *more,
            png_chunk(b"IDAT", zlib.compress(rows, 9)),
            png_chunk(b"IEND", b""),
        )
    )


def gif(width: int, height: int, *blocks: bytes) -> bytes:
    """A GIF of these blocks, with a palette of black and white."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    return b"".join((b"GIF89a", screen, bytes(3), b"\xff" * 3, *blocks, b";"))


def gif_frame(width: int, height: int, content: bytes = b"\x02\x02\x44\x01\x00") -> bytes:
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + content


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", struct.pack("<I", flags) + sides


def jpeg_with(*segments: tuple[int, bytes], into: bytes) -> bytes:
    """A JPEG with more segments at its beginning."""
    packed = (struct.pack(">BBH", 255, kind, len(text) + 2) + text for kind, text in segments)
    return into[:2] + b"".join(packed) + into[2:]


def jpeg_of_size(width: int, height: int, jpeg: bytes) -> bytes:
    """A JPEG that declares a wrong size."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def jpeg_scans(jpeg: bytes, n_scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * n_scans + jpeg[-2:]


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", saved(COLOURS, "JPEG"))
    return file.getvalue()


def _animation(format: str) -> bytes:
    later = [Image.fromarray(255 - COLOURS), Image.fromarray(GREY)]
    how = {"lossless": True} if format == "WEBP" else {}
    return saved(COLOURS, format, save_all=True, append_images=later, duration=50, **how)


def _jpegs() -> Iterator[Odd]:
    plain = saved(COLOURS, "JPEG", quality=95)
    progressive = saved(COLOURS, "JPEG", quality=95, progressive=True)
    ok = ("ok", COLOURS, 4.0)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    yield Odd("jpeg", plain, *ok)
    yield Odd("jpeg_progressive", progressive, *ok)
    yield Odd("jpeg_grey", saved(GREY[..., 0], "JPEG", quality=95), "ok", GREY, 2)
    yield Odd("jpeg_cmyk", saved(Image.fromarray(COLOURS).convert("CMYK"), "JPEG", quality=95), *ok)
    yield Odd("jpeg_exif_rotated", saved(COLOURS, "JPEG", quality=95, exif=exif), *ok)
    yield Odd(
        "jpeg_exif_nonsense", jpeg_with((0xE1, b"Exif\0\0MM\0*" + b"\xff" * 99), into=plain), *ok
    )
    yield Odd(
        "jpeg_colour_profile", saved(COLOURS, "JPEG", quality=95, icc_profile=b"no" * 99_999), *ok
    )
    yield Odd("jpeg_6_MB_of_segments", jpeg_with(*[(0xE5, bytes(65_000))] * 92, into=plain), *ok)
    yield Odd("jpeg_comment", jpeg_with((0xFE, b"<script>\x1b[2J" * 99), into=plain), *ok)
    yield Odd(
        "jpeg_two_in_one",
        saved(COLOURS, "MPO", quality=95, save_all=True, append_images=[Image.fromarray(GREY)]),
        *ok,
    )
    yield Odd(
        "jpeg_nonsense_of_two_in_one",
        jpeg_with((0xE2, b"MPF\0MM\0*" + b"\xff" * 20), into=plain),
        *ok,
    )
    yield Odd("jpeg_and_a_zip", plain + _zipped(), *ok)
    yield Odd("jpeg_without_its_end_mark", plain[:-2], "not_an_image")
    yield Odd("jpeg_cut_short", plain[: len(plain) // 2], "not_an_image")
    yield Odd("jpeg_cut_in_its_header", plain[:100], "not_an_image")
    yield Odd("jpeg_progressive_cut_short", progressive[: len(progressive) // 2], "not_an_image")
    yield Odd(
        "jpeg_of_12_bits",
        plain.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
        "not_an_image",
    )
    yield Odd("jpeg_lossless", plain.replace(b"\xff\xc0", b"\xff\xc3"), "not_an_image")
    yield Odd("jpeg_without_height", jpeg_of_size(WIDTH, 0, plain), "not_an_image")
    yield Odd("jpeg_pixel_bomb", jpeg_of_size(65_000, 65_000, plain), "too_large")
    yield Odd("jpeg_scan_bomb", jpeg_scans(progressive, 100_000), "not_an_image")
    yield Odd(
        "jpeg_exif_bomb",
        jpeg_with(*[(0xE1, b"Exif\0\0" + bytes(10))] * 500_000, into=plain),
        "not_an_image",
    )
    yield Odd(
        "jpeg_empty_segments", jpeg_with(*[(0xE5, b"")] * 2_000_000, into=plain), "not_an_image"
    )
    yield Odd("jpeg_9_MB_of_fill", plain[:2] + b"\xff" * 9 * MEGABYTE + plain[2:], "not_an_image")
    yield Odd("jpeg_9_MB_of_junk", plain[:20] + bytes(9 * MEGABYTE) + plain[20:], "not_an_image")
    yield Odd(
        "jpeg_of_nonsense", b"\xff\xd8\xff" + random.Random(1).randbytes(5_000), "not_an_image"
    )
    yield Odd("jpeg_of_no_tables", b"\xff\xd8" + plain[plain.index(b"\xff\xc0") :], "not_an_image")


def _pngs() -> Iterator[Odd]:
    plain = saved(COLOURS, "PNG")
    ok = ("ok", COLOURS)
    deep = (COLOURS[..., 0].astype(np.uint16) << 8) + 77
    palette = Image.fromarray(COLOURS).quantize(256)
    as_palette = np.asarray(palette.convert("RGB"))
    seen = np.dstack([COLOURS, COLOURS[..., 0]])
    big_endian = np.dstack([COLOURS, np.full_like(COLOURS, 9)]).reshape(HEIGHT, WIDTH, 2, 3)
    rows = big_endian.transpose(0, 1, 3, 2).reshape(HEIGHT, -1)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    damaged = bytearray(plain)
    damaged[plain.index(b"IDAT") + 30] ^= 255
    yield Odd("png", plain, *ok)
    yield Odd("png_16_bits_grey", saved(deep, "PNG"), "ok", GREY)
    yield Odd(
        "png_16_bits",
        b"".join(
            (
                b"\x89PNG\r\n\x1a\n",
                png_chunk(b"IHDR", header),
                png_chunk(b"IDAT", zlib.compress(lines)),
                png_chunk(b"IEND", b""),
            )
        ),
        *ok,
    )
    yield Odd("png_transparent", saved(seen, "PNG"), *ok)
    yield Odd(
        "png_grey_transparent", saved(np.dstack([GREY[..., 0], GREY[..., 0]]), "PNG"), "ok", GREY
    )
    yield Odd("png_palette", saved(palette, "PNG"), "ok", as_palette)
    yield Odd(
        "png_palette_one_transparent", saved(palette, "PNG", transparency=3), "ok", as_palette
    )
    yield Odd(
        "png_palette_all_transparent",
        saved(palette, "PNG", transparency=bytes(256)),
        "ok",
        as_palette,
    )
    yield Odd("png_1_bit", saved(Image.fromarray(GREY).convert("1"), "PNG"))
    yield Odd("png_one_pixel", saved(COLOURS[:1, :1], "PNG"), "ok", COLOURS[:1, :1])
    yield Odd(
        "png_1_by_20000",
        saved(np.full((20_000, 1, 3), 7, np.uint8), "PNG"),
        "ok",
        np.full((20_000, 1, 3), 7, np.uint8),
    )
    yield Odd(
        "png_20000_by_1",
        saved(np.full((1, 20_000, 3), 7, np.uint8), "PNG"),
        "ok",
        np.full((1, 20_000, 3), 7, np.uint8),
    )
    yield Odd("png_animated", _animation("PNG"), *ok)
    yield Odd(
        "png_text", plain[:33] + png_chunk(b"tEXt", b"Comment\0" + b"a" * 900_000) + plain[33:], *ok
    )
    yield Odd("png_cut_short", plain[: len(plain) // 2], "not_an_image")
    yield Odd("png_cut_in_its_header", plain[:20], "not_an_image")
    yield Odd("png_wrong_sum", plain[:29] + b"\0\0\0\0" + plain[33:], "not_an_image")
    yield Odd("png_damaged_rows", bytes(damaged), "not_an_image")
    yield Odd("png_without_rows", plain[:33] + png_chunk(b"IEND", b""), "not_an_image")
    yield Odd("png_of_no_size", png(0, 0), "not_an_image")
    yield Odd("png_unknown_kind", png(WIDTH, HEIGHT, kind=5), "not_an_image")
    yield Odd("png_pixel_bomb", png(50_000, 50_000, rows=bytes(9_999)), "too_large")
    yield Odd("png_largest_promise", png(2**31 - 1, 2**31 - 1), "too_large")
    yield Odd(
        "png_more_rows_than_promised",
        png(1, 1, rows=bytes(20 * MEGABYTE)),
        "ok",
        np.zeros((1, 1, 3), np.uint8),
    )
    yield Odd(
        "png_text_bomb",
        png(
            1, 1, png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(20 * MEGABYTE))), rows=bytes(4)
        ),
        "not_an_image",
    )
    yield Odd(
        "png_profile_bomb",
        png(
            1, 1, png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(20 * MEGABYTE))), rows=bytes(4)
        ),
        "not_an_image",
    )
    yield Odd(
        "png_9000_profiles",
        png(
            1,
            1,
            png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(MEGABYTE // 2))) * 9_000,
            rows=bytes(4),
        ),
        "not_an_image",
    )
    yield Odd(
        "png_chunk_bomb",
        png(1, 1, png_chunk(b"prIv", b"") * 700_000, rows=bytes(4)),
        "not_an_image",
    )
    yield Odd(
        "png_of_nonsense", b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(5_000), "too_large"
    )


def _webps() -> Iterator[Odd]:
    lossless = saved(COLOURS, "WEBP", lossless=True)
    frame = lossless[12:]
    picture = (frame[:4], frame[8 : 8 + struct.unpack("<I", frame[4:8])[0]])
    seen = np.dstack([COLOURS, np.full((HEIGHT, WIDTH), 200, np.uint8)])
    yield Odd("webp", saved(COLOURS, "WEBP", quality=95), "ok", COLOURS, 8)
    yield Odd("webp_lossless", lossless, "ok", COLOURS)
    yield Odd("webp_transparent", saved(seen, "WEBP", lossless=True), "ok", COLOURS)
    yield Odd("webp_animated", _animation("WEBP"), "ok", COLOURS)
    yield Odd("webp_extended", webp(webp_canvas(WIDTH, HEIGHT), picture), "ok", COLOURS)
    yield Odd("webp_cut_short", lossless[: len(lossless) // 2], "not_an_image")
    yield Odd("webp_cut_in_its_header", lossless[:24], "not_an_image")
    yield Odd(
        "webp_of_another_size_than_its_canvas", webp(webp_canvas(100, 100), picture), "not_an_image"
    )
    yield Odd("webp_pixel_bomb", webp(webp_canvas(2**14, 2**14), picture), "too_large")
    yield Odd("webp_largest_promise", webp(webp_canvas(2**24, 2**24), picture), "too_large")
    yield Odd("webp_without_a_picture", webp(webp_canvas(WIDTH, HEIGHT)), "not_an_image")
    yield Odd("webp_of_nonsense", webp((b"VP8 ", random.Random(3).randbytes(5_000))), "too_large")
    yield Odd("webp_that_is_sound", b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "not_an_image")


def _gifs() -> Iterator[Odd]:
    palette = Image.fromarray(COLOURS).quantize(255)
    as_palette = np.asarray(palette.convert("RGB"))
    plain = saved(palette, "GIF")
    first = plain.index(b",", 13 + 3 * 256)
    comment = b"!\xfe" + b"\x01a" * 500_000 + b"\0"
    extension = b"!\xf9\x04\0\0\0\0\0"
    yield Odd("gif", plain, "ok", as_palette)
    yield Odd("gif_animated", _animation("GIF"))
    yield Odd("gif_transparent", saved(palette, "GIF", transparency=5), "ok", as_palette)
    yield Odd(
        "gif_frame_bomb",
        gif(1, 1, *[extension + gif_frame(1, 1)] * 300_000),
        "ok",
        np.zeros((1, 1, 3), np.uint8),
    )
    yield Odd("gif_cut_short", plain[: len(plain) // 2], "not_an_image")
    yield Odd("gif_cut_in_its_header", plain[:12], "not_an_image")
    yield Odd("gif_without_a_frame", gif(9, 9), "not_an_image")
    yield Odd("gif_pixel_bomb", gif(65_535, 65_535, gif_frame(65_535, 65_535)), "too_large")
    yield Odd("gif_frame_beyond_its_screen", gif(1, 1, gif_frame(60_000, 60_000)), "too_large")
    yield Odd("gif_comment_bomb", plain[:first] + comment + plain[first:], "not_an_image")
    yield Odd(
        "gif_extension_bomb", gif(1, 1, b"!\xfe\0" * 2_000_000, gif_frame(1, 1)), "not_an_image"
    )
    yield Odd(
        "gif_of_9_MB_of_junk", gif(1, 1, bytes(9 * MEGABYTE), gif_frame(1, 1)), "not_an_image"
    )
    yield Odd("gif_of_nonsense", b"GIF89a" + random.Random(4).randbytes(5_000), "too_large")


def _others() -> Iterator[Odd]:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 9}">' for n in range(1, 9))
    contents: dict[str, bytes | Callable[[], bytes]] = {
        "empty": b"",
        "one_byte": b"\xff",
        "text": b"Not a picture.\n",
        "html": b"<!doctype html><title>404</title>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "svg_bomb": f'<!DOCTYPE s [<!ENTITY a0 "a">{entities}]><svg>&a8;</svg>'.encode(),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
        "avif": saved(COLOURS, "AVIF"),
        "jpeg_2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99),
        "jpeg_xl": b"\xff\x0a" + bytes(99),
        "bmp": saved(COLOURS, "BMP"),
        "tiff": saved(COLOURS, "TIFF"),
        "ico": saved(COLOURS, "ICO"),
        "ppm": saved(COLOURS, "PPM"),
        "tga": saved(COLOURS, "TGA"),
        "pcx": saved(COLOURS, "PCX"),
        "xbm": b"#define a_width 9\n#define a_height 9\nstatic char a_bits[] = {0};",
        "psd": b"8BPS\0\x01" + bytes(99),
        "zip": _zipped(),
        "program": b"\x7fELF\x02\x01\x01" + bytes(99),
        "random_bytes": random.Random(5).randbytes(50_000),
        "zeros": bytes(50_000),
    }
    for name, data in contents.items():
        yield Odd(name, data if isinstance(data, bytes) else data(), "not_an_image")


def odd_pictures() -> list[Odd]:
    """All of them; the same bytes each time with the same encoder versions."""
    return [*_jpegs(), *_pngs(), *_webps(), *_gifs(), *_others()]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for odd in odd_pictures():
        (folder / f"{odd.name}.jpg").write_bytes(odd.data)
        print(f"{odd.status:<13} {len(odd.data):>10} {odd.name}")
