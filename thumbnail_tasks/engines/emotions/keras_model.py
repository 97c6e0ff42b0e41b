"""Any Keras emotion network that maps grey faces to seven probabilities.

The file, its scaling and the order of its classes are settings, because the file does not contain
the last two, and wrong ones give no error. On FER2013's PublicTest (3,589 faces) the notebook's
network classifies 36.5 % correctly with values 0-1 and 22.8 % with 0-255, as in the notebook;
mini_XCEPTION (github.com/oarriaga/face_classification) 65.2 %, 54.2 % with 0-1 instead of -1-1, and
38.7 % with its last three labels in alphabetical order.
"""

import functools
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.engines.emotions.fer2013 import (
    FRAME_SHIFT_Y,
    FRAME_SIDE,
    EmotionClassifier,
    prepare_face,
)
from thumbnail_tasks.engines.emotions.keras_safety import check_keras_model, load_keras_model
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.engines.runtimes.tensorflow import check_gpu
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import EMOTION_LABELS

BATCH_SIZE = 16
"""Size of every batch; the last one is padded with black. TensorFlow 2.21 gives different bits
(by up to 1e-6) for batches of 1, 3 and 7 than for 64, but within one size a face's result does not
depend on its position or on the other faces."""

_SCALINGS = {"0-1": (1 / 255, 0), "-1-1": (1 / 127.5, -1), "0-255": (1, 0)}
"""Factor and shift of grey from 0 to 255."""
_SUM_TOLERANCE = 1e-3


class ConfiguredModel(NamedTuple):
    """The Keras file in the settings, and how it is used."""

    path: Path
    sha256: str
    """SHA-256 of the file."""
    is_trusted: bool
    """Whether the settings name this SHA-256."""
    input_px: int
    """0: read from the file."""
    scaling: str
    labels: tuple[str, ...]


def configured_model() -> ConfiguredModel:
    """The file in the settings: hashed, but not opened as a model.

    Raises:
        SettingsError: A setting is missing or invalid.
        WeightsError: The file is missing, or its SHA-256 is not the one in the settings.
    """
    configured = settings.keras_emotions()
    if not configured.path:
        raise SettingsError(
            "[keras_emotions] path: expected your own .hdf5, .h5 or .keras file; found none. "
            "The notebook's is not shipped, because it has no licence; "
            "[engines] emotions = fer2013 needs no file."
        )
    path = Path(configured.path)
    found, expected = _hash_file(path), configured.sha256.strip().lower()
    if expected not in ("", found):
        raise WeightsError(
            f"{path}: expected SHA-256 {expected}, set by [keras_emotions] sha256; found {found}"
        )
    return ConfiguredModel(
        path,
        sha256=found,
        is_trusted=bool(expected),
        input_px=configured.input_px,
        scaling=configured.scaling,
        labels=read_labels(configured.labels),
    )


def read_labels(text: str) -> tuple[str, ...]:
    """Parse the order of the seven emotions.

    Args:
        text: Their names separated by commas, in any case.

    Raises:
        SettingsError: They are not the seven emotions, each once.
    """
    labels = tuple(label.strip().lower() for label in text.split(","))
    counts = Counter(labels)
    faults = {
        "missing": [label for label in EMOTION_LABELS if not counts[label]],
        "more than once": [label for label in EMOTION_LABELS if counts[label] > 1],
        "unknown": [repr(label) for label in counts if label not in EMOTION_LABELS],
    }
    if any(faults.values()):
        listed = "; ".join(
            f"{fault}: {', '.join(which)}" for fault, which in faults.items() if which
        )
        raise SettingsError(
            f"[keras_emotions] labels: expected {', '.join(EMOTION_LABELS)}, each once and in the "
            f"order of the file's outputs; found: {text!r} ({listed})"
        )
    return labels


