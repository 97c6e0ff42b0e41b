"""``thumbnail_tasks`` with engines that have no model; loaded with ``--module``.

Their results depend on their input, so that results of another input are noticed. A batch of words
takes ``$SECONDS_A_BATCH``, so that a test can act meanwhile; it waits while the file ``$HELD``
exists, so that a run is in its middle until it is killed or the file removed.
"""

import os
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks import ExportAttributes
from thumbnail_tasks.engines import languages
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.engines.emotions.face_quality import FaceQuality
from thumbnail_tasks.engines.interface import DetectedObject, Face, Word
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.engines.spelling import TextCorrector
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import EMOTION_LABELS
from thumbnail_tasks.stages import embeddings, emotions, faces, objects, texts, words

__all__ = ["ExportAttributes"]


def read_words(
    pictures: Sequence[ImageRGB], expected: Sequence[Collection[str]] = ()
) -> list[list[Word]]:
    while "HELD" in os.environ and Path(os.environ["HELD"]).exists():
        time.sleep(0.05)
    time.sleep(float(os.environ.get("SECONDS_A_BATCH", "0")))
    return [
        [Word(f"word{picture.sum() % 97}", 0.99, (0.0, 0.0, 40.0, 20.0))] for picture in pictures
    ]


def find_faces(pictures: Sequence[ImageRGB]) -> list[list[Face]]:
    return [
        [Face(0.9, (0.0, 0.0, 60.0, 60.0))] * (1 + int(picture.sum() % 2)) for picture in pictures
    ]


def find_objects(pictures: Sequence[ImageRGB]) -> list[list[DetectedObject]]:
    person = DetectedObject("person", 0.9, (0.0, 0.0, 60.0, 60.0))
    tie = DetectedObject("tie", 0.5, (10.0, 30.0, 20.0, 60.0))
    return [[person] * int(picture.sum() % 3) + [tie] for picture in pictures]


def load_corrector(counts: Mapping[str, int]) -> TextCorrector:
    def correct(
        read: Sequence[str], are_sure: object, titles: object, languages: object
    ) -> list[str]:
        return [word.upper() if word in counts else word for word in read]

    return correct


def tell(read: Sequence[str], contexts: Sequence[str]) -> list[Languages]:
    return [(("en", 1.0 / (1 + len(text) % 2)),) for text in read]


def encode(batch: Sequence[str]) -> NDArray[np.float32]:
    chances = [np.random.default_rng(zlib.crc32(text.encode())) for text in batch]
    return np.array([chance.random(512) for chance in chances], np.float32).reshape(-1, 512)


def classify(crops: Sequence[ImageRGB]) -> NDArray[np.float32]:
    labels = [int(crop.sum()) % len(EMOTION_LABELS) for crop in crops]
    return np.eye(len(EMOTION_LABELS), dtype=np.float32)[labels]


def judge(picture: ImageRGB, box_xyxy: Iterable[float]) -> FaceQuality:
    is_odd = bool(picture.sum() % 2)
    return FaceQuality(is_too_small=is_odd, is_blurred=False, is_turned=not is_odd)


words.RECOGNIZERS["rapidocr"] = words.RECOGNIZERS["rapidocr"]._replace(load=lambda: read_words)
faces.DETECTORS["dlib-cnn"] = faces.DETECTORS["dlib-cnn"]._replace(load=lambda: find_faces)
texts.CORRECTORS["pyspellchecker"] = texts.CORRECTORS["pyspellchecker"]._replace(
    load=load_corrector
)
embeddings.ENCODERS["use-multilingual"] = embeddings.ENCODERS["use-multilingual"]._replace(
    load=lambda: encode
)
emotions.CLASSIFIERS["fer2013"] = emotions.CLASSIFIERS["fer2013"]._replace(load=lambda: classify)
objects.DETECTORS["nanodet"] = objects.DETECTORS["nanodet"]._replace(load=lambda: find_objects)
languages.load_language_teller = lambda: tell
face_quality.load_face_judge = lambda: judge  # type: ignore[assignment]
