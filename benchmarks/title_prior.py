"""Measure how much a video's title and channel improve spelling correction.

    python -m benchmarks.title_prior --videos DATA/videos/USvideos_first3000.csv --pictures 600

Draws words of real titles on pictures of 480×270, small, pale, noisy and blurred as thumbnails
have them, reads them with the real recogniser, and corrects the readings with three contexts:
none, the video's own title and channel, and those of another video (the effect of the prior if the
thumbnail says something else). The drawn words are the ground truth, so repaired and broken words
can be counted. ``--keep FILE`` caches the readings.
"""

import argparse
import csv
import json
import random
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from thumbnail_tasks import settings
from thumbnail_tasks.engines.languages import load_language_teller
from thumbnail_tasks.engines.spelling import load_text_corrector
from thumbnail_tasks.engines.text.rapidocr import load_text_recognizer
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.vocabulary import count_vocabulary, select_vocabulary
from thumbnail_tasks.stages.wanted import MAX_DESCRIPTION

WIDTH_PX, HEIGHT_PX, COLUMNS, ROWS = 480, 270, 2, 4
MIN_LETTERS = 3


class Reading(NamedTuple):
    """A word as drawn and as read."""

    drawn: str
    read: str
    confidence: float
    context: str
    """Title and channel of its video."""
    context_of_another: str
    """Title and channel of the next video."""


def main() -> None:
    """Draw, read, correct, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=Path, required=True, help="a table with real titles")
    parser.add_argument(
        "--pictures", type=int, default=600, help="number of titles to draw, one per picture"
    )
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="JSON file that caches the readings")
    args = parser.parse_args()
    videos = read_videos(args.videos)
    if args.keep and args.keep.exists():
        readings = [Reading(*reading) for reading in json.loads(args.keep.read_text())]
    else:
        readings = list(read_drawn_words(videos[: args.pictures], random.Random(args.seed)))
        if args.keep:
            args.keep.write_text(json.dumps(readings))
    vocabulary = select_vocabulary(
        count_vocabulary({title for title, _, _ in videos}),
        count_vocabulary({description for _, _, description in videos}),
    )
    descriptions = {
        f"{title} {channel}": description[:MAX_DESCRIPTION]
        for title, channel, description in videos
    }
    n_right = sum(reading.read == reading.drawn for reading in readings)
    print(f"{len(readings)} words, {n_right} read correctly")
    print(f"{'context':<24}{'repaired':>10}{'broken':>8}{'other errors':>14}")
    for name, contexts in (
        ("none", [""] * len(readings)),
        ("its title and channel", [reading.context for reading in readings]),
        ("another video's", [reading.context_of_another for reading in readings]),
    ):
        print(f"{name:<24}{count(readings, contexts, vocabulary, descriptions)}")


def read_videos(path: Path) -> list[tuple[str, str, str]]:
    """Read title, channel and description of each distinct video with a title."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["video_id"]: row for row in csv.DictReader(file)}
    return [
        (row["title"], row["channel_title"], row.get("description") or "")
        for row in rows.values()
        if row["title"]
    ]


def read_drawn_words(
    videos: Sequence[tuple[str, str, str]], chance: random.Random
) -> Iterator[Reading]:
    """Draw each title's words and read them; leave out words that share a cell."""
    recognize = load_text_recognizer()
    for i, (title, channel, _) in enumerate(videos):
        plain = unicodedata.normalize("NFC", title)
        words = [word for word in plain.split() if len(word) >= MIN_LETTERS and word.isalpha()]
        words = words[: COLUMNS * ROWS]
        another = videos[(i + 1) % len(videos)]
        found: dict[int, list[tuple[str, float]]] = {}
        if chance.random() < 0.5:
            words = [word.upper() for word in words]
        for word in recognize([draw_words(words, chance)])[0]:
            x_min, y_min, x_max, y_max = word.box_xyxy
            row, column = (y_min + y_max) / 2 * ROWS / HEIGHT_PX, (x_min + x_max) / 2 / WIDTH_PX
            cell = int(row) * COLUMNS + int(column * COLUMNS)
            found.setdefault(cell, []).append((word.text, word.confidence))
        for cell, drawn in enumerate(words):
            if len(found.get(cell, [])) == 1:
                ((read, confidence),) = found[cell]
                yield Reading(
                    drawn, read, confidence, f"{title} {channel}", f"{another[0]} {another[1]}"
                )


def draw_words(words: Sequence[str], chance: random.Random) -> ImageRGB:
    """Draw each word into its own cell of a degraded picture."""
    noise = np.random.default_rng(chance.randrange(2**32))
    background = chance.randrange(40, 216)
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (background,) * 3)
    draw = ImageDraw.Draw(image)
    for cell, word in enumerate(words):
        size = chance.randrange(11, 26)
        while (font := ImageFont.load_default(size)).getlength(word) > WIDTH_PX / COLUMNS - 16:
            size -= 1
        level = min(max(background + chance.choice((-1, 1)) * chance.randrange(25, 90), 0), 255)
        x = WIDTH_PX // COLUMNS * (cell % COLUMNS) + 8
        y = HEIGHT_PX // ROWS * (cell // COLUMNS) + 16
        draw.text((x, y), word, fill=(level,) * 3, font=font)
        length = font.getlength(word)
        for _ in range(chance.randrange(3)):  # imitates hair, folds and logos over letters
            middle_x, middle_y = x + chance.uniform(0, length), y + chance.uniform(0.2, 1) * size
            across, down = chance.uniform(1, size / 3), chance.uniform(1, size / 3)
            spot = middle_x - across, middle_y - down, middle_x + across, middle_y + down
            draw.ellipse(spot, fill=(chance.choice((background, level)),) * 3)
    blurred = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1.3)))
    pixels = np.asarray(blurred) + noise.normal(0, chance.uniform(2, 12), (HEIGHT_PX, WIDTH_PX, 3))
    degraded: ImageRGB = np.clip(pixels, 0, 255).astype(np.uint8)
    return degraded


def count(
    readings: Sequence[Reading],
    contexts: Sequence[str],
    vocabulary: dict[str, int],
    descriptions: dict[str, str],
) -> str:
    """Correct with the contexts; return the cells repaired, broken, and other errors."""
    thresholds = settings.text()
    kept = [
        (reading, context)
        for reading, context in zip(readings, contexts, strict=True)
        if reading.confidence >= thresholds.min_confidence
    ]
    # The words of a picture tell its language together.
    texts: dict[str, list[str]] = {}
    for reading, _ in kept:
        texts.setdefault(reading.context, []).append(reading.read)
    languages = load_language_teller()(
        [" ".join(texts[reading.context]) for reading, _ in kept],
        [f"{context}\n{descriptions.get(context, '')}" for _, context in kept],
    )
    corrected = load_text_corrector(vocabulary)(
        [reading.read for reading, _ in kept],
        [reading.confidence >= thresholds.sure_confidence for reading, _ in kept],
        [context for _, context in kept],
        languages,
    )
    repaired = broken = changed = 0
    for (reading, _), meant in zip(kept, corrected, strict=True):
        if meant != reading.read:
            repaired += meant == reading.drawn
            broken += reading.read == reading.drawn
            changed += reading.drawn not in (meant, reading.read)
    return f"{repaired:>10}{broken:>8}{changed:>14}"


if __name__ == "__main__":
    main()
