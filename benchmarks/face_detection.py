r"""Compare dlib's CNN face detector with ours: equal boxes, time, and the effect of the rules.

Prints four Markdown tables::

    python -m benchmarks.face_detection --data DATA --pictures 40

dlib takes seconds per picture, so only the first few are compared; the places that CenterFace
proposes are compared with the whole picture on all, and the rules evaluated on all labelled ones.
The layout of DATA is that of ``benchmarks.accuracy``. dlib uses one core, ONNX Runtime all: for
equal terms start it with ``taskset --cpu-list 0``.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy.boxes import (
    MIN_IOU,
    Box,
    LabelledFace,
    is_found,
    overlap,
    place_face,
    score_faces,
)
from benchmarks.accuracy.labels import QUALITY, read_crowds, read_thumbnails
from thumbnail_tasks.engines.faces import face_recognition
from thumbnail_tasks.engines.faces.dlib_cnn import Rules, configured_rules, load_face_detector
from thumbnail_tasks.engines.faces.weights import DLIB_DETECTOR
from thumbnail_tasks.engines.interface import Face
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

EQUAL_IOU = 0.9
BATCH_SIZE = 8
MIN_SCORES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
ANY_COLOUR = 1.0
EVERYWHERE = 0.0
MIN_PROPOSALS = (0.1, 0.2, 0.3, 0.4)
HEIGHTS_PX = (0, 25, 30, 35, 40, 50, 60, 80, 120, 100_000)


class Comparison(NamedTuple):
    """Results of both detectors on some pictures, at one number of upsamplings."""

    n_pictures: int
    n_boxes: int
    """dlib's."""
    n_equal: int
    """Of these, the number that our boxes overlap by ``EQUAL_IOU``, one to one."""
    n_same_count: int
    """Pictures on which both found equally many boxes."""
    max_score_difference: float
    dlib_ms: float
    """Median over batches, per picture."""
    our_ms: float


def compare(pictures: Sequence[ImageRGB], upsamplings: int) -> Comparison:
    """Run both detectors alternately, on a batch of pictures each.

    Args:
        pictures: At least one, all of one size.
        upsamplings: For both.
    """
    import dlib

    theirs = dlib.cnn_face_detection_model_v1(str(DLIB_DETECTOR))
    ours = load_face_detector(Rules(upsamplings, 0.0, ANY_COLOUR, EVERYWHERE))
    ours(pictures[:BATCH_SIZE])  # the first call does extra work
    n_boxes = n_equal = n_same_count = 0
    differences, dlib_ms, our_ms = [0.0], [], []
    for start in range(0, len(pictures), BATCH_SIZE):
        batch = [np.ascontiguousarray(each) for each in pictures[start : start + BATCH_SIZE]]
        started = time.perf_counter()
        found_by_us = ours(batch)
        between = time.perf_counter()
        found_by_dlib = [theirs(image_rgb, upsamplings) for image_rgb in batch]
        ended = time.perf_counter()
        our_ms.append(1000 * (between - started) / len(batch))
        dlib_ms.append(1000 * (ended - between) / len(batch))
        for image_rgb, faces, detections in zip(batch, found_by_us, found_by_dlib, strict=True):
            wanted = [_face(detection, image_rgb) for detection in detections]
            matches = list(_match(wanted, faces))
            n_boxes += len(wanted)
            n_equal += len(matches)
            n_same_count += len(wanted) == len(faces)
            differences += [abs(one.confidence - other.confidence) for one, other in matches]
    counts = (len(pictures), n_boxes, n_equal, n_same_count, max(differences))
    return Comparison(*counts, float(np.median(dlib_ms)), float(np.median(our_ms)))


def _face(detection: "dlib.mmod_rectangle", image_rgb: ImageRGB) -> Face:  # noqa: F821
    height, width = image_rgb.shape[:2]
    rect = detection.rect
    first = (max(rect.left(), 0), max(rect.top(), 0))
    end = (min(rect.right() + 1, width), min(rect.bottom() + 1, height))
    return Face(detection.confidence, (*first, *end))


