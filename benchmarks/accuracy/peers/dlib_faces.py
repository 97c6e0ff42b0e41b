"""Find faces as face_recognition 1.3.0 does, without importing it.

``face_recognition.face_locations`` calls these detectors of dlib on the whole picture. Its import
would load four models, need ``pkg_resources``, and make Pillow decode truncated pictures in the
whole process. The calls below are those of its ``api.py``.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.timing import Contestant
from thumbnail_tasks.engines.faces.weights import DLIB_DETECTOR, DLIB_DETECTOR_SHA256
from thumbnail_tasks.pictures.decoding import decode_image


def face_recognition_hog() -> Contestant:
    """``face_locations(picture)``: its default, one upsampling."""

    def load() -> Callable[[bytes], list[Box]]:
        import dlib

        detector = dlib.get_frontal_face_detector()
        return lambda content: _find(content, lambda picture: detector(picture, 1))

    return Contestant("face_recognition hog, upsampled once", load)


def face_recognition_cnn(upsamplings: int) -> Contestant:
    """``face_locations(picture, upsamplings, model="cnn")``; cached, as it takes seconds."""

    def load() -> Callable[[bytes], list[Box]]:
        import dlib

        detector = dlib.cnn_face_detection_model_v1(str(DLIB_DETECTOR))

        def detect(content: bytes) -> list[Box]:
            return _find(
                content, lambda picture: [face.rect for face in detector(picture, upsamplings)]
            )

        return detect

    name = f"face_recognition cnn, upsampled {('not at all', 'once')[upsamplings]}"
    return Contestant(name, load, f"{name} dlib-{version('dlib-bin')} {DLIB_DETECTOR_SHA256}")


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
