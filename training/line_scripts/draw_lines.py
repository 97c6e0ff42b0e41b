"""Draw lines of text in many scripts, as thumbnails have them: input of ``train.py``.

Words are names of countries, languages, currencies and months from Unicode's CLDR (Babel), so that
nothing is downloaded. Fonts are those of the folders given; a font draws the scripts that it knows.
"""

import functools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from babel import Locale
from fontTools.ttLib import TTCollection, TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

LOCALES: Final[Mapping[str, Sequence[str]]] = {
    "Latin": (
        *("en", "en", "en", "es", "fr", "de", "it", "pt", "nl", "pl", "tr", "sv", "fi"),
        *("cs", "ro", "hu", "vi", "id"),
    ),
    "CJK": ("ja", "ja", "zh_Hans", "zh_Hant"),
    "Cyrillic": ("ru", "ru", "ru", "uk", "bg", "sr", "kk", "be", "mk"),
    "Greek": ("el",),
    "Hangul": ("ko",),
    "Arabic": ("ar", "ar", "fa", "ur"),
    "Hebrew": ("he",),
    "Devanagari": ("hi", "hi", "mr", "ne"),
    "Thai": ("th",),
    "other": ("bn", "ta", "te", "gu", "kn", "ml", "pa", "ka", "hy", "km", "lo", "my", "am", "si"),
    "numbers": ("en",),
    "nothing": ("en",),
}
"""The languages whose words are drawn for each class; those named twice are drawn more often.

``numbers`` are prices, years and single letters; ``nothing`` is what a detector takes for text.
"""

_RANGES: Final = {
    "Latin": "A",
    "numbers": "$",
    "nothing": "A",
    "CJK": "の",
    "Cyrillic": "Ж",
    "Greek": "Ω",
    "Hangul": "한",
    "Arabic": "ع",
    "Hebrew": "ש",
    "Devanagari": "क",
    "Thai": "ก",
    "Vietnamese": "ạ",
}
"""A letter that a font which draws the class has."""


class Line(NamedTuple):
    """A drawn line."""

    script: str
    text: str
    image_rgb: NDArray[np.uint8]
    """(H, W, 3), cropped as a detector does."""


@functools.cache
def words_of(locale_name: str) -> list[str]:
    """The words of CLDR's names in a language."""
    locale = Locale.parse(locale_name)
    names = [
        *locale.territories.values(),
        *locale.languages.values(),
        *locale.currencies.values(),
        *locale.months["format"]["wide"].values(),
        *locale.days["format"]["wide"].values(),
    ]
    words = {word.strip("()[]،,.") for name in names for word in name.split()}
    if locale_name in LOCALES["Latin"]:
        return sorted(word for word in words if any(map(str.isalpha, word)))
    return sorted(
        word
        for word in words
        if any(char.isalpha() and not char.isascii() for char in word)
        and not any(char.isalpha() and char.isascii() for char in word)
    )


def find_fonts(folders: Sequence[Path]) -> dict[str, list[tuple[str, int]]]:
    """The fonts that can draw each class: path and number within the file."""
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in (*LOCALES, *_RANGES)}
    for path in sorted(path for folder in folders for path in folder.rglob("*.[tToO][tT][fFcC]")):
        try:
            if path.suffix.lower() == ".ttc":
                fonts = list(TTCollection(str(path), lazy=True).fonts)[:2]
            else:
                fonts = [TTFont(str(path), lazy=True)]
        except Exception:  # a font that fontTools cannot read is left out
            continue
        for number, font in enumerate(fonts):
            letters = font.getBestCmap() or {}
            for name, letter in _RANGES.items():
                if ord(letter) in letters:
                    found[name].append((str(path), number))
            others = [words_of(locale)[0][0] for locale in LOCALES["other"]]
            if any(ord(letter) in letters for letter in others):
                found["other"].append((str(path), number))
    return found


def choose_names(script: str, chance: random.Random) -> str:
    """One to four names of Unicode's CLDR, or a number."""
    return _choose_text(chance.choice(LOCALES[script]), script, chance)


