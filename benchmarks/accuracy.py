r"""Words and faces of an export beside hand-made labels.

First run the main job on the labelled pictures, then this::

    luigi --module thumbnail_tasks ExportAttributes --storage-data-dir results \\
        --videos DATA/thumbnails/videos.csv --images-dir DATA/thumbnails/hqdefault
    python benchmarks/accuracy.py --labels DATA/thumbnails --results results

``labels.csv``: video_id, words, optional_words, … ; ``face_boxes.csv``: video_id, x1, y1, x2, y2
in pixels of 1280×720, clear (1 for a face that any detector should find).
"""

import argparse
import csv
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

Box = tuple[float, float, float, float]

MIN_IOU = 0.3
NOT_BOXED = frozenset(
    ("prd2RfhF1tM", "Sep0Otx4qO4", "gW1CShFy0NI", "SiZ4VkqhGT8", "h-StyszRCzc", "hC4eog5cY9Q")
)
"""Labelled pictures with faces that have no boxes."""


class WordScore(NamedTuple):
    """Over all pictures; recall and precision 0 to 1."""

    recall: float
    precision: float
    n_words: int
    n_invented: int
    """Pictures without words on which some were reported."""
    n_wordless: int


class FaceScore(NamedTuple):
    """Over all pictures with boxes."""

    n_found: int
    n_clear: int
    n_false: int
    n_pictures: int


def split_words(text: str) -> Counter[str]:
    """Words as they are compared: NFKD, ASCII, lower case, split at all but a-z and 0-9."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return Counter("".join(char if char.isalnum() else " " for char in plain).split())


def score_words(labels: list[dict[str, str]], read: Mapping[str, str]) -> WordScore:
    """Compare multisets of words; optional words count neither way.

    Args:
        labels: Rows of ``labels.csv``.
        read: Video id to the text that was read.
    """
    hits = wanted = reported = invented = wordless = 0
    for label in labels:
        said = split_words(read[label["video_id"]])
        must, may = split_words(label["words"]), split_words(label["optional_words"])
        extra = (said - must - may).total()
        hits += (said & must).total()
        wanted += must.total()
        reported += (said & must).total() + extra
        wordless += not must
        invented += not must and extra > 0
    return WordScore(hits / wanted, hits / max(reported, 1), wanted, invented, wordless)


def score_faces(
    labelled: Mapping[str, list[tuple[Box, bool]]], found: Mapping[str, list[Box]]
) -> FaceScore:
    """Count clear faces found, and boxes where no face is.

    Args:
        labelled: Video id to boxes, each with whether its face is clear.
        found: Video id to the boxes that were found.
    """
    hits = clear = false = 0
    for video_id, boxes in labelled.items():
        faces = found.get(video_id, [])
        for box, is_clear in boxes:
            clear += is_clear
            hits += is_clear and any(overlap(box, face) >= MIN_IOU for face in faces)
        false += sum(all(overlap(box, face) < MIN_IOU for box, _ in boxes) for face in faces)
    return FaceScore(hits, clear, false, len(labelled))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes x_min, y_min, x_max, y_max."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (area - both)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def score_export(labels_dir: Path, data_dir: Path) -> tuple[WordScore, WordScore, FaceScore]:
    """Score the words as read, the words as corrected, and the faces of an export."""
    labels = read_csv(labels_dir / "labels.csv")
    rows = pq.read_table(data_dir / "exports" / "attributes.parquet").to_pylist()
    as_read, corrected = (
        score_words(labels, {row["video_id"]: row[column] or "" for row in rows})
        for column in ("thumbnail_ocr_raw", "thumbnail_ocr")
    )
    sizes = {
        row["video_id"]: (row["thumbnail_width_px"], row["thumbnail_height_px"]) for row in rows
    }
    labelled: dict[str, list[tuple[Box, bool]]] = {
        label["video_id"]: [] for label in labels if label["video_id"] not in NOT_BOXED
    }
    for row in read_csv(labels_dir / "face_boxes.csv"):
        if row["video_id"] in labelled:
            width, height = sizes[row["video_id"]]
            bar = (height - width * 9 / 16) / 2
            x1, y1, x2, y2 = (int(row[edge]) * width / 1280 for edge in ("x1", "y1", "x2", "y2"))
            labelled[row["video_id"]].append(((x1, y1 + bar, x2, y2 + bar), row["clear"] == "1"))
    found = defaultdict(list)
    for file in sorted((data_dir / "faces").glob("*/*.parquet")):
        for face in pq.read_table(file).to_pylist():
            box = (face["x_min"], face["y_min"], face["x_max"], face["y_max"])
            found[face["thumbnail_id"]].append(box)
    return as_read, corrected, score_faces(labelled, found)


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--labels", type=Path, required=True, help="folder of labels.csv")
    parser.add_argument("--results", type=Path, required=True, help="the run's data directory")
    chosen = parser.parse_args()
    as_read, corrected, faces = score_export(chosen.labels, chosen.results)
    for what, words in (("words as read", as_read), ("corrected", corrected)):
        print(
            f"{what:<14} recall {words.recall:.3f}, precision {words.precision:.3f} "
            f"({words.n_words} words); invented on {words.n_invented} of {words.n_wordless} "
            "pictures without words"
        )
    print(
        f"{'faces':<14} {faces.n_found} of {faces.n_clear} clear ones, {faces.n_false} false boxes "
        f"on {faces.n_pictures} pictures"
    )


if __name__ == "__main__":
    main()
