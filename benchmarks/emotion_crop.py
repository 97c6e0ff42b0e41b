r"""Find the crop around a detected face that suits the emotion network best.

For each frame around a detector's boxes on real thumbnails: accuracy, mean probability of the
labelled emotion, and mean confidence::

    python -m benchmarks.emotion_crop --thumbnails DATA/thumbnails/hqdefault --detector hog
    python -m benchmarks.emotion_crop --thumbnails DATA/thumbnails/hqdefault --detector cnn \\
        --boxes cnn_boxes.json

``thumbnail_emotions.csv``, beside this file, has 103 faces with a plain emotion, labelled by one
viewer from enlarged crops before any network had classified them; boxes are in pixels of
1280×720, the picture without its bars. Half of them are happy, four fear, four sad, none disgust:
the results rank crops, but say little about single emotions.
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import dlib
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.boxes import LABEL_WIDTH_PX, MIN_IOU, Box, overlap
from thumbnail_tasks.engines.emotions import fer2013
from thumbnail_tasks.engines.emotions.fer2013 import FRAME_SHIFT_Y, FRAME_SIDE, crop_face
from thumbnail_tasks.engines.faces.weights import DLIB_DETECTOR
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image
from thumbnail_tasks.schemas import EMOTION_LABELS

LABELS_PATH = Path(__file__).with_name("thumbnail_emotions.csv")

SIDES = (0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)
SHIFTS_Y = (-0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1)
UPSAMPLINGS = 1


class Example(NamedTuple):
    """A labelled face that the detector found."""

    picture_rgb: ImageRGB
    """(H, W, 3) uint8, without bars."""
    box_xyxy: Box
    """The detector's box, in pixels of that picture; may extend beyond it."""
    emotion: int
    """Index into ``EMOTION_LABELS``."""


class Score(NamedTuple):
    """One value per face, in the order of the examples."""

    is_right: NDArray[np.bool_]
    labelled: NDArray[np.float32]
    """Probability of the labelled emotion."""
    highest: NDArray[np.float32]
    """Probability of the strongest emotion."""


def find_examples(
    labels: Iterable[dict[str, str]], thumbnails_dir: Path, boxes: dict[str, list[Box]]
) -> list[Example]:
    """Find the labelled faces that the detector found.

    Args:
        labels: Rows of ``thumbnail_emotions.csv``.
        thumbnails_dir: Folder of ``<video_id>.jpg``.
        boxes: Video id to the detector's boxes on the picture without bars.
    """
    examples = []
    for label in labels:
        picture = read_picture(thumbnails_dir / f"{label['video_id']}.jpg")
        scale = picture.shape[1] / LABEL_WIDTH_PX
        x_min, y_min, x_max, y_max = (
            float(label[edge]) * scale for edge in ("x_min", "y_min", "x_max", "y_max")
        )
        wanted = (x_min, y_min, x_max, y_max)
        found = max(boxes[label["video_id"]], key=lambda box: overlap(wanted, box), default=None)
        if found is not None and overlap(wanted, found) >= MIN_IOU:
            examples.append(Example(picture, found, EMOTION_LABELS.index(label["emotion"])))
    return examples


def box_of_frame(box_xyxy: Box, side: float, shift_y: float) -> Box:
    """Convert a box so that ``crop_face`` crops the given frame instead of its own.

    Args:
        box_xyxy: The detector's box.
        side: Side of the wanted frame in box sides.
        shift_y: Distance of its centre below the box's centre, in box sides.

    Example:
        With a frame of 1.2 box sides in ``crop_face``, side 0.6 gives a box of half the side.
    """
    x_min, y_min, x_max, y_max = box_xyxy
    box_side = ((x_max - x_min) + (y_max - y_min)) / 2
    half = side * box_side / FRAME_SIDE / 2
    x = (x_min + x_max) / 2
    y = (y_min + y_max) / 2 + shift_y * box_side - FRAME_SHIFT_Y * 2 * half
    return (x - half, y - half, x + half, y + half)


def clip_box(box_xyxy: Box, picture_rgb: ImageRGB) -> Box:
    """Clip a box to the picture."""
    height, width, _ = picture_rgb.shape
    x_min, y_min, x_max, y_max = box_xyxy
    return (max(x_min, 0), max(y_min, 0), min(x_max, width), min(y_max, height))


def score_frame(
    examples: Sequence[Example], boxes: Sequence[Box], side: float, shift_y: float
) -> Score:
    """Classify the faces, cropped by one frame around these boxes, one per example."""
    crops = [
        crop_face(example.picture_rgb, box_of_frame(box, side, shift_y))
        for example, box in zip(examples, boxes, strict=True)
    ]
    probabilities = fer2013.load_emotion_classifier()(crops)
    emotions = np.array([example.emotion for example in examples])
    labelled = probabilities[np.arange(len(examples)), emotions]
    return Score(probabilities.argmax(axis=1) == emotions, labelled, probabilities.max(axis=1))


