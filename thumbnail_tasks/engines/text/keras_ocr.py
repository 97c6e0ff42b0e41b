"""keras-ocr's detector and recogniser, CRAFT and CRNN, as the notebook used them.

Boxes and texts equal those of ``keras_ocr.pipeline.Pipeline.recognize`` of keras-ocr 0.9.3
(https://github.com/faustomorales/keras-ocr, MIT), called with one picture. Differences:

* Pictures are never padded, because padding changes what is recognised.
* Each word is found within its own window of the map (``craft_boxes``); pictures are prepared,
  searched and cropped on all cores while the network processes the next ones.
* The recogniser gets the words of all pictures together. Both networks run on batches of one
  size, filled up with blanks, so that results do not depend on the batch.
"""

import functools
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word
from thumbnail_tasks.engines.runtimes.tensorflow import check_gpu, load_tensorflow
from thumbnail_tasks.engines.runtimes.threads import count_threads
from thumbnail_tasks.engines.text.craft_boxes import Quad, Thresholds, find_quads
from thumbnail_tasks.engines.text.crnn_words import crop_word, read_letters
from thumbnail_tasks.engines.text.keras_ocr_networks import (
    Floats,
    import_keras_ocr,
    load_detector,
    load_recognizer,
    run_in_batches,
)
from thumbnail_tasks.engines.text.keras_ocr_weights import (
    WeightsFile,
    check_alphabet,
    check_format,
    choose_file,
    needed_weights,
    read_file,
)
from thumbnail_tasks.engines.text.reading_order import level_boxes, order_lines
from thumbnail_tasks.engines.text.scripts import LATIN, script_of
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.pictures.decoding import ImageRGB

_MIN_SIDE_PX = 16
"""Minimum side of a picture for the detector, which halves it four times."""
_GPU_BATCH_PX = 4_000_000
"""Pixels of a batch of pictures on a GPU: seven thumbnails, doubled."""
_GPU_BATCH_WORDS, _CPU_BATCH_WORDS = 64, 4
"""Words in a batch of the recogniser."""


class Reading(NamedTuple):
    """Recognition settings."""

    detector: WeightsFile
    recognizer: WeightsFile
    alphabet: str
    """Characters of the recogniser's classes, in order; one more class is the blank."""
    scale: float
    """Factor by which pictures are enlarged before detection."""
    max_size_px: int
    """Largest side after enlarging."""
    thresholds: Thresholds


def load_text_recognizer() -> TextRecognizer:
    """Load both networks with the weights in the settings, without downloading any.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) of one size to B lists of words in reading order; in
        lower case with keras-ocr's own weights. A word's box is the upright one around its
        corners, within the picture. Its confidence is the mean probability of its letters on the
        recogniser's best path, each where it is highest. The result for a picture does not depend
        on the others of the batch.

    Raises:
        WeightsError: A weights file is missing, is not the expected one, or does not fit.
        SettingsError: A setting is out of range.
    """
    return _load(configured_reading())


def configured_reading() -> Reading:
    """The recognition settings.

    Raises:
        WeightsError: A weights file cannot be read.
        SettingsError: A setting is out of range.
    """
    configured = settings.keras_ocr()
    if not configured.alphabet:
        raise SettingsError("[keras_ocr] alphabet: expected at least one letter; found: ''")
    return Reading(
        choose_file("detector_weights"),
        choose_file("recognizer_weights"),
        configured.alphabet,
        configured.scale,
        configured.max_size_px,
        Thresholds(
            configured.detection_threshold,
            configured.text_threshold,
            configured.link_threshold,
            configured.size_threshold,
        ),
    )


def describe_reading() -> dict[str, Any]:
    """Everything that changes the output, for the engine tag."""
    reading = configured_reading()
    return {
        **reading._asdict(),
        "detector": reading.detector.sha256,
        "recognizer": reading.recognizer.sha256,
        "thresholds": reading.thresholds._asdict(),
        "reading": 1,  # increment when a change of this package changes the output
    }


