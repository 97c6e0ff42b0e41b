"""ONNX Runtime sessions with the same options for all engines."""

from typing import Any

from thumbnail_tasks.engines.runtimes.threads import count_threads
from thumbnail_tasks.execution.gpus import CUDA_PACKAGES, leased_gpu, not_visible

_CUDA = "CUDAExecutionProvider"
_CUDA_OPTIONS = {
    # Not by timing, which would choose different algorithms in each run and take seconds for each
    # width of a line.
    "cudnn_conv_algo_search": "HEURISTIC",
    # TF32 rounds to 10 bits; results must be the same as on a CPU.
    "use_tf32": "0",
}

_IDENTITY = bytes.fromhex(
    "08083a370a100a017812017922084964656e746974791201675a0f0a0178120a0a08080112040a020801620f0a0179"
    "120a0a08080112040a0208014202100d"
)
"""The smallest ONNX file: one number in, the same number out."""


def check_gpu() -> None:
    """Check that ONNX Runtime computes on this process's GPU, if it has one; it loads no model.

    Raises:
        GpuError: ONNX Runtime does not see it.
    """
    if leased_gpu():
        open_session(_IDENTITY)


def open_session(model: bytes | str, n_threads: int | None = None, is_on_cpu: bool = False) -> Any:
    """Open a model on this process's GPU, or on the CPU if it has none.

    Args:
        model: The content of an ONNX file, or its path.
        n_threads: Threads per operation; None: one, as for ``map_pictures``, or all with a GPU.
        is_on_cpu: Whether to use the CPU even if the process has a GPU.

    Returns:
        The ``onnxruntime.InferenceSession``.

    Raises:
        GpuError: The process has a GPU, but ONNX Runtime does not see it.
    """
    import onnxruntime as ort  # heavy, and must not be loaded before Luigi forks

    options = ort.SessionOptions()
    gpu = leased_gpu()
    options.intra_op_num_threads = n_threads or (count_threads() if gpu else 1)
    # Spinning threads block each other if cores are shared: ten times slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if gpu is None or is_on_cpu:
        return ort.InferenceSession(model, options, providers=providers)
    if _CUDA not in ort.get_available_providers():
        raise not_visible(
            gpu,
            f"onnxruntime {ort.__version__}, built without CUDA",
            f"Install onnxruntime-gpu instead ({CUDA_PACKAGES})",
        )
    ort.preload_dlls()  # CUDA and cuDNN as Python packages
    providers.insert(0, (_CUDA, _CUDA_OPTIONS))
    session = ort.InferenceSession(model, options, providers=providers)
    # Without CUDA, ONNX Runtime logs the reason to stderr and continues on the CPU.
    if _CUDA not in session.get_providers():
        raise not_visible(
            gpu,
            f"onnxruntime {ort.__version__}, but the driver or a library of CUDA or cuDNN is "
            "missing (the log lines above name it)",
            f"Install the driver and CUDA's packages ({CUDA_PACKAGES})",
        )
    return session
