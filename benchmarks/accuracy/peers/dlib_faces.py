"""Find faces as face_recognition 1.3.0 does, without importing it.

``face_recognition.face_locations`` calls these detectors of dlib on the whole picture. Its import
would load four models, need ``pkg_resources``, and make Pillow decode truncated pictures in the
whole process. The calls below are those of its ``api.py``.
"""

import hashlib
import importlib.util
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.timing import Contestant
from thumbnail_tasks.pictures.decoding import decode_image

_CNN_FILE = "mmod_human_face_detector.dat"


def find_cnn_weights() -> Path:
    """Find the file of the CNN detector in face_recognition_models.

    Raises:
        MissingError: The package is not installed.
    """
    package = importlib.util.find_spec("face_recognition_models")
    for folder in package.submodule_search_locations or () if package else ():
        path = Path(folder, "models", _CNN_FILE)
        if path.exists():
            return path
    raise MissingError(f"no {_CNN_FILE}: face_recognition_models is not installed")


def face_recognition_hog() -> Contestant:
    """``face_locations(picture)``: its default, one upsampling."""

    def load() -> Callable[[bytes], list[Box]]:
        import dlib

        detector = dlib.get_frontal_face_detector()
        return lambda content: _find(content, lambda picture: detector(picture, 1))

    return Contestant("face_recognition hog, upsampled once", load)


def face_recognition_cnn(upsamplings: int) -> Contestant:
    """``face_locations(picture, upsamplings, model="cnn")``; cached, as it takes seconds.

    Raises:
        MissingError: Its weights are not installed.
    """
    weights = find_cnn_weights()
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()

    def load() -> Callable[[bytes], list[Box]]:
        import dlib

        detector = dlib.cnn_face_detection_model_v1(str(weights))

        def detect(content: bytes) -> list[Box]:
            return _find(
                content, lambda picture: [face.rect for face in detector(picture, upsamplings)]
            )

        return detect

    name = f"face_recognition cnn, upsampled {('not at all', 'once')[upsamplings]}"
    return Contestant(name, load, f"{name} dlib-{version('dlib-bin')} {digest}")


def _find(content: bytes, detect: Callable[[Any], Any]) -> list[Box]:
    """Detect, and clip the boxes to the picture as ``face_locations`` does."""
    picture = decode_image(content)
    height, width = picture.shape[:2]
    return [
        (
            max(box.left(), 0),
            max(box.top(), 0),
            min(box.right(), width),
            min(box.bottom(), height),
        )
        for box in detect(picture)
    ]
