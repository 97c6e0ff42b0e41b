"""keras-ocr's two networks on today's NumPy and TensorFlow.

keras-ocr 0.9.3 (2023) brings imgaug 0.4, which reads ``numpy.sctypes`` (removed in NumPy 2.0),
and uses Keras 2 through ``tensorflow.keras`` (Keras 3 since TensorFlow 2.16).
"""

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow, silence
from thumbnail_tasks.engines.text.keras_ocr_weights import (
    WeightsFile,
    check_alphabet,
    load_weights,
    read_file,
)
from thumbnail_tasks.errors import SettingsError

Floats = NDArray[np.float32]
Network = Callable[[Floats], Floats]


def import_keras_ocr() -> ModuleType:
    """Import keras-ocr on NumPy 2 and on Keras 2, which is maintained as tf_keras.

    Raises:
        SettingsError: ``tf.keras`` was used in this process before, as Keras 3.
    """
    if not load_tensorflow().keras.Model.__module__.startswith("tf_keras"):
        raise SettingsError(
            "keras-ocr: expected a process in which tf.keras is Keras 2 (tf_keras), as with "
            "TF_USE_LEGACY_KERAS=1; found: Keras 3, already in use"
        )
    numpy: Any = np
    if not hasattr(numpy, "sctypes"):
        numpy.sctypes = {
            "int": [np.int8, np.int16, np.int32, np.int64],
            "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
            "float": [np.float16, np.float32, np.float64],
            "complex": [np.complex64, np.complex128],
            "others": [bool, object, bytes, str, np.void],
        }
    if "editdistance" not in sys.modules and not importlib.util.find_spec("editdistance"):
        # It has no wheel for Python 3.13; only keras-ocr's evaluation, which nothing here calls,
        # computes with it.
        sys.modules["editdistance"] = ModuleType("editdistance")
    with silence():
        return importlib.import_module("keras_ocr")


@functools.cache
def load_detector(file: WeightsFile) -> Network:
    """Load CRAFT.

    Returns:
        Maps (B, H, W, 3) pictures, as ``keras_ocr.detection.compute_input`` makes them, to
        (B, H/2, W/2, 2) text and link scores.

    Raises:
        WeightsError: The file is missing, is not the expected one, or does not fit.
    """
    content = read_file(file)
    keras_ocr = import_keras_ocr()
    with silence():  # it warns about a deprecated function
        network = keras_ocr.detection.build_keras_model()
    load_weights(network, content, file)
    return _compile(network, (None, None, None, 3))


@functools.cache
def load_recognizer(file: WeightsFile, alphabet: str) -> Network:
    """Load CRNN.

    Returns:
        Maps (B, 31, 200, 1) grey words, 0 to 1, to (B, 48, C + 1) probabilities of the C letters
        of the alphabet and the blank.

    Raises:
        WeightsError: The file is missing, is not the expected one, or does not fit.
    """
    content = read_file(file)
    check_alphabet(content, alphabet, file)
    recognition = import_keras_ocr().recognition
    with silence():
        _, network, _, _ = recognition.build_model(
            alphabet=alphabet, **recognition.DEFAULT_BUILD_PARAMS
        )
    load_weights(network, content, file)
    return _compile(network, (None, *network.input_shape[1:]))


def run_in_batches(network: Network, items: Iterable[Floats], n_at_once: int) -> Iterator[Floats]:
    """Run a network on items in batches of one size; the last batch is filled with blanks.

    TensorFlow chooses its algorithms by the shape of a batch: the maps and letters of four
    pictures differed in their last bits from those of single pictures (2.21, on a CPU).

    Args:
        network: Maps a batch to a batch.
        items: Arrays of one shape.
        n_at_once: Items per batch.
    """
    remaining = iter(items)
    while batch := list(islice(remaining, n_at_once)):
        filled = np.zeros((n_at_once, *batch[0].shape), np.float32)
        filled[: len(batch)] = batch
        yield from network(filled)[: len(batch)]


def _compile(network: Any, shape: tuple[int | None, ...]) -> Network:
    tf = load_tensorflow()
    graph = tf.function(
        lambda batch: network(batch, training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )
    with silence():
        graph.get_concrete_function()

    def run(batch: Floats) -> Floats:
        output: Floats = graph(batch).numpy()
        return output

    return run
