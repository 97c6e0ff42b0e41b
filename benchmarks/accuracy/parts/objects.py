"""Objects: whether persons are found where faces are, as there are no labels of objects."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from benchmarks.accuracy.boxes import Box, LabelledFace, place_face
from benchmarks.accuracy.intervals import Estimate, bootstrap, ratio
from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import QUALITY, MissingError, find_picture, read_rows
from benchmarks.accuracy.ours import our_persons
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.table import Row
from benchmarks.accuracy.timing import run_contest

PART = "objects"
_EMOTIONS = ROOT / "benchmarks" / "thumbnail_emotions.csv"


class Counted(NamedTuple):
    """A thumbnail whose faces are counted."""

    picture: Path
    n_clear: int
    n_all: int


def measure_objects(setting: Setting) -> Measured:
    """Compare the persons of labelled thumbnails with their faces.

    Raises:
        MissingError: There are no labels, or no pictures.
    """
    counted = _read_counts(setting.data)
    faces = _read_faces(setting)
    pictures = list(dict.fromkeys([*(each.picture for each in counted), *faces]))
    contestant = our_persons()
    (outcome,) = run_contest([contestant], pictures, setting.cache, PART)
    persons: dict[Path, Sequence[Box]] = dict(zip(pictures, outcome.results, strict=True))
    per_face = [(count_on(own, persons[picture]), len(own)) for picture, own in faces.items()]
    with_face = [(bool(persons[each.picture]), 1) for each in counted if each.n_clear]
    without = [(bool(persons[each.picture]), 1) for each in counted if not each.n_all]
    equal = [(len(persons[each.picture]) == each.n_all, 1) for each in counted]
    measured: list[tuple[str, Sequence[tuple[float, float]], str]] = [
        ("labelled faces on a person", per_face, f"{sum(n for _, n in per_face)} faces"),
        ("a person where there is a clear face", with_face, ""),
        ("a person where there is no face", without, "not all are wrong: people from behind"),
        ("as many persons as faces", equal, "the same"),
    ]
    rows = [
        Row(PART, name, contestant.name, len(cases), "pictures", score, 3, outcome.cost, note=note)
        for name, cases, note in measured
        if (score := _score(cases))
    ]
    return Measured(rows)


def _score(cases: Sequence[tuple[float, float]]) -> Estimate | None:
    return bootstrap(cases, ratio) if cases else None


def count_on(faces: Sequence[Box], persons: Sequence[Box]) -> int:
    """How many faces have their centre in the box of a person."""
    centres = [((face[0] + face[2]) / 2, (face[1] + face[3]) / 2) for face in faces]
    return sum(
        any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in persons) for x, y in centres
    )


def _read_counts(data: Path) -> list[Counted]:
    """The thumbnails whose faces are counted, of both sets of labels."""
    found = []
    for folder in (data / "thumbnails", data / "languages"):
        labels = folder / "labels.csv"
        for row in read_rows(labels) if labels.exists() else []:
            picture = folder / QUALITY / f"{row['video_id']}.jpg"
            if picture.exists():
                counts = (int(row[name] or 0) for name in ("faces_clear", "faces_all"))
                found.append(Counted(picture, *counts))
    if not found:
        raise MissingError(f"no labels.csv with pictures in {data / 'thumbnails'} or languages")
    return found


def _read_faces(setting: Setting) -> Mapping[Path, list[Box]]:
    """The boxes of labelled faces in pixels of the stored picture, by picture."""
    faces: dict[Path, list[LabelledFace]] = {}
    for label in setting.thumbnails:
        clear = [face for face in label.faces or () if face.is_clear]
        faces |= {label.picture: clear} if clear else {}
    for row in read_rows(_EMOTIONS):
        picture = find_picture(setting.data, QUALITY, row["video_id"])
        if picture:
            x_min, y_min, x_max, y_max = (
                float(row[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")
            )
            faces.setdefault(picture, []).append(LabelledFace((x_min, y_min, x_max, y_max), True))
    placed = {}
    for picture, own in faces.items():
        with Image.open(picture) as image:
            placed[picture] = [place_face(face, *image.size).box_xyxy for face in own]
    return placed