def draw_line(
    script: str,
    fonts: Sequence[tuple[str, int]],
    chance: random.Random,
    choose_text: Callable[[str, random.Random], str] = choose_names,
) -> Line | None:
    """Draw a line of text; None if the font lacks a letter of it."""
    path, number = chance.choice(fonts)
    text = choose_text(script, chance)
    size = chance.randrange(26, 64)
    try:
        font = ImageFont.truetype(path, size, index=number, layout_engine=ImageFont.Layout.RAQM)
    except OSError:
        return None
    if not _has_letters(path, number, text):
        return None
    stroke = chance.choice([0, 0, 0, 1, 2, 3, 4])
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    width, height = int(right - left), int(bottom - top)
    if not 8 <= height <= 200 or not 8 <= width <= 2400:
        return None
    pad = size
    canvas = _background(width + 2 * pad, height + 2 * pad, chance)
    draw = ImageDraw.Draw(canvas)
    ink, edge = _colours(canvas, chance)
    if script == "nothing":
        _draw_shapes(draw, canvas.size, chance)
        crop = _crop(np.asarray(canvas), (pad, pad, pad + width, pad + height), size, chance)
        return Line(script, "", _degrade(crop, chance))
    at = (pad - left, pad - top)
    if chance.random() < 0.25:
        offset = chance.randrange(1, 5)
        draw.text((at[0] + offset, at[1] + offset), text, edge, font)
    draw.text(at, text, ink, font, stroke_width=stroke, stroke_fill=edge)
    if chance.random() < 0.3:
        canvas = canvas.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.6)))
    crop = _crop(np.asarray(canvas), (pad, pad, pad + width, pad + height), size, chance)
    return Line(script, text, _degrade(crop, chance))


