"""Accuracy and speed of keras-ocr with drawn weights (``training/keras_ocr``) on the sample.

    python -m benchmarks.keras_ocr_sample [--scale 1] [--beside-pipeline]

Run it in the repository's root; by default it uses the weights in ``tests/weights``.
"""

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import luigi
import numpy as np

from benchmarks.accuracy.words import count_words, score_words
from thumbnail_tasks.engines.text.keras_ocr import load_text_recognizer
from thumbnail_tasks.engines.text.keras_ocr_networks import import_keras_ocr
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

BATCH = 16
"""Pictures per call, as in the stage."""


def main() -> None:
    """Print words, accuracy and speed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", type=Path, default=Path("tests/weights/craft_drawn.h5"))
    parser.add_argument("--recognizer", type=Path, default=Path("tests/weights/crnn_drawn.h5"))
    parser.add_argument("--scale", type=float, default=2.0, help="[keras_ocr] scale")
    parser.add_argument(
        "--beside-pipeline", action="store_true", help="also time keras-ocr's pipeline"
    )
    args = parser.parse_args()
    config = luigi.configuration.get_config()
    config.set("keras_ocr", "detector_weights", str(args.detector))
    config.set("keras_ocr", "recognizer_weights", str(args.recognizer))
    config.set("keras_ocr", "scale", str(args.scale))

    expected, pictures = read_sample(Path("examples"))
    recognize = load_text_recognizer()

    def read(batch: list[ImageRGB]) -> list[list[str]]:
        return [[word.text for word in words] for words in recognize(batch)]

    found, seconds = read_all(read, pictures)
    counts = [
        count_words(words, "", " ".join(read_words))
        for words, read_words in zip(expected, found, strict=True)
    ]
    for words, read_words in zip(expected, found, strict=True):
        print(f"{words:35} {' '.join(read_words)}")
    print(score_words(counts))
    print(f"{seconds / len(pictures):.2f} s per picture")
    if args.beside_pipeline:
        theirs, their_seconds = read_all(load_pipeline(args), pictures)
        same = sum(sorted(a) == sorted(b) for a, b in zip(found, theirs, strict=True))
        print(
            f"keras-ocr's pipeline: {their_seconds / len(pictures):.2f} s, "
            f"{their_seconds / seconds:.2f} times ours; "
            f"{same} of {len(found)} pictures have the same words"
        )


def read_sample(folder: Path) -> tuple[list[str], list[ImageRGB]]:
    """Read the expected words of each picture, and the pictures without black bars."""
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["thumbnail_status"] == "ok"]
    files = [folder / "images" / f"{row['video_id']}.jpg" for row in rows]
    pictures = [crop_bars(decode_image(file.read_bytes())).image_rgb for file in files]
    return [row["words"] for row in rows], pictures


def read_all(
    read: Callable[[list[ImageRGB]], list[list[str]]], pictures: list[ImageRGB]
) -> tuple[list[list[str]], float]:
    """Recognise the words in batches of equal size; return them and the seconds it took."""
    by_shape = defaultdict(list)
    for i, picture in enumerate(pictures):
        by_shape[picture.shape].append(i)
    found: list[list[str]] = [[] for _ in pictures]
    start = time.perf_counter()
    for numbers in by_shape.values():
        for batch in (numbers[i : i + BATCH] for i in range(0, len(numbers), BATCH)):
            for i, words in zip(batch, read([pictures[i] for i in batch]), strict=True):
                found[i] = words
    return found, time.perf_counter() - start


def load_pipeline(args: argparse.Namespace) -> Callable[[list[ImageRGB]], list[list[str]]]:
    """Load keras-ocr's own pipeline with the same weights."""
    keras_ocr = import_keras_ocr()
    detector = keras_ocr.detection.Detector(weights=None)
    detector.model.load_weights(str(args.detector))
    recognition = keras_ocr.recognition
    recognizer = recognition.Recognizer(alphabet=recognition.DEFAULT_ALPHABET, weights=None)
    recognizer.model.load_weights(str(args.recognizer))
    pipeline = keras_ocr.pipeline.Pipeline(detector, recognizer, scale=args.scale)

    def read(pictures: list[ImageRGB]) -> list[list[str]]:
        found = pipeline.recognize(np.stack(pictures), {"verbose": 0}, {"verbose": 0})
        return [[text for text, _ in words if text] for words in found]

    return read


if __name__ == "__main__":
    main()