def _hash_file(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        raise WeightsError(
            f"{path}: expected the Keras file that [keras_emotions] path names; "
            f"found: {error.strerror}"
        ) from error


def load_emotion_classifier() -> EmotionClassifier:
    """Load the network in the settings, once per process.

    Returns:
        The classifier. A face's row does not depend on the others of the batch.

    Raises:
        SettingsError: A setting is invalid.
        WeightsError: The file is not the expected one, is damaged, contains code that is not
            trusted, or has another input or output; when called, also if its output is not
            probabilities.
    """
    return _load(configured_model())


@functools.cache
def _load(file: ConfiguredModel) -> EmotionClassifier:
    model = load_keras_model(file.path, _read(file), file.sha256, file.is_trusted)
    side_px = _check_shapes(model, file)
    factor, shift = map(np.float32, _SCALINGS[file.scaling])
    columns = [file.labels.index(label) for label in EMOTION_LABELS]

    def classify(faces_rgb: Sequence[ImageRGB]) -> NDArray[np.float32]:
        rows = np.empty((len(faces_rgb), len(EMOTION_LABELS)), np.float32)
        for start in range(0, len(faces_rgb), BATCH_SIZE):
            faces = faces_rgb[start : start + BATCH_SIZE]
            grey = np.zeros((BATCH_SIZE, side_px, side_px, 1), np.float32)
            grey[: len(faces), ..., 0] = [prepare_face(face, side_px) for face in faces]
            outputs = model.predict_on_batch(grey * factor + shift)
            rows[start : start + len(faces)] = outputs[: len(faces)]
        _check_probabilities(rows, file.path)
        return rows[:, columns]

    return classify


def _read(file: ConfiguredModel) -> bytes:
    content = file.path.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise WeightsError(
            f"{file.path}: expected SHA-256 {file.sha256}, as read before; found another file"
        )
    return content


def _check() -> None:
    file = configured_model()
    check_keras_model(file.path, _read(file), file.sha256, file.is_trusted)
    check_gpu()


def _check_shapes(model: Any, file: ConfiguredModel) -> int:
    """Check input and output, and return the side of the input in pixels."""
    input_shape, output_shape = _shape(model, "input_shape"), _shape(model, "output_shape")
    is_image = isinstance(input_shape, tuple) and len(input_shape) == 4
    side_px = input_shape[1] if is_image else None
    if side_px is None or input_shape != (None, side_px, side_px, 1):
        raise WeightsError(
            f"{file.path}: expected one grey, square input (None, s, s, 1); found: {input_shape}"
        )
    if output_shape != (None, len(EMOTION_LABELS)):
        raise WeightsError(
            f"{file.path}: expected one output of {len(EMOTION_LABELS)} emotions "
            f"(None, {len(EMOTION_LABELS)}); found: {output_shape}"
        )
    if file.input_px not in (0, side_px):
        raise SettingsError(
            f"[keras_emotions] input_px: expected {side_px}, the input of {file.path}, or 0; "
            f"found: {file.input_px}"
        )
    return int(side_px)


def _shape(model: Any, which: str) -> Any:
    try:
        return getattr(model, which)
    except (AttributeError, ValueError):  # a Sequential model without an input
        return "none"


def _check_probabilities(rows: NDArray[np.float32], path: Path) -> None:
    sums = rows.sum(axis=1)
    is_wrong = ~((np.abs(sums - 1) <= _SUM_TOLERANCE) & (rows >= 0).all(axis=1))  # true for NaN
    if is_wrong.any():
        wrong = rows[is_wrong.argmax()]
        raise WeightsError(
            f"{path}: expected probabilities, not below 0 and with a sum of 1 (a softmax at the "
            f"end); found a face with {', '.join(f'{value:.3g}' for value in wrong)}, "
            f"sum {wrong.sum():.3g}"
        )


def describe() -> Mapping[str, Any]:
    """Everything that changes the output; the SHA-256 covers the side of the input."""
    file = configured_model()
    return {
        "sha256": file.sha256,
        "scaling": file.scaling,
        "labels": ",".join(file.labels),
        "frame_side": FRAME_SIDE,
        "frame_shift_y": FRAME_SHIFT_Y,
    }


ENGINE = Engine(
    load=load_emotion_classifier,
    name=lambda: f"keras-{configured_model().sha256[:8]}",
    about=describe,
    modules=("tensorflow", "tf_keras", "keras"),
    check=_check,
)
