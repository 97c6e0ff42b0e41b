"""A page to look at what was hit, missed and made up; for one's own eyes, not for publishing."""

import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from PIL import Image

from benchmarks.accuracy.boxes import Box

PICTURES = "pictures"
"""Folder beside the page into which the pictures are copied."""

_STROKES = {
    "hit": 'stroke="#0a0"',
    "missed": 'stroke="#d00"',
    "false": 'stroke="#f80"',
    "optional": 'stroke="#888"',
    "dropped": 'stroke="#888" stroke-dasharray="4"',
}
"""Verdict to how its box is drawn."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Accuracy: what was hit and missed</title>
<style>
body {{ font: 14px sans-serif; margin: 1em; background: #fafafa; }}
main {{ display: flex; flex-wrap: wrap; gap: 1em; }}
h2 {{ width: 100%; margin-bottom: 0; }}
article {{ background: white; border: 1px solid #ccc; padding: .5em; width: 480px; }}
article svg {{ width: 100%; height: auto; display: block; }}
article.small {{ width: 96px; font-size: 11px; }}
p {{ margin: .3em 0; overflow-wrap: anywhere; }}
.said.hit {{ color: #070; }} .said.missed {{ color: #d00; }} .said.false {{ color: #c60; }}
.said.optional {{ color: #777; }}
#only:checked ~ main article.clean {{ display: none; }}
</style></head><body>
<h1>What was hit and missed</h1>
<p><span class="said hit">hit</span>, <span class="said missed">missed</span>,
<span class="said false">false</span>,
<span class="said optional">optional, counts neither way</span>;
dashed: not sure enough to be said, or a face that is not clear. Boxes are of words as read,
the line below them has the words after correction. Worst first.</p>
<input type="checkbox" id="only"><label for="only"> only what has a miss or a false find</label>
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
    told: str = ""
    """What to say when the mouse is on it."""


class Said(NamedTuple):
    """A piece of text under a picture."""

    verdict: str
    text: str


class Card(NamedTuple):
    """A picture with what was found on it."""

    title: str
    picture: Path
    overlays: Sequence[Overlay]
    lines: Mapping[str, Sequence[Said]]
    """Caption to what follows it; a line without text is left out."""
    n_missed: int
    n_false: int
    is_small: bool = False


def write_gallery(sections: Mapping[str, Sequence[Card]], folder: Path) -> Path:
    """Write ``gallery.html`` and copy its pictures beside it; returns the page's path.

    Args:
        sections: Heading to cards; they are sorted so that the worst come first.
        folder: Where to write.
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
    """A heading and its cards, those with most misses first, then those with most false finds."""
    worst_first = sorted(cards, key=lambda card: (-card.n_missed, -card.n_false, card.title))
    return "\n".join([f"<h2>{escape(heading)}</h2>", *map(format_card, worst_first)])


def format_card(card: Card) -> str:
    """One picture as HTML; whatever was read or labelled is escaped."""
    with Image.open(card.picture) as picture:
        width, height = picture.size
    source = f"{PICTURES}/{quote(card.picture.name)}"
    kind = "clean" if not card.n_missed and not card.n_false else "wrong"
    lines = [
        f'<article class="{kind}{" small" if card.is_small else ""}">',
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(card.title)}">',
        f'<image href="{escape(source)}" width="{width}" height="{height}"/>',
    ]
    for (x_min, y_min, x_max, y_max), verdict, told in card.overlays:
        lines.append(
            f'<rect x="{x_min:.1f}" y="{y_min:.1f}" width="{x_max - x_min:.1f}" '
            f'height="{y_max - y_min:.1f}" fill="none" {_STROKES[verdict]} stroke-width="2" '
            'vector-effect="non-scaling-stroke" pointer-events="all">'
            f"<title>{escape(f'{verdict}: {told}' if told else verdict)}</title></rect>"
        )
    lines += ["</svg>", f"<p><b>{escape(card.title)}</b></p>"]
    for caption, pieces in card.lines.items():
        spans = [
            f'<span class="said {escape(piece.verdict)}">{escape(piece.text)}</span>'
            for piece in pieces
            if piece.text
        ]
        if spans:
            lines.append(f"<p>{escape(caption)}: {' '.join(spans)}</p>")
    return "\n".join([*lines, "</article>"])
