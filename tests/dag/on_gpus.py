"""``thumbnail_tasks`` with engines that report which GPU they see; loaded with
``--module``. The text of every picture is ``$CUDA_VISIBLE_DEVICES``.
"""

import os
import time
from collections.abc import Collection, Sequence

from tests.dag import quick as quick
from thumbnail_tasks import ExportAttributes
from thumbnail_tasks.engines.interface import Face, Word
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages import emotions, faces, words

__all__ = ["ExportAttributes"]

_SECONDS_PER_PICTURE = 0.05


def read_gpu(
    pictures: Sequence[ImageRGB], expected: Sequence[Collection[str]] = ()
) -> list[list[Word]]:
    time.sleep(_SECONDS_PER_PICTURE * len(pictures))
    return [[Word(os.environ["CUDA_VISIBLE_DEVICES"], 1.0, (0, 0, 100, 100))] for _ in pictures]


def find_none(pictures: Sequence[ImageRGB]) -> list[list[Face]]:
    time.sleep(_SECONDS_PER_PICTURE * len(pictures))
    return [[] for _ in pictures]


def see_gpu() -> None:
    pass


words.RECOGNIZERS["rapidocr"] = words.RECOGNIZERS["rapidocr"]._replace(
    load=lambda: read_gpu, check=see_gpu
)
faces.DETECTORS["dlib-cnn"] = faces.DETECTORS["dlib-cnn"]._replace(
    load=lambda: find_none, check=see_gpu
)
emotions.CLASSIFIERS["fer2013"] = emotions.CLASSIFIERS["fer2013"]._replace(check=see_gpu)
