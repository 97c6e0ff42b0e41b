"""``thumbnail_tasks`` with recognisers and detectors without a model; loaded with ``--module``.

Their results depend only on the picture, so that results of another picture are noticed. A batch
of words takes ``SECONDS_A_BATCH``, so that a test can act meanwhile.
"""

import os
import time
from collections.abc import Sequence

from thumbnail_tasks import ExportAttributes
from thumbnail_tasks.engines.interface import Face, Word
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages import faces, words

__all__ = ["ExportAttributes"]


def read_words(pictures: Sequence[ImageRGB]) -> list[list[Word]]:
    time.sleep(float(os.environ.get("SECONDS_A_BATCH", "0")))
    return [
        [Word(f"word{picture.sum() % 97}", 0.99, (0.0, 0.0, 40.0, 20.0))] for picture in pictures
    ]


def find_faces(pictures: Sequence[ImageRGB]) -> list[list[Face]]:
    return [
        [Face(0.9, (0.0, 0.0, 60.0, 60.0))] * (1 + int(picture.sum() % 2)) for picture in pictures
    ]


words.RECOGNIZERS["rapidocr"] = words.RECOGNIZERS["rapidocr"]._replace(load=lambda: read_words)
faces.DETECTORS["dlib-cnn"] = faces.DETECTORS["dlib-cnn"]._replace(load=lambda: find_faces)
