"""Gallery cards with the faces of each labelled picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.accuracy.boxes import Box, LabelledFace, is_found, judge_boxes, place_face
from benchmarks.accuracy.gallery import Card, Overlay, Snippet
from benchmarks.accuracy.labels import CrowdPicture, Thumbnail


def draw_faces(labels: Sequence[Thumbnail], found: Mapping[str, Sequence[Box]]) -> list[Card]:
    """Draw one card per labelled thumbnail, with our boxes and missed clear faces."""
    cards = []
    for label in labels:
        with Image.open(label.picture) as picture:
            size = picture.size
        faces = [place_face(face, *size) for face in label.faces or ()]
        boxes = found.get(label.video_id, [])
        cards.append(_draw(label.video_id, label.picture, faces, boxes, label.n_drawn))
    return cards


def draw_crowds(crowds: Sequence[CrowdPicture], found: Mapping[Path, Sequence[Box]]) -> list[Card]:
    """Draw one card per picture; all its faces count as clear."""
    return [
        _draw(
            crowd.picture.name,
            crowd.picture,
            [LabelledFace(box, True) for box in crowd.boxes_xyxy],
            found[crowd.picture],
        )
        for crowd in crowds
    ]


def _draw(
    title: str,
    picture: Path,
    faces: Sequence[LabelledFace],
    boxes: Sequence[Box],
    n_drawn: int = 0,
) -> Card:
    verdicts = judge_boxes(faces, boxes)
    missed = [face for face in faces if not is_found(face.box_xyxy, boxes)]
    n_missed = sum(face.is_clear for face in missed)
    overlays = [
        Overlay(face.box_xyxy, *(("missed", "") if face.is_clear else ("dropped", "not clear")))
        for face in missed
    ]
    overlays += [Overlay(box, verdict) for box, verdict in zip(boxes, verdicts, strict=True)]
    n_false = verdicts.count("false")
    counts = {
        "faces": [Snippet("plain", f"{len(faces)}, drawn ones {n_drawn}")],
        "found": [Snippet("hit", str(len(verdicts) - n_false))],
        "missed": [Snippet("missed", str(n_missed))] if n_missed else [],
        "false": [Snippet("false", str(n_false))] if n_false else [],
    }
    return Card(title, picture, overlays, counts, n_missed, n_false)
