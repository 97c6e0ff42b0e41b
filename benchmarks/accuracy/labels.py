"""Read a folder of labelled data; any part of it may be missing."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.boxes import Box, LabelledFace

QUALITY = "hqdefault"
"""The thumbnails that the main job fetches by default."""
LARGEST = "maxresdefault"


class MissingError(Exception):
    """A part of the data is missing; the message names it."""


class Thumbnail(NamedTuple):
    """A labelled thumbnail."""

    video_id: str
    picture: Path
    """As stored: 480×360 with black bars."""
    words: str
    """Words that a recogniser should report."""
    optional_words: str
    """Words that are not counted either way."""
    faces: tuple[LabelledFace, ...] | None
    """In pixels of 1280×720; None if there are more faces than boxes."""
    n_clear: int
    n_all: int
    n_drawn: int
    """Faces of cartoons and similar, which are not counted."""


class CrowdPicture(NamedTuple):
    """A picture with all its faces, in pixels."""

    picture: Path
    boxes_xyxy: tuple[Box, ...]


class EmotionFaces(NamedTuple):
    """Labelled faces of one split of FER2013."""

    images: NDArray[np.uint8]
    """(N, 48, 48) grey."""
    labels: NDArray[np.integer]
    """(N,) indices into ``classes``."""
    classes: tuple[str, ...]


def read_thumbnails(data: Path) -> tuple[list[Thumbnail], list[str]]:
    """Read the labelled thumbnails; also return the ids of those without a picture.

    Raises:
        MissingError: There are no labels, or no pictures.
    """
    labels = read_rows(data / "thumbnails" / "labels.csv")
    boxes: dict[str, list[LabelledFace]] = defaultdict(list)
    boxes_file = data / "thumbnails" / "face_boxes.csv"
    for row in read_rows(boxes_file) if boxes_file.exists() else []:
        x_min, y_min, x_max, y_max = (float(row[edge]) for edge in ("x1", "y1", "x2", "y2"))
        is_clear = row["clear"] == "1"
        boxes[row["video_id"]].append(LabelledFace((x_min, y_min, x_max, y_max), is_clear))
    found, without = [], []
    for row in labels:
        picture = find_picture(data, QUALITY, row["video_id"])
        if picture is None:
            without.append(row["video_id"])
            continue
        faces = tuple(boxes[row["video_id"]])
        n_clear, n_all, n_drawn = (
            int(row.get(name) or 0) for name in ("faces_clear", "faces_all", "drawn_faces")
        )
        found.append(
            Thumbnail(
                *(row["video_id"], picture, row.get("words") or ""),
                row.get("optional_words") or "",
                faces if len(faces) >= n_all else None,
                *(n_clear, n_all, n_drawn),
            )
        )
    if not found:
        raise MissingError(f"no picture of {len(labels)} labels in {data / 'thumbnails' / QUALITY}")
    return found, without


def find_picture(data: Path, quality: str, video_id: str) -> Path | None:
    """The file of a thumbnail; None if there is none."""
    files = (
        data / "thumbnails" / quality / f"{video_id}{end}" for end in (".jpg", ".png", ".webp")
    )
    return next((file for file in files if file.exists()), None)


def read_crowds(data: Path) -> tuple[list[CrowdPicture], list[str]]:
    """Read WIDER FACE's labels; return those with a picture, and the names of missing pictures.

    Raises:
        MissingError: All are missing.
    """
    boxes: dict[str, list[Box]] = defaultdict(list)
    for row in read_rows(data / "faces" / "wider" / "boxes.csv"):
        x, y, width, height = (float(row[name]) for name in ("x", "y", "w", "h"))
        boxes[row["file"]].append((x, y, x + width, y + height))
    folder = data / "faces" / "wider"
    found = [CrowdPicture(folder / name, tuple(own)) for name, own in boxes.items()]
    existing = [crowd for crowd in found if crowd.picture.exists()]
    if not existing:
        raise MissingError(f"no picture of {folder / 'boxes.csv'}")
    return existing, [crowd.picture.name for crowd in found if crowd not in existing]


def read_emotions(data: Path) -> dict[str, EmotionFaces]:
    """Read FER2013's test splits, by name; the Training split is ignored.

    Raises:
        MissingError: No file with ``publictest_images`` or ``privatetest_images``.
    """
    names = {"publictest": "PublicTest", "privatetest": "PrivateTest"}
    splits = {}
    for path in sorted((data / "emotion").glob("*.npz")):
        with np.load(path) as arrays:
            for key, name in names.items():
                if f"{key}_images" in arrays:
                    classes = tuple(str(label) for label in arrays["classes"])
                    images, labels = arrays[f"{key}_images"], arrays[f"{key}_labels"]
                    splits[name] = EmotionFaces(images, labels, classes)
    if not splits:
        raise MissingError(f"no FER2013 test split in {data / 'emotion'}/*.npz")
    return splits


def read_titles(data: Path) -> tuple[str, list[str]]:
    """Read the table with the most distinct titles; return its name and the titles in order.

    Raises:
        MissingError: No table with a column ``title``.
    """
    titles_of = {}
    for path in sorted((data / "videos").glob("*.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            if "title" in (rows.fieldnames or ()):
                titles_of[path.name] = list(dict.fromkeys(row["title"] or "" for row in rows))
    if not titles_of:
        raise MissingError(f"no table with a column 'title' in {data / 'videos'}")
    name = max(titles_of, key=lambda table: len(titles_of[table]))
    return name, [title for title in titles_of[name] if title]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV.

    Raises:
        MissingError: It does not exist.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise MissingError(f"no file {path}") from error
