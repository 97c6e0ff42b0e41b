"""Fonts for drawn lines, and what is drawn."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from benchmarks.accuracy.drawn_lines import (
    Font,
    Line,
    choose_font,
    draw_line,
    find_fonts,
    parse_fonts,
    read_lines,
)
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.scripts import SCRIPTS
from thumbnail_tasks.engines.text.scripts import OTHER, script_of
from thumbnail_tasks.engines.text.scripts import SCRIPTS as OUR_SCRIPTS

LISTED = """\
/fonts/Serif.ttf\t0\ten|ru|ko\tA Serif\tBold
/fonts/Fancy.ttf\t0\ten|ko\tA Fancy Sans,Un Sans\tBold
/fonts/Sans.ttc\t1\ten|ko|zh-cn\tA Sans\tBold
/fonts/Sans.ttc\t65537\ten|ko|zh-cn\tA Sans\tBold
/fonts/Thin.ttc\t0\ten|ko|zh-cn\tA Sans\tThin,Mince
"""


def test_there_are_four_lines_in_each_script() -> None:
    lines = read_lines()
    assert {SCRIPTS[script] for script in lines} == set(OUR_SCRIPTS) - {OTHER}
    for script, own in lines.items():
        assert len(own) == 4
        assert {script_of([line.text]) for line in own} == {SCRIPTS[script]}


@pytest.mark.parametrize(
    ("script", "language", "chosen"),
    [
        ("Hang", "ko", "/fonts/Sans.ttc"),
        ("Hans", "zh", "/fonts/Sans.ttc"),
        ("Cyrl", "ru", "/fonts/Serif.ttf"),
    ],
)
def test_the_plainest_bold_font_that_has_the_language_is_chosen(
    script: str, language: str, chosen: str
) -> None:
    fonts = parse_fonts(LISTED)
    assert [font.number for font in fonts] == [0, 0, 1, 0]
    font = choose_font(fonts, Line(script, language, ""))
    assert str(font.path) == chosen
    assert font.name.endswith(" Bold")


def test_a_script_without_a_font_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = parse_fonts(LISTED)
    with pytest.raises(MissingError, match="no font for the language el"):
        choose_font(fonts, Line("Grek", "el", ""))
    monkeypatch.setattr("PIL.features.check", lambda name: False)
    with pytest.raises(MissingError, match="no Raqm"):
        choose_font(fonts, Line("Arab", "ar", ""))


def test_without_fontconfig_there_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="no fc-scan: install fontconfig"):
        find_fonts(tmp_path)


def test_a_long_line_fits_into_the_picture(tmp_path: Path) -> None:
    pillows_own = ImageFont.load_default(size=20)
    assert isinstance(pillows_own, ImageFont.FreeTypeFont)
    assert isinstance(pillows_own.path, BytesIO)
    path = tmp_path / "font.ttf"
    path.write_bytes(pillows_own.path.getvalue())
    font = Font(path, 0, frozenset(), "")
    for number, text in enumerate(("short", "a line that is as long as two lines " * 2)):
        picture = np.asarray(draw_line(Line("Latn", "en", text), font, number).convert("L"))
        is_drawn = np.abs(picture - picture[0, 0].astype(int)) > 60
        columns = np.flatnonzero(is_drawn.any(axis=0))
        assert 20 < columns[0] < columns[-1] < 460
