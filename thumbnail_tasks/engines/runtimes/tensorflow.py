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

_MORE_CUDA_PACKAGES = "requirements/notebook-cuda.lock"
"""Packages that only TensorFlow needs to find a GPU."""


def check_gpu() -> None:
    """Check that TensorFlow sees this process's GPU, if it has one; it loads no model.

    Raises:
        GpuError: TensorFlow does not see it.
    """
    if leased_gpu():
        load_tensorflow()


@functools.cache
def load_tensorflow() -> Any:
    """Import TensorFlow, once per process, without its start-up messages.

    ``tf.keras`` is Keras 2 (tf_keras), which keras-ocr needs; TensorFlow decides
    this once per process. Keras 3 is available as ``keras``.

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

        # Within the block, because it logs a message if there is none.
        n_gpus = len(tf.config.list_logical_devices("GPU"))
    if (gpu := leased_gpu()) and not n_gpus:
        built = tf.sysconfig.get_build_info()
        raise not_visible(
            gpu,
            f"TensorFlow {tf.__version__}, built for CUDA {built['cuda_version']} and cuDNN "
            f"{built['cudnn_version']}, but the driver or one of their libraries is missing"
            if built["is_cuda_build"]
            else f"TensorFlow {tf.__version__}, built without CUDA",
            f"Install the driver and CUDA's packages ({CUDA_PACKAGES}, {_MORE_CUDA_PACKAGES})",
        )
    # GPUs would round to 10 bits; results must be the same as on a CPU.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return tf


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discard what C++ code writes to stderr: six lines when TensorFlow starts."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as devnull:
            os.dup2(devnull.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
