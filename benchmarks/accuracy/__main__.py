"""Measure the accuracy of the engines, compared with peers, and write one table.

The layout of DIR is below; missing parts are skipped, and the table lists them.
Engines and settings are those of luigi.cfg; LUIGI_CONFIG_PATH selects another file.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy.gallery import Card, write_gallery
from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.changes import measure_changes
from benchmarks.accuracy.parts.drawn_lines import measure_drawn_lines
from benchmarks.accuracy.parts.emotions import measure_emotions
from benchmarks.accuracy.parts.faces import measure_faces
from benchmarks.accuracy.parts.languages import measure_languages
from benchmarks.accuracy.parts.objects import measure_objects
from benchmarks.accuracy.parts.right_words import measure_right_words
from benchmarks.accuracy.parts.sample import measure_sample
from benchmarks.accuracy.parts.scripts import measure_scripts
from benchmarks.accuracy.parts.text import measure_text
from benchmarks.accuracy.parts.vectors import measure_vectors
from benchmarks.accuracy.table import Row, skipped, write_table
from benchmarks.progress import say

_LAYOUT = """
DIR/thumbnails/labels.csv           video_id, words, optional_words, faces_clear, faces_all,
                                    drawn_faces
DIR/thumbnails/face_boxes.csv       video_id, x1, y1, x2, y2 in pixels of 1280x720, clear (1 or 0)
DIR/thumbnails/videos.csv           table of videos; its titles are the corrector's vocabulary
DIR/thumbnails/hqdefault/ID.jpg     the pictures; maxresdefault/ID.jpg: originals for the peer
DIR/faces/wider/boxes.csv           file, x, y, w, h in pixels; the pictures are beside it
DIR/emotion/*.npz                   publictest_images, publictest_labels, classes; privatetest_* too
DIR/models/*.hdf5                   the published emotion networks
DIR/languages/labels.csv            video_id, language (ISO 639-1), script (ISO 15924), words,
                                    optional_words, faces_clear, faces_all; the pictures are in
                                    hqdefault/ID.jpg beside it
DIR/videos/*.csv                    tables with a column 'title'; 'category_id' for languages

Lines in ten scripts are drawn with the fonts that fontconfig finds, or those of --fonts. Tesseract
needs the wheel tesserocr (see `make accuracy`) and models: Debian's tesseract-ocr-*, or the folder
TESSDATA_PREFIX.

It writes accuracy.md, accuracy.json, gallery.html and reliability_*.svg, and caches results of slow
peers in cache/. Missed targets are reported; the exit code is 0 unless there is an error.
"""

PARTS: dict[str, Callable[[Setting], Measured]] = {
    "text": measure_text,
    "faces": measure_faces,
    "emotions": measure_emotions,
    "objects": measure_objects,
    "vectors": measure_vectors,
    "languages": measure_languages,
    "right words": measure_right_words,
    "scripts": measure_scripts,
    "drawn lines": measure_drawn_lines,
    "changes": measure_changes,
    "sample": measure_sample,
}


def main() -> None:
    """Parse the flags, measure, and print the paths of the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        epilog=_LAYOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: ../shared/data")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/accuracy")
    parser.add_argument(
        "--fonts", type=Path, metavar="DIR", help="default: the fonts that fontconfig finds"
    )
    names = ",".join(PARTS)
    parser.add_argument(
        "--only",
        default=names,
        metavar="PARTS",
        help=f"measure only some of {names}",
    )
    args = parser.parse_args()
    wanted = [name for name in args.only.split(",") if name]
    if not wanted or set(wanted) - set(PARTS):
        parser.error(f"--only: expected some of {names}; found: {args.only!r}")
    for flag, folder in (("--data", args.data), ("--fonts", args.fonts)):
        if folder and not folder.is_dir():
            parser.error(f"{flag}: expected a folder; found none at {folder}")
    data = (args.data or ROOT.parent / "shared" / "data").resolve()
    out = args.out or ROOT / "build" / "accuracy"
    measure(wanted, Setting(data, out.resolve(), args.fonts))


def measure(wanted: list[str], setting: Setting) -> list[Row]:
    """Measure some parts and write the table and the gallery.

    Args:
        wanted: Keys of ``PARTS``.
        setting: The labelled data, which may not exist, and the folder of the results.
    """
    setting.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    cards: dict[str, list[Card]] = {}
    for name in wanted:
        try:
            measured = PARTS[name](setting)
        except MissingError as reason:
            measured = Measured([skipped(name, "all", "all", reason)])
        for row in measured.rows:
            if row.note.startswith("skipped"):
                say(f"{row.part}, {row.measured}, {row.engine}: {row.note}")
        rows += measured.rows
        cards |= {heading: list(own) for heading, own in measured.cards.items()}
        paths = write_table(rows, setting.data, setting.out)
    paths.append(write_gallery(cards, setting.out))
    n_met, n_missed = (sum(row.is_met is met for row in rows) for met in (True, False))
    print(f"{len(rows)} rows; {n_met} targets met, {n_missed} missed", *paths, sep="\n")
    return rows


if __name__ == "__main__":
    main()
