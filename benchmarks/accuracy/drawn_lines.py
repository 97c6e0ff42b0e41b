"""Draw lines of text in many scripts, with the fonts of this machine or of a folder."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont, features

from benchmarks.accuracy.labels import MissingError, read_rows

LINES: Final = Path(__file__).with_name("drawn_lines.csv")
"""Four lines in each of ten scripts, written for this benchmark."""

_FORMAT: Final = "%{file}\t%{index}\t%{lang}\t%{family}\t%{style}\n"
_CODES: Final = {"zh": "zh-cn"}
"""Languages that fontconfig names otherwise."""
_NEED_SHAPING: Final = frozenset({"Arab", "Hebr", "Deva", "Thai"})
"""Scripts of which Pillow needs the library Raqm to draw more than single letters."""

_SIZE_PX: Final = (480, 270)
_MARGIN_PX: Final = 24
_LARGEST_PX: Final = 48
_COLOURS: Final = (("#101820", "#f5f5f5"), ("#f5f5f5", "#101820"))
"""Background and letters; every second line has the others."""


class Line(NamedTuple):
    """A line of text."""

    script: str
    """A code of ISO 15924."""
    language: str
    text: str


class Font(NamedTuple):
    """A font, or one of a collection."""

    path: Path
    number: int
    """Its position in the collection."""
    languages: frozenset[str]
    """As fontconfig names them."""
    name: str
    """Family and style."""


def read_lines() -> dict[str, list[Line]]:
    """The lines of each script."""
    lines: dict[str, list[Line]] = {}
    for row in read_rows(LINES):
        lines.setdefault(row["script"], []).append(Line(**row))
    return lines


def find_fonts(folder: Path | None) -> list[Font]:
    """All fonts of a folder, or those that fontconfig knows.

    Raises:
        MissingError: There is no fontconfig.
    """
    command = ["fc-scan", str(folder)] if folder else ["fc-list"]
    try:
        listed = subprocess.run(
            [*command, "--format", _FORMAT], capture_output=True, text=True, check=False
        ).stdout
    except OSError as error:
        raise MissingError(f"no {command[0]}: install fontconfig") from error
    return parse_fonts(listed)


def parse_fonts(listed: str) -> list[Font]:
    """Parse what fontconfig lists; named instances of variable fonts are left out."""
    fonts = []
    for line in listed.splitlines():
        path, index, languages, family, style = line.split("\t")
        if int(index) < 1 << 16:
            name = f"{family.split(',')[0]} {style.split(',')[0]}"
            fonts.append(Font(Path(path), int(index), frozenset(languages.split("|")), name))
    return fonts


def choose_font(fonts: Iterable[Font], line: Line) -> Font:
    """The plainest bold font for the language of a line.

    Raises:
        MissingError: There is none, or Pillow cannot draw the script.
    """
    if line.script in _NEED_SHAPING and not features.check("raqm"):
        raise MissingError("Pillow has no Raqm")
    code = _CODES.get(line.language, line.language)
    able = [font for font in fonts if code in font.languages]
    if not able:
        raise MissingError(f"no font for the language {line.language}")
    return min(able, key=_rank)


def _rank(font: Font) -> tuple[bool, bool, int, str]:
    """Sorts sans-serif fonts and bold ones first, and those with short names: no variants."""
    is_sans = "Sans" in font.name or "Gothic" in font.name
    return not is_sans, not font.name.endswith(" Bold"), len(font.name), str(font.path)


def draw_line(line: Line, font: Font, number: int) -> Image.Image:
    """Draw a line in the middle of a picture, as large as it fits."""
    background, colour = _COLOURS[number % len(_COLOURS)]
    picture = Image.new("RGB", _SIZE_PX, background)
    canvas = ImageDraw.Draw(picture)
    widest = _SIZE_PX[0] - 2 * _MARGIN_PX
    large = ImageFont.truetype(font.path, _LARGEST_PX, font.number)
    size = min(_LARGEST_PX, int(_LARGEST_PX * widest / large.getlength(line.text)))
    fitting = ImageFont.truetype(font.path, size, font.number)
    middle = (_SIZE_PX[0] / 2, _SIZE_PX[1] / 2)
    canvas.text(middle, line.text, fill=colour, font=fitting, anchor="mm")
    return picture


def draw_lines(lines: Sequence[Line], font: Font, folder: Path) -> list[Path]:
    """Draw each line into a PNG of a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, line in enumerate(lines):
        path = folder / f"{line.script}{number}.png"
        draw_line(line, font, number).save(path)
        paths.append(path)
    return paths
