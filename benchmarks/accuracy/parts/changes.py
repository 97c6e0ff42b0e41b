"""Changed thumbnails: drawn changes that are noticed, and encodings that are not taken for any."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from benchmarks.accuracy.intervals import bootstrap, ratio
from benchmarks.accuracy.labels import QUALITY, MissingError
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.table import Row, skipped
from benchmarks.tables import Target
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import decode_image
from thumbnail_tasks.pictures.similarity import compare_pictures

PART: Final = "changed thumbnails"
_OURS: Final = "ours: parts of 64×64 pixels"
_PEER: Final = "perceptual hash (ImageHash, 64 bits, over 2)"
_PEER_MAX_SAME: Final = 2
"""No encoding of the same size is farther away; an odd distance does not occur."""

IsOther = Callable[[bytes, bytes], bool]
Drawn = tuple[bytes, bytes]


def measure_changes(setting: Setting) -> Measured:
    """Compare each thumbnail with itself, encoded otherwise and changed.

    Raises:
        MissingError: There are no pictures.
    """
    folder = setting.data / "thumbnails" / QUALITY
    pictures = sorted(folder.glob("*.jpg"))
    if not pictures:
        raise MissingError(f"no pictures in {folder}")
    judged: dict[tuple[str, str], list[tuple[bool, int]]] = {}
    judges: Mapping[str, IsOther | None] = {_OURS: _is_other, _PEER: _load_peer()}
    for path in pictures:
        stored = path.read_bytes()
        for what, (before, after) in _iter_pairs(stored):
            for engine, judge in judges.items():
                if judge:
                    judged.setdefault((what, engine), []).append((judge(before, after), 1))
    rows = [
        Row(
            *(PART, what, engine, len(cases), "pictures", bootstrap(cases, ratio)),
            target=_target(what) if engine == _OURS else None,
        )
        for (what, engine), cases in judged.items()
    ]
    if not judges[_PEER]:
        rows.append(skipped(PART, "all", _PEER, "no package ImageHash"))
    return Measured(rows)


def _is_other(one: bytes, other: bytes) -> bool:
    return compare_pictures(one, other).is_other


def _load_peer() -> IsOther | None:
    try:
        import imagehash
    except ImportError:
        return None

    def hash_picture(picture: bytes) -> Any:
        return imagehash.phash(Image.fromarray(crop_bars(decode_image(picture)).image_rgb))

    return lambda one, other: bool(hash_picture(one) - hash_picture(other) > _PEER_MAX_SAME)


def _target(what: str) -> Target | None:
    if what.startswith("the same"):
        return Target("≤", 0)
    return Target("≥", 0.95) if "other words" in what else None


def _iter_pairs(stored: bytes) -> Iterator[tuple[str, Drawn]]:
    """What is drawn, and the picture before and after it."""
    image = Image.open(io.BytesIO(stored)).convert("RGB")
    for quality in (50, 30):
        yield f"the same, JPEG of quality {quality}", (stored, _save(image, quality))
    yield "the same, WebP of quality 50", (stored, _save(image, 50, "WEBP"))
    for size in ((320, 240), (120, 90), (640, 480)):
        name = f"the same, {size[0]}×{size[1]} pixels"
        yield name, (stored, _save(image.resize(size), 85))
    for size_px, (one, other) in {60: ("WHO WON?", "HE LOST!"), 30: ("NEW", "OLD")}.items():
        before, after = (_save(_write(image, words, size_px)) for words in (one, other))
        yield f"words of {size_px} px added", (stored, before)
        yield f"other words of {size_px} px", (before, after)
    for share in (0.3, 0.15):
        name = f"a blurred rectangle of {share:.0%} of each side"
        yield name, (stored, _save(_blur(image, share)))
    width, height = image.size
    inner = image.crop((width // 50, height // 50, width - width // 50, height - height // 50))
    yield "cropped by 2 % at each side", (stored, _save(inner.resize(image.size)))
    for gain in (1.05, 1.2):
        brighter = ImageEnhance.Brightness(image).enhance(gain)
        yield f"brighter by {gain - 1:.0%}", (stored, _save(brighter))
    swapped = np.ascontiguousarray(np.asarray(image)[..., [1, 0, 2]])
    yield "red and green swapped", (stored, _save(Image.fromarray(swapped)))


def _save(image: Image.Image, quality: int = 90, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def _write(image: Image.Image, words: str, size_px: int) -> Image.Image:
    image = image.copy()
    place = (image.width // 10, image.height * 6 // 10)
    font = ImageFont.load_default(size_px)
    ImageDraw.Draw(image).text(
        place, words, (255, 255, 0), font, stroke_width=3, stroke_fill=(0, 0, 0)
    )
    return image


def _blur(image: Image.Image, share: float) -> Image.Image:
    image = image.copy()
    width, height = round(image.width * share), round(image.height * share)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    box = (left, top, left + width, top + height)
    image.paste(image.crop(box).filter(ImageFilter.GaussianBlur(12)), box[:2])
    return image
