"""The notebook's emotion network in tf_keras, one face at a time (as there) or in batches."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.peers.keras_emotions import UNIT, prepare
from benchmarks.speed.turns import Run
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow

FILE = "emotion_model_v6_23.hdf5"


def load_notebook_emotions(path: Path, batch_size: int) -> Run:
    """The network on (48, 48) grey faces, in batches.

    Raises:
        MissingError: The file or tf_keras is missing.
    """
    predict = load_network(path)

    def run(faces: Sequence[NDArray[np.uint8]]) -> None:
        for start in range(0, len(faces), batch_size):
            predict(np.stack(faces[start : start + batch_size]))

    return run


def load_network(path: Path) -> Callable[[NDArray[np.uint8]], Any]:
    """``model.predict`` on (N, h, w) grey faces; returns (N, 7) probabilities.

    Raises:
        MissingError: The file or tf_keras is missing.
    """
    if not path.exists():
        raise MissingError(f"no file {path}")
    if importlib.util.find_spec("tf_keras") is None:
        raise MissingError("the package tf-keras is not installed")
    load_tensorflow()  # selects Keras 2, which the file requires
    import tf_keras

    model = tf_keras.models.load_model(path, compile=False)
    side_px = model.input_shape[1]
    return lambda faces: model.predict(prepare(faces, side_px, UNIT), verbose=0)
