"""Peers of the accuracy benchmark, and face_recognition, one picture at a time."""

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.turns import Run
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image


def load_one_by_one(load: Callable[[], Callable[[bytes], Any]]) -> Run:
    """A contender from a function of one encoded picture.

    Args:
        load: That of a ``benchmarks.accuracy.timing.Contestant``; a module-level function.
    """
    run = load()
    return lambda contents: [run(content) for content in contents]


def load_face_locations(model: str, upsamplings: int) -> Callable[..., list[list[Box]]]:
    """``face_recognition.face_locations`` on decoded or encoded pictures; returns boxes.

    Raises:
        MissingError: The package is not installed.
    """
    if importlib.util.find_spec("face_recognition") is None:
        raise MissingError("the package face_recognition is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the deprecated pkg_resources
        import face_recognition

    def locate(pictures: Sequence[bytes | ImageRGB]) -> list[list[Box]]:
        found = []
        for picture in pictures:
            image_rgb = decode_image(picture) if isinstance(picture, bytes) else picture
            boxes = face_recognition.face_locations(image_rgb, upsamplings, model)
            found.append([(left, top, right, bottom) for top, right, bottom, left in boxes])
        return found

    return locate
