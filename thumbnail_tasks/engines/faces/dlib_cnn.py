"""dlib's CNN face detector on ONNX Runtime.

The network and its weights are Davis King's (``weights/faces/MODEL_CARD.md``); it is the ``cnn`` of
face_recognition. Preprocessing, and the computation of boxes from scores, follow dlib 20.0.1
exactly (``dnn/input.h``, ``dnn/loss.h``, ``tools/python/src/cnn_face_detector.cpp``; Boost
licence). On 282 thumbnails at 480×360, enlarged once, the 276 boxes equal dlib's to the pixel, in
0.13 s of one core instead of 3.3 (not enlarged: 0.04 instead of 0.8; 2026-11-23, on TensorFlow). On
ONNX Runtime it takes 0.80 of that processor time (median of 30 turns 0.83, quartiles 0.69 and 0.93;
busy cores), and all 502 boxes of 635 pictures are the same (2026-11-28).
``benchmarks/face_detection.py`` measures this, and three rules of our own:

* The network looks only where CenterFace proposes a face (``dlib_scores.py``).
* A box needs a score of 0.7; dlib accepts any above 0.
* A box that is mostly of one colour is a drawing.

By eye, 14 of those 276 boxes are not on a person's face but on a drawing (11), a mask or nothing.
The score drops six of them and seven of the 262 faces (partly hidden, in profile, blurred); the
colour drops four of the remaining eight, and no face.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.engines.faces.centerface import PROPOSER_SHA256
from thumbnail_tasks.engines.faces.dlib_network import (
    FIRST_PX,
    MAX_OVERLAP,
    MIN_CANVAS_PX,
    NETWORK_SHA256,
    RESIZE_SHA256,
    STRIDE_PX,
    WINDOW_PX,
    Floats,
)
from thumbnail_tasks.engines.faces.dlib_pyramid import (
    Boxes,
    Canvas,
    enlarged_size,
    find_boxes,
    lay_out,
    shrink_boxes,
    suppress,
)
from thumbnail_tasks.engines.faces.dlib_scores import PLACES, check_networks, load_scorer
from thumbnail_tasks.engines.interface import Engine, Face, FaceDetector
from thumbnail_tasks.engines.runtimes.threads import map_pictures
from thumbnail_tasks.pictures.decoding import ImageRGB

_MAX_ENLARGED_PX = 4_000_000
"""Pictures are not enlarged beyond this; 1280×720 becomes 3.7 million. A picture of 20 million
pixels takes 6 GB without enlarging."""
_SHADES = 16
"""Levels of each channel for counting colours."""
_COLOUR_TOLERANCE = 0.05


class Rules(NamedTuple):
    """Which boxes are kept; (n, 0, 1, 0) gives the boxes of dlib's own detector."""

    upsamplings: int
    """Number of times to double the picture before detection."""
    min_score: float
    """Boxes with a lower score are dropped."""
    max_flatness: float
    """Boxes in which one colour has a larger share, 0 to 1, are dropped as drawings."""
    min_proposal: float
    """CenterFace's score, 0 to 1, from which dlib's network looks at a place; 0: everywhere."""


def load_face_detector(rules: Rules | None = None) -> FaceDetector:
    """Load the detector.

    Args:
        rules: Which boxes are kept; None for those in the settings.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of faces, highest score first; boxes within
        the picture. Each picture is computed alone, which takes no longer than in batches.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        SettingsError: A setting is out of range.
    """
    return _load(rules or configured_rules())


def configured_rules() -> Rules:
    """The rules in the settings.

    Raises:
        SettingsError: A setting is out of range.
    """
    faces = settings.faces()
    return Rules(faces.upsamplings, faces.min_score, faces.max_flatness, faces.min_proposal)


