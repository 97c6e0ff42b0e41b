"""TensorFlow, imported and configured the same way for all engines."""

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
    """Import TensorFlow, once per process, without its start-up messages.

    ``tf.keras`` is Keras 2 (tf_keras), which keras-ocr needs and TensorFlow decides once per
    process; Keras 3 is available as ``keras``.

    Returns:
        The module.

    Raises:
        GpuError: The process has a GPU, but TensorFlow does not see it.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # instead of all of the GPU's memory at once
    # Choosing algorithms by timing would change results between runs, and time each picture size.
    os.environ["TF_CUDNN_USE_AUTOTUNE"] = "0"
    with silence():
        with importing():
            import tensorflow as tf

        n_cards = len(
            tf.config.list_logical_devices("GPU")
        )  # it logs a message on machines without one
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
    # GPUs would round to 10 bits; results must be the same as on a CPU.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return tf


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what C++ writes to stderr: six lines at TensorFlow's start."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
