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
from pathlib import Path

import pyarrow.parquet as pq

Box = tuple[float, float, float, float]

MIN_IOU = 0.3
NOT_BOXED = frozenset(
    ("prd2RfhF1tM", "Sep0Otx4qO4", "gW1CShFy0NI", "SiZ4VkqhGT8", "h-StyszRCzc", "hC4eog5cY9Q")
)
"""Labelled pictures with faces that have no boxes."""


def split_words(text: str) -> Counter[str]:
    """Words as they are compared: NFKD, ASCII, lower case, split at all but a-z and 0-9."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return Counter("".join(char if char.isalnum() else " " for char in plain).split())


def score_words(read: dict[str, str], labels: list[dict[str, str]]) -> str:
    """Recall and precision over multisets of words; optional words count neither way."""
    hits = wanted = reported = invented = wordless = 0
    for label in labels:
        said = split_words(read[label["video_id"]])
        must, may = split_words(label["words"]), split_words(label["optional_words"])
        hits += (said & must).total()
        wanted += must.total()
        extra = (said - must - may).total()
        reported += (said & must).total() + extra
        wordless += not must
        invented += not must and extra > 0
    return (
        f"recall {hits / wanted:.3f}, precision {hits / max(reported, 1):.3f} ({wanted} words), "
        f"text invented on {invented} of {wordless} pictures without words"
    )


def score_faces(found: dict[str, list[Box]], boxes: dict[str, list[tuple[Box, bool]]]) -> str:
    """Clear faces found, and boxes where no face is, at an intersection over union of 0.3."""
    hits = clear = false = 0
    for video_id, labelled in boxes.items():
        faces = found.get(video_id, [])
        for box, is_clear in labelled:
            clear += is_clear
            hits += is_clear and any(overlap(box, face) >= MIN_IOU for face in faces)
        false += sum(all(overlap(box, face) < MIN_IOU for box, _ in labelled) for face in faces)
    return f"{hits} of {clear} clear faces, {false} false boxes on {len(boxes)} pictures"


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


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=Path, required=True, help="folder of labels.csv")
    parser.add_argument("--results", type=Path, required=True, help="the run's data directory")
    chosen = parser.parse_args()

    labels = read_csv(chosen.labels / "labels.csv")
    rows = pq.read_table(chosen.results / "exports" / "attributes.parquet").to_pylist()
    for column in ("thumbnail_ocr_raw", "thumbnail_ocr"):
        read = {row["video_id"]: row[column] or "" for row in rows}
        print(f"{column:<18} {score_words(read, labels)}")

    sizes = {
        row["video_id"]: (row["thumbnail_width_px"], row["thumbnail_height_px"]) for row in rows
    }
    boxes: dict[str, list[tuple[Box, bool]]] = {
        label["video_id"]: [] for label in labels if label["video_id"] not in NOT_BOXED
    }
    for row in read_csv(chosen.labels / "face_boxes.csv"):
        if row["video_id"] in boxes:
            width, height = sizes[row["video_id"]]
            bar = (height - width * 9 / 16) / 2
            x1, y1, x2, y2 = (int(row[edge]) * width / 1280 for edge in ("x1", "y1", "x2", "y2"))
            boxes[row["video_id"]].append(((x1, y1 + bar, x2, y2 + bar), row["clear"] == "1"))
    found = defaultdict(list)
    for file in sorted((chosen.results / "faces").glob("*/*.parquet")):
        for face in pq.read_table(file).to_pylist():
            corners = (face["x_min"], face["y_min"], face["x_max"], face["y_max"])
            found[face["thumbnail_id"]].append(corners)
    print(f"{'faces':<18} {score_faces(found, boxes)}")


if __name__ == "__main__":
    main()
