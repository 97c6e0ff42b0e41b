"""NanoDet-g on ONNX Runtime: objects of COCO's 80 classes.

The network and its weights are RangiLyu's (``weights/objects/MODEL_CARD.md``). Preprocessing, and
the computation of boxes, follow https://github.com/RangiLyu/nanodet at its versions 0.x: the
picture keeps its proportions, on black. The canvas's size, and the largest overlap, are ours.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import (
    DetectedObject,
    Engine,
    ObjectDetector,
    read_weights,
)
from thumbnail_tasks.engines.objects.coco import COCO_CLASSES
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.engines.runtimes.threads import map_pictures
from thumbnail_tasks.pictures.decoding import ImageRGB

NAME: Final = "nanodet"
WEIGHTS_FILE: Final = Path(__file__).parents[2] / "weights" / "objects" / "nanodet.onnx"
WEIGHTS_SHA256: Final = "0f4979a6ed9d09142247974e0b7311cfe3bb20a18ce84a0147c85785b4b5fdbf"

LONGER_SIDE_PX: Final = 480
"""Of the picture as the network sees it. It was trained on 416, with objects of 0.6 to 1.4 of their
size. On 71 labelled thumbnails, ``person_count`` equals the number of faces on 58; with 416 on 52,
in 0.8 of the time; with 352 on 56, in 0.6; with 320 on 54, in 0.5 (2026-11-29)."""
STRIDES_PX: Final = (8, 16, 32)
"""Sides of the squares in which the network looks for centres of objects."""
MAX_OVERLAP: Final = 0.5
"""Of two boxes of a class with a larger intersection over union, the less confident is dropped.
With upstream's 0.6, some ties and persons are found twice, and no more faces are on a person."""
_MAX_CANDIDATES = 1000
"""Only the most confident boxes are compared, which takes quadratic time."""

Floats = NDArray[np.float32]


class Canvas(NamedTuple):
    """A picture as the network sees it."""

    pixels_rgb: ImageRGB
    """(H, W, 3), H and W multiples of 32; black around the picture."""
    left_px: int
    top_px: int
    scale_x: float
    scale_y: float
    """Pixels of the canvas per pixel of the picture."""

    def as_in_picture(self, boxes_xyxy: Floats) -> Floats:
        """(N, 4) boxes on the canvas in pixels of the picture; not clipped."""
        corner = np.array([self.left_px, self.top_px] * 2, np.float32)
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        boxes: Floats = (boxes_xyxy - corner) / scale
        return boxes


def load_object_detector() -> ObjectDetector:
    """Load the detector.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of objects with at least the confidence in
        the settings, the most confident first; boxes within the picture. Each picture is computed
        alone.

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    return _load(settings.objects().min_confidence)


@functools.cache
def _load(min_confidence: float) -> ObjectDetector:
    network = open_session(_read_network())

    def detect(images_rgb: Sequence[ImageRGB]) -> list[list[DetectedObject]]:
        return map_pictures(detect_on, images_rgb)

    def detect_on(image_rgb: ImageRGB) -> list[DetectedObject]:
        canvas = lay_out(image_rgb)
        scores, edges = network.run(None, {"picture": canvas.pixels_rgb[np.newaxis]})
        boxes = canvas.as_in_picture(place_boxes(edges[0], canvas.pixels_rgb.shape))
        return choose_objects(scores[0], boxes, image_rgb.shape, min_confidence)

    return detect


def lay_out(image_rgb: ImageRGB) -> Canvas:
    """Scale a picture to a longer side of 480 pixels, in the middle of a black canvas.

    The canvas is only as high or as wide as the network needs, multiples of 32: 480×288 for 16:9.
    On a square, as upstream, margins would take 0.4 of the time.
    """
    import cv2  # heavy

    height, width = image_rgb.shape[:2]
    scale = LONGER_SIDE_PX / max(height, width)
    scaled_height, scaled_width = (max(1, round(side * scale)) for side in (height, width))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(image_rgb, (scaled_width, scaled_height), interpolation=how)
    step = STRIDES_PX[-1]
    canvas_height, canvas_width = (
        -(-side // step) * step for side in (scaled_height, scaled_width)
    )
    left, top = (canvas_width - scaled_width) // 2, (canvas_height - scaled_height) // 2
    pixels = np.zeros((canvas_height, canvas_width, 3), np.uint8)
    pixels[top : top + scaled_height, left : left + scaled_width] = scaled
    return Canvas(pixels, left, top, scaled_width / width, scaled_height / height)


def place_boxes(edges: Floats, shape: Sequence[int]) -> Floats:
    """The boxes of all places of a canvas.

    Args:
        edges: (N, 4) distances in pixels from each place to the left, upper, right and lower edge.
        shape: Height and width of the canvas, multiples of 32.

    Returns:
        (N, 4) x_min, y_min, x_max, y_max in pixels of the canvas.
    """
    centres_xy = np.concatenate([_list_centres(shape, stride) for stride in STRIDES_PX])
    return np.hstack([centres_xy - edges[:, :2], centres_xy + edges[:, 2:]])


def _list_centres(shape: Sequence[int], stride: int) -> Floats:
    """The centres of the squares of a canvas, row by row: (N, 2) x and y."""
    rows, columns = np.indices((shape[0] // stride, shape[1] // stride), np.float32)
    centres: Floats = (np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) * stride
    return centres


def choose_objects(
    scores: Floats, boxes_xyxy: Floats, shape: Sequence[int], min_confidence: float
) -> list[DetectedObject]:
    """The objects of a picture, the most confident first.

    Args:
        scores: (N, 80) of each place and class, 0 to 1.
        boxes_xyxy: (N, 4) in pixels of the picture.
        shape: Height and width of the picture.
        min_confidence: Lower scores do not count.
    """
    import cv2  # heavy

    places, classes = np.nonzero(scores >= min_confidence)
    confidences = scores[places, classes]
    height, width = shape[:2]
    boxes = np.clip(boxes_xyxy[places], 0, np.array([width, height] * 2, np.float32))
    kept = cv2.dnn.NMSBoxesBatched(
        np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist(),
        confidences.tolist(),
        classes.tolist(),
        0.0,
        MAX_OVERLAP,
        top_k=_MAX_CANDIDATES,
    )
    return [
        DetectedObject(COCO_CLASSES[classes[number]], float(confidences[number]), tuple(box))
        for number in kept
        if (box := boxes[number].tolist())[0] < box[2] and box[1] < box[3]
    ]


def _read_network() -> bytes:
    return read_weights(WEIGHTS_FILE, WEIGHTS_SHA256)


def _check() -> None:
    _read_network()
    check_gpu()


ENGINE = Engine(
    load=load_object_detector,
    name=lambda: f"{NAME}-g-{WEIGHTS_SHA256[:8]}",
    about=lambda: {
        "weights": WEIGHTS_SHA256,
        "min_confidence": settings.objects().min_confidence,
        "side": LONGER_SIDE_PX,
        "max_overlap": MAX_OVERLAP,
    },
    own_modules=("onnxruntime",),
    check=_check,
)
