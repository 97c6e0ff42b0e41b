"""TensorFlow, loaded the same way by every engine that runs on it."""

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thumbnail_tasks.engines.imports import importing


@functools.cache
def load_tensorflow() -> Any:
    """Import TensorFlow, once per process, without its greetings.

    ``tf.keras`` is Keras 2 (tf_keras), which keras-ocr needs and TensorFlow decides once per
    process; Keras 3 is still there as ``keras``.

    Returns:
        The module.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    with silence():
        with importing():
            import tensorflow as tf

        tf.config.list_logical_devices()  # a machine without a graphics card is told so
    # Graphics cards would round to 10 bits; what is found is to be the same there.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return tf


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what C++ writes to standard error: TensorFlow greets in six lines."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