@functools.cache
def _load(rules: Rules) -> FaceDetector:
    score = load_scorer(rules.min_proposal)

    def detect(images_rgb: Sequence[ImageRGB]) -> list[list[Face]]:
        return map_pictures(detect_on, images_rgb)

    def detect_on(image_rgb: ImageRGB) -> list[Face]:
        height, width = image_rgb.shape[:2]
        upsamplings, canvas = plan_canvas(width, height, rules.upsamplings)
        if min(canvas.width, canvas.height) < MIN_CANVAS_PX:
            return []
        scores = score(image_rgb, upsamplings, canvas)
        centres_xy, confidences = read_scores(scores, rules.min_score)
        boxes = find_boxes(centres_xy, WINDOW_PX, canvas)
        kept = suppress(boxes, MAX_OVERLAP)
        boxes = shrink_boxes(boxes[kept], upsamplings)
        faces = clip_faces(image_rgb, boxes, confidences[kept])
        return [face for face in faces if is_shaded(image_rgb, face)]

    def is_shaded(image_rgb: ImageRGB, face: Face) -> bool:
        return measure_flatness(image_rgb, face.box_xyxy) <= rules.max_flatness

    return detect


def plan_canvas(width: int, height: int, upsamplings: int) -> tuple[int, Canvas]:
    """The number of times a picture is actually doubled, and the layout of its canvas."""
    for done in range(upsamplings):
        larger = enlarged_size(width, height)
        if larger[0] * larger[1] > _MAX_ENLARGED_PX:
            return done, lay_out(width, height)
        width, height = larger
    return upsamplings, lay_out(width, height)


def read_scores(scores: Floats, min_score: float) -> tuple[NDArray[np.int64], Floats]:
    """The centres of the windows above a score, in pixels of the canvas, best first.

    Args:
        scores: (rows, columns) of one canvas.
        min_score: Only higher scores count.

    Returns:
        (N, 2) x and y, and (N,) scores.
    """
    rows, columns = np.nonzero(scores > min_score)
    order = np.argsort(-scores[rows, columns], kind="stable")
    positions = np.stack([columns, rows], axis=1)[order]
    return positions * STRIDE_PX + FIRST_PX, scores[rows, columns][order]


def clip_faces(image_rgb: ImageRGB, boxes: Boxes, scores: Floats) -> list[Face]:
    """Turn boxes with dlib's edges into faces within the picture; boxes outside are dropped."""
    height, width = image_rgb.shape[:2]
    first = np.maximum(boxes[:, :2], 0)
    end = np.minimum(boxes[:, 2:] + 1, (width, height))
    return [
        Face(float(score), (box[0], box[1], box[2], box[3]))
        for score, box in zip(scores, np.hstack([first, end]).tolist(), strict=True)
        if box[0] < box[2] and box[1] < box[3]
    ]


def measure_flatness(image_rgb: ImageRGB, box_xyxy: Sequence[float]) -> float:
    """The share of a box that is of one colour: skin is shaded, cartoons are flat.

    On 282 thumbnails it is at most 0.27 for the 262 faces of people (0.35 in grey, 0.30 at half
    the brightness) and 0.48 to 0.63 for five of eleven drawn ones; the other six are shaded like
    faces, 0.11 to 0.31. Of 4,000 grey faces of FER2013, 1 % are over 0.4.

    Args:
        image_rgb: (H, W, 3) uint8.
        box_xyxy: x_min, y_min, x_max, y_max in whole pixels, within the picture, not empty.

    Returns:
        0 to 1: the share of pixels that differ from the most common colour, in each channel, by at
        most 5 % of the box's range of values (5th to 95th percentile).
    """
    x_min, y_min, x_max, y_max = map(int, box_xyxy)
    pixels = image_rgb[y_min:y_max, x_min:x_max].reshape(-1, 3).astype(np.int64)
    shades = pixels // (256 // _SHADES) @ (_SHADES**2, _SHADES, 1)
    most_common = np.bincount(shades).argmax()
    colour = np.median(pixels[shades == most_common], axis=0)
    darkest, brightest = np.percentile(pixels, (5, 95))
    is_near = np.abs(pixels - colour) <= _COLOUR_TOLERANCE * (brightest - darkest)
    return float(is_near.all(axis=1).mean())


ENGINE = Engine(
    load=load_face_detector,
    name=lambda: f"dlib-cnn-{NETWORK_SHA256[:8]}",
    about=lambda: {
        "weights": NETWORK_SHA256,
        "resize": RESIZE_SHA256,
        "proposer": PROPOSER_SHA256,
        **PLACES,
        **configured_rules()._asdict(),
    },
    own_modules=("onnxruntime",),
    check=lambda: check_networks(configured_rules().min_proposal),
)