def _draw_shapes(draw: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random) -> None:
    """Curves, dots and bars, as hair, leaves, fences and logos have them."""
    width, height = size
    for _ in range(chance.randrange(1, 14)):
        colour = tuple(chance.randrange(256) for _ in range(3))
        x, y = chance.randrange(width), chance.randrange(height)
        dx, dy = chance.randrange(4, 3 * height), chance.randrange(4, height + 4)
        kind = chance.randrange(4)
        if kind == 0:
            draw.ellipse(
                (x - dx // 2, y - dy // 2, x + dx // 2, y + dy // 2), outline=colour, width=4
            )
        elif kind == 1:
            draw.arc((x - dx, y - dy, x + dx, y + dy), 0, chance.randrange(40, 330), colour, 5)
        elif kind == 2:
            draw.rectangle((x, y, x + dx // 3, y + dy), fill=colour)
        else:
            draw.line([(x, y), (x + dx, y + dy // 2), (x + dx // 2, y + dy)], colour, 6)


def _choose_number(chance: random.Random) -> str:
    number = chance.choice(
        [chance.randrange(100), chance.randrange(3000), 10 ** chance.randrange(7)]
    )
    forms = (
        *(f"${number:,}", f"£{number:,}", f"€{number}", f"{number:,}", f"#{number}", f"{number}%"),
        *(
            f"{number}x",
            f"{number} vs {chance.randrange(100)}",
            f"{number}:{chance.randrange(60):02}",
        ),
        *(f"{number}K", f"{number} km", f"{number}+", f"TOP {number}", f"{number}.{number}", "VS"),
        *(
            chance.choice("ABCDEFGHIJKLMNOPRSTUVWXYZ"),
            chance.choice(["OK", "HD", "4K", "LIVE", "DIY"]),
        ),
    )
    return chance.choice(forms)


def _choose_text(locale: str, script: str, chance: random.Random) -> str:
    if script in ("numbers", "nothing"):
        return _choose_number(chance)
    words = chance.choices(words_of(locale), k=chance.choice([1, 1, 2, 2, 3, 4]))
    if chance.random() < 0.15:
        words.insert(
            chance.randrange(len(words) + 1), str(chance.choice([1, 10, 100, 2024, 5, 24]))
        )
    text = ("" if locale in ("ja", "zh_Hans", "zh_Hant", "th") else " ").join(words)
    if script in ("CJK", "Thai"):
        text = text[: chance.randrange(2, 16)]
    case = chance.random()
    if case < 0.5:
        text = text.upper()
    elif case < 0.6:
        text = text.title()
    if chance.random() < 0.2:
        text += chance.choice(["!", "!!", "?", "...", ":"])
    return text


@functools.cache
def _letters(path: str, number: int) -> frozenset[int]:
    font = TTCollection(path, lazy=True).fonts[number] if path.endswith("c") else TTFont(path)
    return frozenset(font.getBestCmap() or {})


def _has_letters(path: str, number: int, text: str) -> bool:
    return all(ord(letter) in _letters(path, number) for letter in text if letter.isalnum())


def _background(width: int, height: int, chance: random.Random) -> Image.Image:
    kind = chance.random()
    colour = np.array([chance.randrange(256) for _ in range(3)], float)
    if kind < 0.4:
        pixels = np.broadcast_to(colour, (height, width, 3))
    else:
        cells = (chance.randrange(1, 8), chance.randrange(2, 12), 3)
        noise = np.random.default_rng(chance.randrange(2**32)).uniform(0, 255, cells)
        share = chance.uniform(0.1, 0.9)
        pixels = (1 - share) * colour + share * cv2.resize(noise, (width, height))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _colours(
    canvas: Image.Image, chance: random.Random
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """A colour that differs from the background, and one for its edge."""
    mean = np.asarray(canvas).mean(axis=(0, 1))
    popular = [(255, 255, 255), (0, 0, 0), (255, 230, 0), (230, 20, 20), (20, 20, 20), (0, 90, 220)]
    colours = popular + [tuple(chance.randrange(256) for _ in range(3)) for _ in range(6)]  # type: ignore[misc]
    far = [colour for colour in colours if np.abs(mean - colour).max() > 90] or popular[:2]
    ink = chance.choice(far)
    edge = (0, 0, 0) if sum(ink) > 300 else (255, 255, 255)
    return ink, edge


def _crop(
    pixels: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    size: int,
    chance: random.Random,
) -> NDArray[np.uint8]:
    """Crop with margins as a detector leaves them, sometimes slanted."""
    left, top, right, bottom = box
    margins = [chance.uniform(-0.02, 0.28) * (bottom - top) for _ in range(4)]
    corners = np.array(
        [
            [left - margins[0], top - margins[1]],
            [right + margins[2], top - margins[1]],
            [right + margins[2], bottom + margins[3]],
            [left - margins[0], bottom + margins[3]],
        ],
        np.float32,
    )
    corners += np.array(
        [[chance.uniform(-0.04, 0.04) * size for _ in range(2)] for _ in range(4)], np.float32
    )
    width = max(4, int(np.linalg.norm(corners[1] - corners[0])))
    height = max(4, int(np.linalg.norm(corners[3] - corners[0])))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    cropped: NDArray[np.uint8] = cv2.warpPerspective(
        pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    return cropped


def _degrade(crop: NDArray[np.uint8], chance: random.Random) -> NDArray[np.uint8]:
    """Reduce to the size that a line has on a thumbnail, and compress."""
    height = chance.choice([12, 16, 20, 24, 32, 40, 48, 64])
    if crop.shape[0] > height:
        width = max(4, round(crop.shape[1] * height / crop.shape[0]))
        crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    quality = chance.randrange(40, 95)
    _, encoded = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: NDArray[np.uint8] = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]
    return decoded


def draw_lines(
    n_of_each: int,
    folders: Sequence[Path],
    scripts: Iterable[str],
    seed: int,
    choose_text: Callable[[str, random.Random], str] = choose_names,
) -> list[Line]:
    """Draw as many lines of each class.

    Raises:
        ValueError: No font of the folders draws a class.
    """
    chance = random.Random(seed)
    fonts = find_fonts(folders)
    lines = []
    for script in scripts:
        if not fonts[script]:
            raise ValueError(f"{folders}: expected a font for {script}; found none")
        n_drawn = 0
        while n_drawn < n_of_each:
            line = draw_line(script, fonts[script], chance, choose_text)
            if line:
                lines.append(line)
                n_drawn += 1
    return lines