def _match(wanted: Sequence[Face], found: Sequence[Face]) -> Iterator[tuple[Face, Face]]:
    left = list(found)
    for face in wanted:
        near = [other for other in left if overlap(face.box_xyxy, other.box_xyxy) >= EQUAL_IOU]
        if near:
            left.remove(near[0])
            yield face, near[0]


def find_labelled(
    data: Path, upsamplings: int
) -> tuple[dict[str, list[LabelledFace]], dict[str, list[tuple[Face, bool]]]]:
    """Read the labelled faces and find all faces on the pictures with labelled boxes.

    Args:
        data: The labelled data.
        upsamplings: Of our detector.

    Returns:
        Video id to its labelled faces, and video id to the faces found at any score, each with
        whether it passes the colour rule.
    """
    rules = configured_rules()._replace(upsamplings=upsamplings, min_score=0.0)
    detect = load_face_detector(rules._replace(max_flatness=ANY_COLOUR))
    detect_coloured = load_face_detector(rules)
    labelled, found = {}, {}
    for thumbnail in read_thumbnails(data)[0]:
        if thumbnail.faces is None:
            continue
        stored = decode_image(thumbnail.picture.read_bytes())
        height, width = stored.shape[:2]
        labelled[thumbnail.video_id] = [place_face(face, width, height) for face in thumbnail.faces]
        picture = crop_bars(stored)
        coloured = set(detect_coloured([picture.image_rgb])[0])
        found[thumbnail.video_id] = [
            (Face(face.confidence, _in_stored(picture.corner_xyxy, face)), face in coloured)
            for face in detect([picture.image_rgb])[0]
        ]
    return labelled, found


def _in_stored(corner: tuple[int, int, int, int], face: Face) -> Box:
    x_min, y_min, x_max, y_max = np.add(face.box_xyxy, corner).tolist()
    return x_min, y_min, x_max, y_max


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled data")
    parser.add_argument("--pictures", type=int, default=40, help="number of pictures to compare")
    args = parser.parse_args()
    print_comparison(args.data, args.pictures)
    print_proposals(args.data)
    print_rules(args.data)
    print_sizes(args.data)


def print_comparison(data: Path, n_pictures: int) -> None:
    """Print equality and speed, on thumbnails without their bars."""
    files = sorted((data / "thumbnails" / QUALITY).glob("*.jpg"))
    pictures = [crop_bars(decode_image(file.read_bytes())).image_rgb for file in files]
    shapes = [picture.shape for picture in pictures]
    commonest = max(set(shapes), key=shapes.count)
    pictures = [picture for picture in pictures if picture.shape == commonest][:n_pictures]
    print(
        "| upsamplings | pictures | dlib's boxes | equal to ours (IoU ≥ 0.9) "
        "| pictures with equally many | largest difference of scores | dlib, ms per picture "
        "| ours, ms | ratio |\n"
        f"|{'--:|' * 9}"
    )
    for upsamplings in (0, 1):
        result = compare(pictures, upsamplings)
        print(
            f"| {upsamplings} | {result.n_pictures} | {result.n_boxes} | {result.n_equal} "
            f"| {result.n_same_count} | {result.max_score_difference:.1g} | {result.dlib_ms:.0f} "
            f"| {result.our_ms:.0f} | {result.dlib_ms / result.our_ms:.1f} |",
            flush=True,
        )


