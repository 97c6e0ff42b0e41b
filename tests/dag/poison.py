"""``thumbnail_tasks`` where some pictures kill a process; loaded with ``--module``.

A file with ``kill-with:11`` in it kills its decoder by signal 11. A picture whose first pixel is
(1, 2, 11) kills the text recogniser so. The face detector has memory for two pictures at once, and
for none whose first pixel is (7, 7, 7). With ``$KILLED_WHEN_LOADED`` the text recogniser cannot
even be loaded.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from thumbnail_tasks import ExportAttributes
from thumbnail_tasks.pictures import decoding
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages import faces, words

__all__ = ["ExportAttributes"]

TOO_LARGE = (7, 7, 7)
_N_IN_MEMORY = 2
_read_header = decoding.read_header


def read_header(data: bytes) -> Any:
    if found := re.search(rb"kill-with:(\d+)", data):
        os.kill(os.getpid(), int(found[1]))
    return _read_header(data)


def before(load: Callable[[], Any], look: Callable[[list[list[int]]], None]) -> Callable[[], Any]:
    def load_engine() -> Any:
        engine = load()

        def run(pictures: Sequence[ImageRGB], *about: Any) -> Any:
            look([list(picture[0, 0]) for picture in pictures])
            return engine(pictures, *about)

        return run

    return load_engine


def load_or_die(load: Callable[[], Any]) -> Callable[[], Any]:
    def load_engine() -> Any:
        os.kill(os.getpid(), int(os.environ["KILLED_WHEN_LOADED"]))
        return load()

    return load_engine


def kill(first_pixels: list[list[int]]) -> None:
    for red, green, blue in first_pixels:
        if (red, green) == (1, 2):
            os.kill(os.getpid(), int(blue))


def run_out_of_memory(first_pixels: list[list[int]]) -> None:
    if len(first_pixels) > _N_IN_MEMORY or list(TOO_LARGE) in first_pixels:
        raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory for 9 bytes")


decoding.read_header = read_header
reader, detector = words.RECOGNIZERS["rapidocr"], faces.DETECTORS["dlib-cnn"]
load_reader = load_or_die(reader.load) if "KILLED_WHEN_LOADED" in os.environ else reader.load
words.RECOGNIZERS["rapidocr"] = reader._replace(load=before(load_reader, kill))
faces.DETECTORS["dlib-cnn"] = detector._replace(load=before(detector.load, run_out_of_memory))
