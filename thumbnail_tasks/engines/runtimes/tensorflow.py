"""TensorFlow, loaded the same way by every engine that runs on it."""

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thumbnail_tasks.engines.runtimes.fast_imports import importing
from thumbnail_tasks.execution.gpus import CUDA_PACKAGES, leased_gpu, not_visible


@functools.cache
def load_tensorflow() -> Any:
    """Import TensorFlow, once per process, without its greetings.

    ``tf.keras`` is Keras 2 (tf_keras), which keras-ocr needs and TensorFlow decides once per
    process; Keras 3 is still there as ``keras``.

    Returns:
        The module.

    Raises:
        GpuError: The process has a gpu, and TensorFlow does not see it.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # instead of all the card's memory at once
    # Choosing by the clock, it would compute otherwise in each run, and time each size of picture.
    os.environ["TF_CUDNN_USE_AUTOTUNE"] = "0"
    with silence():
        with importing():
            import tensorflow as tf

        n_cards = len(tf.config.list_logical_devices("GPU"))  # a machine without is told so
    if (gpu := leased_gpu()) and not n_cards:
        built = tf.sysconfig.get_build_info()
        raise not_visible(
            gpu,
            f"TensorFlow {tf.__version__}, built for CUDA {built['cuda_version']} and cuDNN "
            f"{built['cudnn_version']}, to which the driver or one of their libraries is missing"
            if built["is_cuda_build"]
            else f"TensorFlow {tf.__version__}, built without CUDA",
            f"Install the driver and CUDA's packages ({CUDA_PACKAGES})",
        )
    # Graphics gpus would round to 10 bits; what is found is to be the same there.
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
