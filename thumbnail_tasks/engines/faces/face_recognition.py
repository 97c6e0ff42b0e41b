"""The two face detectors of face_recognition 1.3.0, without importing it.

``import face_recognition`` loads four models, exits the process if one is missing, needs
``pkg_resources`` (setuptools before 81) and makes Pillow decode truncated pictures everywhere in
the process. These are the calls to dlib in its ``api.py`` (MIT licence,
https://github.com/ageitgey/face_recognition), with the same weights and boxes.

``cnn`` is Davis King's ``mmod_human_face_detector.dat``; ``dlib_cnn`` runs the same network many
times faster. ``hog`` is histograms of oriented gradients and a linear classifier
(http://dlib.net/face_detector.py.html, Boost licence): on 45 clear faces of labelled thumbnails
at 480×360 it finds 40 with one upsampling, in 0.06 s a picture; dlib's CNN without upsampling
finds 36 in 1.1 s.
"""

import functools
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from thumbnail_tasks import settings
from thumbnail_tasks.engines.faces.dlib_pyramid import enlarged_size
from thumbnail_tasks.engines.faces.weights import DLIB_DETECTOR, DLIB_DETECTOR_SHA256
from thumbnail_tasks.engines.interface import Engine, Face, FaceDetector, read_weights
from thumbnail_tasks.execution.gpus import leased_gpu, not_visible
from thumbnail_tasks.pictures.decoding import ImageRGB

_BATCH_PX = 2_000_000
"""Pixels of a batch for dlib's network, after enlarging; each takes about 170 bytes."""
_MIN_ENLARGED_PX = 10
"""For narrower pictures dlib 20.0.1's network raises, or writes out of bounds and kills the process
with SIGBUS."""


def configured_upsamplings() -> int:
    """Number of times to double the picture before detection.

    Raises:
        SettingsError: It is less than 0.
    """
    return settings.face_recognition().upsamplings


def load_cnn_detector() -> FaceDetector:
    """Load the detector of ``face_locations(…, model="cnn")`` and ``batch_face_locations``.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) of one size to B lists of faces, highest score first.
        A box's right and bottom are dlib's last column and row, as in face_recognition: one pixel
        less than those of ``dlib_cnn``. The result for a picture does not depend on the others of
        the batch: batches of 1, 2, 3 and 8 gave the same bits (dlib 20.0.1).

    Raises:
        WeightsError: The weights are missing, or not the expected ones.
        SettingsError: A setting is out of range.
        GpuError: The process has a GPU, but dlib does not see it.
    """
    return _load_cnn(configured_upsamplings())


def load_hog_detector() -> FaceDetector:
    """Load the detector of ``face_locations(…, model="hog")``, which is compiled into dlib.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of faces, highest score first; boxes as in
        ``load_cnn_detector``.

    Raises:
        SettingsError: A setting is out of range.
    """
    return _load_hog(configured_upsamplings())


def _check_cnn() -> None:
    read_weights(DLIB_DETECTOR, DLIB_DETECTOR_SHA256)
    if gpu := leased_gpu():
        import dlib

        if not (dlib.DLIB_USE_CUDA and dlib.cuda.get_num_devices()):
            lacks = "which finds no GPU" if dlib.DLIB_USE_CUDA else "built without CUDA"
            raise not_visible(
                gpu,
                f"dlib {dlib.__version__}, {lacks}",
                "Choose [engines] faces = dlib-cnn, which runs the same network on ONNX Runtime",
            )


@functools.cache
def _load_cnn(upsamplings: int) -> FaceDetector:
    _check_cnn()
    import dlib

    detector = dlib.cnn_face_detection_model_v1(str(DLIB_DETECTOR))

    def detect(images_rgb: Sequence[ImageRGB]) -> list[list[Face]]:
        if not images_rgb:
            return []
        height, width = images_rgb[0].shape[:2]
        for _ in range(upsamplings):
            width, height = enlarged_size(width, height)
        if min(width, height) < _MIN_ENLARGED_PX:
            return [[] for _ in images_rgb]
        n_at_once = max(1, _BATCH_PX // (width * height))
        found = []
        for start in range(0, len(images_rgb), n_at_once):
            batch = [np.ascontiguousarray(each) for each in images_rgb[start : start + n_at_once]]
            for image_rgb, detections in zip(
                batch, detector(batch, upsamplings, batch_size=n_at_once), strict=True
            ):
                found.append([_to_face(one.rect, one.confidence, image_rgb) for one in detections])
        return found

    return detect


@functools.cache
def _load_hog(upsamplings: int) -> FaceDetector:
    import dlib

    detector = dlib.get_frontal_face_detector()

    def detect(images_rgb: Sequence[ImageRGB]) -> list[list[Face]]:
        found = []
        for image_rgb in images_rgb:
            boxes, scores, _ = detector.run(np.ascontiguousarray(image_rgb), upsamplings, 0.0)
            found.append(
                [_to_face(box, score, image_rgb) for box, score in zip(boxes, scores, strict=True)]
            )
        return found

    return detect


def _to_face(box: Any, score: float, image_rgb: ImageRGB) -> Face:
    """Turn one of dlib's rectangles into a face, trimmed like ``_trim_css_to_bounds``."""
    height, width = image_rgb.shape[:2]
    return Face(
        score,
        (
            max(box.left(), 0),
            max(box.top(), 0),
            min(box.right(), width),
            min(box.bottom(), height),
        ),
    )


CNN_ENGINE = Engine(
    load=load_cnn_detector,
    name=lambda: f"face-recognition-cnn-{version('dlib-bin')}",
    about=lambda: {"weights": DLIB_DETECTOR_SHA256, "upsamplings": configured_upsamplings()},
    modules=("dlib",),
    check=_check_cnn,
)

HOG_ENGINE = Engine(
    load=load_hog_detector,
    name=lambda: f"face-recognition-hog-{version('dlib-bin')}",
    about=lambda: {"upsamplings": configured_upsamplings()},
    modules=("dlib",),
)
