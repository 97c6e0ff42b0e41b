"""A page that shows hits, misses and false finds; not for publishing."""

import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from PIL import Image

from benchmarks.accuracy.boxes import Box

PICTURES = "pictures"
"""Folder beside the page with copies of the pictures."""

_STROKES = {
    "hit": 'stroke="#0a0"',
    "missed": 'stroke="#d00"',
    "false": 'stroke="#f80"',
    "optional": 'stroke="#888"',
    "dropped": 'stroke="#888" stroke-dasharray="4"',
}
"""Verdict to the stroke of its box."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Accuracy: hits and misses</title>
<style>
body {{ font: 14px sans-serif; margin: 1em; background: #fafafa; }}
main {{ display: flex; flex-wrap: wrap; gap: 1em; }}
h2 {{ width: 100%; margin-bottom: 0; }}
article {{ background: white; border: 1px solid #ccc; padding: .5em; width: 480px; }}
article svg {{ width: 100%; height: auto; display: block; }}
article.small {{ width: 96px; font-size: 11px; }}
p {{ margin: .3em 0; overflow-wrap: anywhere; }}
.verdict.hit {{ color: #070; }} .verdict.missed {{ color: #d00; }} .verdict.false {{ color: #c60; }}
.verdict.optional {{ color: #777; }}
#only:checked ~ main article.clean {{ display: none; }}
</style></head><body>
<h1>Hits and misses</h1>
<p><span class="verdict hit">hit</span>, <span class="verdict missed">missed</span>,
<span class="verdict false">false</span>,
<span class="verdict optional">optional, not counted</span>;
dashed: confidence too low, or a face that is not clear. Boxes are those of words before
correction; the lines below have the words after correction. Worst first.</p>
<input type="checkbox" id="only"><label for="only"> only pictures with misses or false finds</label>
<main>
{sections}
</main></body></html>
"""


class Overlay(NamedTuple):
    """A box on a picture."""

    box_xyxy: Box
    """In pixels of the file."""
    verdict: str
    """``hit``, ``missed``, ``false``, ``optional`` or ``dropped``."""
    tooltip: str = ""


class Snippet(NamedTuple):
    """A piece of text below a picture."""

    verdict: str
    text: str


class Card(NamedTuple):
    """A picture and the results for it."""

    title: str
    picture: Path
    overlays: Sequence[Overlay]
    lines: Mapping[str, Sequence[Snippet]]
    """Caption to the text after it; lines without text are left out."""
    n_missed: int
    n_false: int
    is_small: bool = False


def write_gallery(sections: Mapping[str, Sequence[Card]], folder: Path) -> Path:
    """Write ``gallery.html`` and copy its pictures beside it; returns the page's path.

    Args:
        sections: Heading to cards, which are sorted with the worst first.
        folder: An existing folder.
    """
    pictures = folder / PICTURES
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    for cards in sections.values():
        for card in cards:
            shutil.copyfile(card.picture, pictures / card.picture.name)
    page = folder / "gallery.html"
    parts = [format_section(heading, cards) for heading, cards in sections.items()]
    page.write_text(_PAGE.format(sections="\n".join(parts)), encoding="utf-8")
    return page


def format_section(heading: str, cards: Sequence[Card]) -> str:
    """Format a heading and its cards, sorted by misses, then by false finds."""
    worst_first = sorted(cards, key=lambda card: (-card.n_missed, -card.n_false, card.title))
    return "\n".join([f"<h2>{escape(heading)}</h2>", *map(format_card, worst_first)])


def format_card(card: Card) -> str:
    """Format one picture as HTML; all text is escaped."""
    with Image.open(card.picture) as picture:
        width, height = picture.size
    source = f"{PICTURES}/{quote(card.picture.name)}"
    kind = "clean" if not card.n_missed and not card.n_false else "wrong"
    lines = [
        f'<article class="{kind}{" small" if card.is_small else ""}">',
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(card.title)}">',
        f'<image href="{escape(source)}" width="{width}" height="{height}"/>',
    ]
    for (x_min, y_min, x_max, y_max), verdict, tooltip in card.overlays:
        lines.append(
            f'<rect x="{x_min:.1f}" y="{y_min:.1f}" width="{x_max - x_min:.1f}" '
            f'height="{y_max - y_min:.1f}" fill="none" {_STROKES[verdict]} stroke-width="2" '
            'vector-effect="non-scaling-stroke" pointer-events="all">'
            f"<title>{escape(f'{verdict}: {tooltip}' if tooltip else verdict)}</title></rect>"
        )
    lines += ["</svg>", f"<p><b>{escape(card.title)}</b></p>"]
    for caption, pieces in card.lines.items():
        spans = [
            f'<span class="verdict {escape(piece.verdict)}">{escape(piece.text)}</span>'
            for piece in pieces
            if piece.text
        ]
        if spans:
            lines.append(f"<p>{escape(caption)}: {' '.join(spans)}</p>")
    return "\n".join([*lines, "</article>"])