def print_proposals(data: Path) -> None:
    """Print which boxes of the whole picture are found at proposals, and in what time."""
    folders = (data / "thumbnails" / QUALITY, data / "languages" / QUALITY, data / "faces")
    files = sorted(file for folder in folders for file in folder.rglob("*.jpg"))
    pictures = [crop_bars(decode_image(file.read_bytes())).image_rgb for file in files]
    rules = configured_rules()
    min_scores = (EVERYWHERE, *MIN_PROPOSALS)
    detectors = [load_face_detector(rules._replace(min_proposal=score)) for score in min_scores]
    found: list[list[list[Face]]] = [[] for _ in detectors]
    seconds = np.zeros((len(detectors), len(pictures)))
    for number, picture in enumerate(pictures):
        for turn in range(len(detectors)):
            index = (number + turn) % len(detectors)
            started = time.process_time()
            found[index] += detectors[index]([picture])
            seconds[index, number] = time.process_time() - started
    print(
        f"\n| CenterFace's score, {len(pictures)} pictures | boxes | of those everywhere: the same "
        f"| on the same face | missed | processor time |\n|{'--:|' * 6}"
    )
    for score, faces, taken in zip(min_scores, found, seconds, strict=True):
        pairs = list(zip(found[0], faces, strict=True))
        n_same = sum(len({*all_} & {*near}) for all_, near in _boxes(pairs))
        n_on = sum(is_found(box, near) for all_, near in _boxes(pairs) for box in all_)
        cells = (sum(map(len, faces)), n_same, n_on, sum(map(len, found[0])) - n_on)
        ratio = taken.sum() / seconds[0].sum()
        print(f"| {score} | {' | '.join(map(str, cells))} | {ratio:.2f} |", flush=True)


def _boxes(
    pairs: Sequence[tuple[Sequence[Face], Sequence[Face]]],
) -> Iterator[tuple[list[Box], list[Box]]]:
    for one, other in pairs:
        yield [face.box_xyxy for face in one], [face.box_xyxy for face in other]


def print_rules(data: Path) -> None:
    """Print clear faces found and false boxes on labelled thumbnails, by minimum score."""
    print(
        "\n| upsamplings | minimum score | any colour: clear faces found | false boxes "
        "| colour rule applied: clear faces found | false boxes | pictures |\n"
        f"|{'--:|' * 7}"
    )
    for upsamplings in (0, 1):
        labelled, found = find_labelled(data, upsamplings)
        for min_score in MIN_SCORES:
            cells = [str(upsamplings), f"{min_score:.1f}"]
            for any_colour in (True, False):
                boxes = {
                    name: [
                        face.box_xyxy
                        for face, is_coloured in faces
                        if face.confidence > min_score and (is_coloured or any_colour)
                    ]
                    for name, faces in found.items()
                }
                score = score_faces(labelled, boxes)
                cells += [f"{score.n_found} of {score.n_clear}", str(score.n_false)]
            print(f"| {' | '.join(cells)} | {score.n_pictures} |", flush=True)


def print_sizes(data: Path) -> None:
    """Print the faces of WIDER FACE found, by height: with the settings' rules, and by HOG."""
    rules = configured_rules()
    detectors = {
        "face-recognition-hog": face_recognition.load_hog_detector(),
        "dlib-cnn, upsamplings 0": load_face_detector(rules._replace(upsamplings=0)),
        "dlib-cnn, upsamplings 1": load_face_detector(rules._replace(upsamplings=1)),
    }
    crowds, _ = read_crowds(data)
    spans = list(pairwise(HEIGHTS_PX))
    names = [
        f"{low} to {high - 1}" if high < HEIGHTS_PX[-1] else f"{low} or more" for low, high in spans
    ]
    print(f"\n| face height, px | {' | '.join(names)} |\n|{'--:|' * (len(spans) + 1)}")
    for name, detect in detectors.items():
        n_found, n_faces = [0] * len(spans), [0] * len(spans)
        for crowd in crowds:
            (faces,) = detect([decode_image(crowd.picture.read_bytes())])
            for box in crowd.boxes_xyxy:
                span = next(i for i, (_, high) in enumerate(spans) if box[3] - box[1] < high)
                n_faces[span] += 1
                n_found[span] += any(overlap(box, face.box_xyxy) >= MIN_IOU for face in faces)
        cells = [f"{a} of {b}" for a, b in zip(n_found, n_faces, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