def describe(score: Score) -> str:
    """Format the three means as a cell of the table."""
    return f"{score.is_right.mean():.3f} {score.labelled.mean():.3f} {score.highest.mean():.3f}"


def print_table(examples: Sequence[Example], boxes: Sequence[Box]) -> None:
    """Print one row per frame side, one cell per vertical shift, and the best frame."""
    print("side  " + "".join(f"{f'shift {shift:+.2f}':<20}" for shift in SHIFTS_Y))
    scores = {}
    for side in SIDES:
        for shift in SHIFTS_Y:
            scores[side, shift] = score_frame(examples, boxes, side, shift)
        print(f"{side:.2f}  " + "   ".join(describe(scores[side, shift]) for shift in SHIFTS_Y))
    best = max(scores, key=lambda frame: scores[frame].labelled.mean())
    current = score_frame(examples, boxes, FRAME_SIDE, FRAME_SHIFT_Y)
    gain = scores[best].labelled - current.labelled
    print(
        f"the package's frame ({FRAME_SIDE}, {FRAME_SHIFT_Y}): {describe(current)}\n"
        f"highest probability of the label at {best}: {describe(scores[best])}, "
        f"{gain.mean():+.3f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.3f} (standard error) "
        "compared with the package's"
    )


def compare_clipping(examples: Sequence[Example]) -> None:
    """Print the effect of clipping boxes at the picture's border on the faces concerned."""
    outside = [e for e in examples if clip_box(e.box_xyxy, e.picture_rgb) != e.box_xyxy]
    print(f"boxes beyond the picture: {len(outside)}")
    if outside:
        whole = [example.box_xyxy for example in outside]
        clipped = [clip_box(example.box_xyxy, example.picture_rgb) for example in outside]
        for name, boxes in (("whole", whole), ("clipped", clipped)):
            score = score_frame(outside, boxes, FRAME_SIDE, FRAME_SHIFT_Y)
            print(f"  {name:<8}{describe(score)}")


def read_picture(path: Path) -> ImageRGB:
    """Read a thumbnail and crop its bars."""
    return np.ascontiguousarray(crop_bars(decode_image(path.read_bytes())).image_rgb)


def load_detector(name: str) -> Callable[[ImageRGB], list[Box]]:
    """Load dlib's detector, whose boxes are not clipped at the picture's border."""
    if name == "hog":
        hog = dlib.get_frontal_face_detector()
        return lambda image_rgb: [edges(found) for found in hog(image_rgb, UPSAMPLINGS)]
    cnn = dlib.cnn_face_detection_model_v1(str(DLIB_DETECTOR))
    return lambda image_rgb: [edges(found.rect) for found in cnn(image_rgb, UPSAMPLINGS)]


def edges(found: dlib.rectangle) -> Box:
    """Convert dlib's rectangle, which includes its right and lower edge, to a box."""
    return (found.left(), found.top(), found.right() + 1, found.bottom() + 1)


def detect_boxes(video_ids: set[str], thumbnails_dir: Path, detector: str) -> dict[str, list[Box]]:
    """Find the faces on each picture; dlib's CNN takes 5 seconds per picture on a CPU."""
    detect = load_detector(detector)
    return {
        video_id: detect(read_picture(thumbnails_dir / f"{video_id}.jpg"))
        for video_id in sorted(video_ids)
    }


def main() -> None:
    """Print the table of frames and the effect of clipping."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--thumbnails", type=Path, required=True, help="folder of hqdefault pictures"
    )
    parser.add_argument("--detector", choices=("hog", "cnn"), default="hog")
    parser.add_argument("--boxes", type=Path, help="JSON file that caches this detector's boxes")
    args = parser.parse_args()
    with LABELS_PATH.open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    if args.boxes and args.boxes.exists():
        kept = json.loads(args.boxes.read_text())
        boxes = {video_id: [tuple(box) for box in found] for video_id, found in kept.items()}
    else:
        ids = {label["video_id"] for label in labels}
        boxes = detect_boxes(ids, args.thumbnails, args.detector)
        if args.boxes:
            args.boxes.write_text(json.dumps(boxes))
    examples = find_examples(labels, args.thumbnails, boxes)
    print(f"{args.detector}: {len(examples)} of {len(labels)} labelled faces found")
    print("each cell: accuracy, mean probability of the label, mean confidence")
    print_table(examples, [clip_box(e.box_xyxy, e.picture_rgb) for e in examples])
    compare_clipping(examples)


if __name__ == "__main__":
    main()
