"""Lines of words as masks, with the box of each letter."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# fmt: off
FONTS = (
    "BebasNeue-Bold.otf", "BebasNeue-Regular.otf", "CabinSketch-Bold.ttf", "ComicNeue-Bold.otf",
    "ComicNeue-Regular.otf", "Courier?Prime?Bold.otf", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf",
    "DejaVuSansCondensed-Bold.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSerif-Bold.ttf",
    "DejaVuSerif.ttf", "Lato-Black.ttf", "Lato-BoldItalic.ttf", "Lato-Medium.ttf",
    "LeagueSpartan-Black.otf", "LiberationSans-Bold.ttf", "LiberationSansNarrow-Bold.ttf",
    "LiberationSerif-Bold.ttf", "LobsterTwo-Bold.otf", "OpenSans-Bold.ttf",
    "OpenSans-ExtraBold.ttf", "Play-Bold.ttf", "RobotoSlab-Bold.otf", "RobotoSlab-Regular.otf",
    "YanoneKaffeesatz-Bold.otf",
)
# fmt: on
"""File names; those that are not installed are skipped. `?` matches a space."""

Cell = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max of one letter."""


class Line(NamedTuple):
    """Some words of one font and size, without colour."""

    fill: NDArray[np.uint8]
    """(H, W) coverage of each pixel by a letter."""
    outline: NDArray[np.uint8]
    """(H, W) coverage by a letter or its outline."""
    words: list[list[Cell]]
    """The letters of each word, in pixels of ``fill``."""


def find_fonts(folder: Path) -> list[Path]:
    """The installed fonts of ``FONTS``, in that order.

    Raises:
        FileNotFoundError: None is installed.
    """
    found = [path for name in FONTS for path in sorted(folder.rglob(name))[:1]]
    if not found:
        raise FileNotFoundError(f"{folder}: no font; expected one of {', '.join(FONTS)}")
    return found


def draw_line(words: Sequence[str], font_path: Path, size_px: int, stroke_px: int) -> Line:
    """Draw words beside each other, with an outline of ``stroke_px`` around the letters."""
    font = ImageFont.truetype(font_path, size_px, layout_engine=ImageFont.Layout.BASIC)
    text = " ".join(words)
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke_px)
    x, y = 2 + stroke_px - min(left, 0), 2 - top
    size = (round(x + right + stroke_px) + 2, round(y + bottom) + 2)

    def cover(stroke: int) -> NDArray[np.uint8]:
        layer = Image.new("L", size)
        ImageDraw.Draw(layer).text((x, y), text, 255, font, stroke_width=stroke)
        return np.asarray(layer)

    fill = cover(0)
    lines: list[list[Cell]] = [[]]
    for i, letter in enumerate(text):
        if letter == " ":
            lines.append([])
            continue
        start, end = font.getlength(text[:i]), font.getlength(text[: i + 1])
        _, high, _, low = font.getbbox(letter)
        lines[-1].append((x + start, y + high, x + max(end, start + 2), y + max(low, high + 2)))
    return Line(fill, cover(stroke_px) if stroke_px else fill, lines)
