"""The shipped emotion network, trained on FER2013, on ONNX Runtime.

``weights/emotions/MODEL_CARD.md`` has its accuracy and limits; ``training/emotions`` trains it.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thumbnail_tasks.engines.interface import Engine, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.engines.runtimes.threads import count_threads
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import EMOTION_LABELS

EmotionClassifier = Callable[[Sequence[ImageRGB]], NDArray[np.float32]]
"""Maps N RGB uint8 faces (h, w, 3), each of any size, to (N, 7) float32 probabilities.

Columns are in the order of ``schemas.EMOTION_LABELS``; a row sums to 1.
"""

WEIGHTS_PATH: Final = Path(__file__).parents[2] / "weights" / "emotions" / "emotions.onnx"
WEIGHTS_SHA256: Final = "895463643fe3cb65cce07c1ce5d9b6b7c4b9baf77408e7d2eaab826b27adffa4"

INPUT_PX: Final = 48
BATCH_SIZE: Final = 64  # bounds the memory

FRAME_SIDE: Final = 1.16
FRAME_SHIFT_Y: Final = 0.0


def crop_face(image_rgb: ImageRGB, box_xyxy: Iterable[float]) -> ImageRGB:
    """Crop a face to the frame that the network was trained on.

    FER2013's frame is wider than the box of dlib's CNN detector. Measured by
    ``training/emotions/measure_crop.py`` on the 577 of 600 Training faces that the detector finds:
    the frame's side is 1.16 box sides (median; quartiles 1.07 and 1.31), its centre the box's
    (vertically -0.06 to 0.04). On 103 faces of real thumbnails with clear emotions, sides of 1.1
    to 1.3 and shifts of -0.05 to 0.05 make no significant difference; 1.5 and more is worse
    (``benchmarks/emotion_crop.py``). HOG's box is lower by 0.07, and slightly smaller.

    Args:
        image_rgb: (H, W, 3) uint8, at least one pixel.
        box_xyxy: x_min, y_min, x_max, y_max in pixels of ``image_rgb``; may extend outside.

    Returns:
        (s, s, 3) uint8, s >= 1. Pixels outside the picture repeat its border.

    Example:
        The box (50, 50, 150, 150) gives x and y from 42 to 157, 116 pixels each.
    """
    x_min, y_min, x_max, y_max = map(float, box_xyxy)
    box_side = ((x_max - x_min) + (y_max - y_min)) / 2
    side = max(1, round(FRAME_SIDE * box_side))
    left = round((x_min + x_max) / 2 - side / 2)
    top = round((y_min + y_max) / 2 + FRAME_SHIFT_Y * box_side - side / 2)
    height, width, _ = image_rgb.shape
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    return image_rgb[rows[:, None], columns]


@functools.cache
def load_emotion_classifier() -> EmotionClassifier:
    """Load the shipped network, once per process.

    Returns:
        The classifier. A face's row does not depend on the others: batches of 1 to 256 and 1 to 3
        threads gave the same bits (ONNX Runtime 1.32, AVX-512).

    Raises:
        WeightsError: The file is missing or is not the one that was shipped.
    """
    session = open_session(_read_network(), count_threads())

    def classify(faces_rgb: Sequence[ImageRGB]) -> NDArray[np.float32]:
        batches = [session.run(None, {"grey": grey})[0] for grey in _grey_batches(faces_rgb)]
        return np.concatenate([np.empty((0, len(EMOTION_LABELS)), np.float32), *batches])

    return classify


def _read_network() -> bytes:
    return read_weights(WEIGHTS_PATH, WEIGHTS_SHA256)


def _check() -> None:
    _read_network()
    check_gpu()


def prepare_face(face_rgb: ImageRGB, side_px: int = INPUT_PX) -> NDArray[np.float32]:
    """Convert a face to the network's input; the graph does the scaling to -1..1.

    Args:
        face_rgb: (h, w, 3) uint8, one pixel or more.
        side_px: Side of the result; other networks have other sizes.

    Returns:
        (side_px, side_px) float32, grey (ITU-R 601: 0.299 R + 0.587 G + 0.114 B, rounded) in
        0..255.
    """
    grey = Image.fromarray(face_rgb).convert("L")
    # Pillow's bilinear filter widens when reducing a picture, so no pixel is skipped.
    small = grey.resize((side_px, side_px), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float32)


def _grey_batches(faces_rgb: Sequence[ImageRGB]) -> Iterator[NDArray[np.float32]]:
    """Yield (n, 1, 48, 48) float32 batches, n <= BATCH_SIZE."""
    for start in range(0, len(faces_rgb), BATCH_SIZE):
        yield np.stack([prepare_face(f) for f in faces_rgb[start : start + BATCH_SIZE]])[:, None]


ENGINE = Engine(
    load=load_emotion_classifier,
    name=lambda: f"emotion-network-{WEIGHTS_SHA256[:8]}",
    about=lambda: {
        "weights": WEIGHTS_SHA256,
        "frame_side": FRAME_SIDE,
        "frame_shift_y": FRAME_SHIFT_Y,
    },
    own_modules=("onnxruntime",),
    check=_check,
)