@functools.cache
def _load(reading: Reading) -> TextRecognizer:
    score = load_detector(reading.detector)
    read = load_recognizer(reading.recognizer, reading.alphabet)
    keras_ocr = import_keras_ocr()
    has_gpu = bool(load_tensorflow().config.list_logical_devices("GPU"))
    n_words = _GPU_BATCH_WORDS if has_gpu else _CPU_BATCH_WORDS
    pool = ThreadPoolExecutor(count_threads(), "keras-ocr")

    def recognize(
        images_rgb: Sequence[ImageRGB], _: Sequence[Collection[str]] = ()
    ) -> list[list[Word]]:
        if not images_rgb:
            return []
        height, width = images_rgb[0].shape[:2]
        size, scale = fit_size(width, height, reading.scale, reading.max_size_px)
        if min(size) < _MIN_SIDE_PX:
            return [[] for _ in images_rgb]
        # On a CPU, batches of several pictures are no faster.
        n_pictures = max(1, _GPU_BATCH_PX // (size[0] * size[1])) if has_gpu else 1
        enlarged = list(pool.map(functools.partial(_resize, size=size), images_rgb))
        inputs = pool.map(keras_ocr.detection.compute_input, enlarged)
        crop = functools.partial(_crop_words, keras_ocr.tools, reading.thresholds)
        pieces = list(pool.map(crop, enlarged, run_in_batches(score, inputs, n_pictures)))
        words = (word for _, crops in pieces for word in crops)
        probabilities = run_in_batches(read, words, n_words)
        found = []
        for quads, _ in pieces:
            texts = [
                read_letters(letters, reading.alphabet)
                for letters in islice(probabilities, len(quads))
            ]
            found.append(_order_words(texts, [quad * (1 / scale) for quad in quads], width, height))
        return found

    return recognize


def fit_size(width: int, height: int, scale: float, max_size: int) -> tuple[tuple[int, int], float]:
    """Width and height of a picture for detection, and the factor of enlargement."""
    if max(width, height) * scale > max_size:
        scale = max_size / max(width, height)
    return (int(width * scale), int(height * scale)), scale


def _resize(image_rgb: ImageRGB, size: tuple[int, int]) -> ImageRGB:
    import cv2

    resized: ImageRGB = cv2.resize(image_rgb, size)
    return resized


def _crop_words(
    tools: ModuleType, thresholds: Thresholds, image_rgb: ImageRGB, maps: Floats
) -> tuple[list[Quad], list[Floats]]:
    """The words of a picture: corners and crops."""
    import cv2

    image_gray = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
    quads = find_quads(maps, thresholds)
    return quads, [crop_word(tools, image_gray, quad) for quad in quads]


def _order_words(
    texts: Sequence[tuple[str, float]], quads: Sequence[Quad], width: int, height: int
) -> list[Word]:
    """The recognised words of a picture of this size, in reading order."""
    words, corners = [], []
    for (text, confidence), quad in zip(texts, quads, strict=True):
        if text:
            inside = np.clip(quad, 0, (width, height))
            (x_min, y_min), (x_max, y_max) = (
                inside.min(axis=0).tolist(),
                inside.max(axis=0).tolist(),
            )
            words.append(Word(text, confidence, (x_min, y_min, x_max, y_max), script_of([text])))
            corners.append(quad)
    return [words[i] for i in order_lines(level_boxes(corners))]


def _check() -> None:
    reading = configured_reading()
    for file in (reading.detector, reading.recognizer):
        if file.path.exists():  # else FetchWeights downloads it
            content = read_file(file)
            check_format(content, file)
            if file == reading.recognizer:
                check_alphabet(content, reading.alphabet, file)
    check_gpu()


ENGINE = Engine(
    load=load_text_recognizer,
    name=lambda: f"keras-ocr-{version('keras-ocr')}",
    about=describe_reading,
    weights=needed_weights,
    scripts=(LATIN,),
    modules=("tensorflow", "tf_keras", "keras_ocr"),
    check=_check,
)
