r"""Measure the position of FER2013's frame relative to dlib's face box.

    python measure_crop.py --data fer2013.npz
    python measure_crop.py --data fer2013.npz --detector cnn --count 600 \
        --weights mmod_human_face_detector.dat

The emotion network is trained on faces in FER2013's frame; on thumbnails dlib gives a box. This
finds dlib's box in faces of the Training split and prints the median of the frame's side and
centre, in units of the box: the constants of ``crop_face`` in the package's engine. dlib's two
detectors frame a face differently.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# The detectors need faces of 80 pixels or more, and find only sizes a factor of 1.2 and positions
# 8 pixels apart; enlarging every face differently averages these steps out. The CNN takes
# seconds where HOG takes milliseconds, so its pictures are smaller.
ENLARGED_PX = {"hog": (180, 320), "cnn": (120, 200)}
MARGIN_PX = {"hog": (64, 96), "cnn": (48, 64)}
"""The border is repeated, so that a box may extend beyond the frame."""
SEED = 7

Detector = Callable[[NDArray[np.uint8]], list[dlib.rectangle]]
"""Maps a grey picture (H, W) uint8 to the boxes of its faces."""


def main() -> None:
    """Print the medians and quartiles."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="FER2013 as .npz (see README)")
    parser.add_argument("--count", type=int, default=4000, help="how many faces to measure")
    parser.add_argument("--detector", choices=("hog", "cnn"), default="hog")
    parser.add_argument("--weights", type=Path, help="the CNN's mmod_human_face_detector.dat")
    args = parser.parse_args()
    if args.detector == "cnn" and args.weights is None:
        parser.error("--detector cnn: expected --weights mmod_human_face_detector.dat")
    with np.load(args.data) as data:
        images = data["training_images"]
    random = np.random.default_rng(SEED)
    chosen = random.choice(len(images), args.count, replace=False)
    sizes, margins = (
        random.integers(*limits[args.detector], args.count) for limits in (ENLARGED_PX, MARGIN_PX)
    )
    detector = load_detector(args.weights if args.detector == "cnn" else None)
    frames = (
        measure_frame(images[i], int(size), int(margin), detector)
        for i, size, margin in zip(chosen, sizes, margins, strict=True)
    )
    found = [frame for frame in frames if frame is not None]
    print(f"faces: {args.count}, found by the detector: {len(found)}")
    names = ("frame side / box side", "centre x offset / box side", "centre y offset / box side")
    for name, values in zip(names, np.array(found).T, strict=True):
        low, median, high = np.percentile(values, [25, 50, 75])
        print(f"{name}: median {median:.3f}, quartiles {low:.3f} to {high:.3f}")


def load_detector(weights: Path | None) -> Detector:
    """Dlib's CNN detector from its file, or its HOG detector without one; no upsampling."""
    if weights is None:
        hog = dlib.get_frontal_face_detector()
        return lambda grey: list(hog(grey, 0))
    cnn = dlib.cnn_face_detection_model_v1(str(weights))
    return lambda grey: [found.rect for found in cnn(np.stack([grey] * 3, axis=2), 0)]


def measure_frame(
    face: NDArray[np.uint8], size_px: int, margin_px: int, detector: Detector
) -> tuple[float, float, float] | None:
    """Find the frame of one face relative to dlib's box.

    Args:
        face: (48, 48) uint8 grey.
        size_px: Side the face is enlarged to.
        margin_px: Border added on every side.
        detector: One of dlib's.

    Returns:
        Side of the frame, and its centre minus the box's centre (x, y), in box sides; None
        unless exactly one face is found.
    """
    enlarged = Image.fromarray(face).resize((size_px, size_px), Image.Resampling.BICUBIC)
    padded = np.pad(np.asarray(enlarged), margin_px, mode="edge")
    boxes = detector(padded)
    if len(boxes) != 1:
        return None
    box = boxes[0]
    side = (box.width() + box.height()) / 2
    centre = margin_px + size_px / 2
    x = (box.left() + box.right() + 1) / 2
    y = (box.top() + box.bottom() + 1) / 2
    return size_px / side, (centre - x) / side, (centre - y) / side


if __name__ == "__main__":
    main()
