"""Drawn lines in ten scripts: a smoke test, not a measure of accuracy on real thumbnails."""

from typing import Final

from benchmarks.accuracy.drawn_lines import choose_font, draw_lines, find_fonts, read_lines
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.readers import run_readers, score_readers
from benchmarks.accuracy.scripts import SCRIPTS, Label
from benchmarks.accuracy.table import skipped

PART: Final = "drawn lines (smoke test, not accuracy)"


def measure_drawn_lines(setting: Setting) -> Measured:
    """Draw four lines in each script, one on each picture, and score the words and the script.

    Raises:
        MissingError: There is no fontconfig, or no font for any of the scripts.
    """
    fonts = find_fonts(setting.fonts)
    groups: dict[str, list[Label]] = {}
    rows = []
    for script, lines in read_lines().items():
        try:
            font = choose_font(fonts, lines[0])
        except MissingError as reason:
            rows.append(skipped(PART, SCRIPTS[script], "all", reason))
            continue
        pictures = draw_lines(lines, font, setting.out / "drawn_lines")
        groups[f"{SCRIPTS[script]} ({font.name})"] = [
            Label(picture, script, line.language, line.text)
            for picture, line in zip(pictures, lines, strict=True)
        ]
    labels = [label for members in groups.values() for label in members]
    if not labels:
        raise MissingError("no font for any of the scripts; choose a folder with --fonts")
    readers, missing = run_readers(PART, labels, setting.cache)
    return Measured(rows + missing + score_readers(PART, labels, readers, groups, {}))
