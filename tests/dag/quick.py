"""``thumbnail_tasks`` with readers and detectors that need no model; taken by ``--module``.

What they find depends on the picture alone, so that another picture's results show. To read the
words of a batch takes ``SECONDS_A_BATCH``, for those who want to look on.
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
