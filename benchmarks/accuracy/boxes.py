"""Compare boxes with labelled faces; every box is x_min, y_min, x_max, y_max."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Box = tuple[float, float, float, float]

MIN_IOU = 0.3
"""Detectors frame a face differently: dlib from eyebrows to chin, WIDER with the forehead."""

LABEL_WIDTH_PX, LABEL_HEIGHT_PX = 1280, 720
"""Size of the picture to which the pixels in ``face_boxes.csv`` refer."""


class LabelledFace(NamedTuple):
    """A real person's face."""

    box_xyxy: Box
    is_clear: bool
    """Whether any detector should find it."""


class FaceCounts(NamedTuple):
    """Counts of one picture."""

    n_found: int
    """Clear faces found."""
    n_clear: int
    n_false: int
    """Boxes on no labelled face."""


class FaceScore(NamedTuple):
    """Counts over all pictures with boxes."""

    n_found: int
    n_clear: int
    n_false: int
    n_pictures: int


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1; 0 if both are empty."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    either = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - both
    return both / either if either > 0 else 0.0


def is_found(face: Box, boxes: Sequence[Box]) -> bool:
    """Whether one of the boxes is on the face."""
    return any(overlap(face, box) >= MIN_IOU for box in boxes)


def judge_boxes(faces: Sequence[LabelledFace], boxes: Sequence[Box]) -> list[str]:
    """Judge each box: ``hit`` on a clear face, ``optional`` on another, or ``false``."""
    verdicts = []
    for box in boxes:
        hit = [face.is_clear for face in faces if overlap(face.box_xyxy, box) >= MIN_IOU]
        verdicts.append("hit" if any(hit) else "optional" if hit else "false")
    return verdicts


def count_faces(faces: Sequence[LabelledFace], boxes: Sequence[Box]) -> FaceCounts:
    """Count clear faces found, and boxes on no face."""
    clear = [face for face in faces if face.is_clear]
    n_found = sum(is_found(face.box_xyxy, boxes) for face in clear)
    return FaceCounts(n_found, len(clear), judge_boxes(faces, boxes).count("false"))


def score_faces(
    labelled: Mapping[str, Sequence[LabelledFace]], found: Mapping[str, Sequence[Box]]
) -> FaceScore:
    """Count over all labelled pictures.

    Args:
        labelled: Video id to its faces, in pixels of the picture as stored.
        found: Video id to the boxes found.
    """
    counts = [count_faces(faces, found.get(name, [])) for name, faces in labelled.items()]
    return FaceScore(
        sum(picture.n_found for picture in counts),
        sum(picture.n_clear for picture in counts),
        sum(picture.n_false for picture in counts),
        len(counts),
    )


def place_face(face: LabelledFace, width_px: int, height_px: int) -> LabelledFace:
    """Convert a face to pixels of the stored picture, which has bars above and below 16:9.

    Example:
        At 480×360 the picture without bars is 270 high: y·270/720 + 45.
    """
    scale = width_px / LABEL_WIDTH_PX
    bar = (height_px - LABEL_HEIGHT_PX * scale) / 2
    x_min, y_min, x_max, y_max = (edge * scale for edge in face.box_xyxy)
    return face._replace(box_xyxy=(x_min, y_min + bar, x_max, y_max + bar))
