"""The cause of a killed process is reported, and distinguished from other errors."""

import errno
import signal

import cv2
import numpy as np
import pyarrow as pa
import pytest

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.execution.crashes import CrashError, explain_exit, is_out_of_memory, name_crash


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's, whose message differs from version to version."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        pa.lib.ArrowMemoryError("malloc of size 9 failed"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation"),
        RuntimeError("Failed to allocate memory for requested buffer of size 9"),
        RuntimeError("Error while calling cudaMalloc(&data, n) reason: out of memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("std::bad_alloc"),
        ResourceExhaustedError("{{function_node __wrapped__Conv2D}} on device GPU:0"),
    ],
    ids=str,
)
def test_every_out_of_memory_error_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_the_out_of_memory_errors_of_opencv_and_numpy_are_recognised() -> None:
    with pytest.raises(cv2.error) as opencv_error:
        cv2.copyMakeBorder(np.zeros((9, 9), np.uint8), 0, 2**30, 0, 2**30, cv2.BORDER_CONSTANT)
    with pytest.raises(MemoryError) as numpy_error:
        np.zeros(2**55, np.uint8)
    assert is_out_of_memory(opencv_error.value)
    assert is_out_of_memory(numpy_error.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("cannot reshape array"),
        FileNotFoundError(errno.ENOENT, "out of memory.jpg"),
        StorageError("a.parquet: cannot be written; found: Cannot allocate memory"),
    ],
    ids=str,
)
def test_other_errors_are_not_out_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    ("sign", "status", "message"),
    [
        (signal.SIGSEGV, "crashed_decoder", "killed by SIGSEGV: a native library crashed"),
        (signal.SIGABRT, "crashed_decoder", "killed by SIGABRT: a native library crashed"),
        (signal.SIGKILL, "out_of_memory", "killed by SIGKILL, most likely by the kernel because"),
    ],
)
def test_a_signal_is_reported_with_its_likely_cause(
    sign: signal.Signals, status: str, message: str
) -> None:
    crash = name_crash(-sign, oom_kills=0)
    assert isinstance(crash, CrashError)
    assert crash.status == status
    assert str(crash).startswith(message)


def test_an_oom_kill_counted_by_the_kernel_is_reported() -> None:
    assert str(name_crash(-signal.SIGKILL, 1)).endswith(
        "counted 1 out-of-memory kills in that time)"
    )


def test_sigterm_from_outside_blames_no_picture() -> None:
    stopped = name_crash(-signal.SIGTERM, oom_kills=0)
    assert not isinstance(stopped, CrashError)
    assert "stopped by SIGTERM" in str(stopped)


def test_other_exit_codes_are_reported() -> None:
    assert explain_exit(3) == "it exited with code 3"
    assert explain_exit(-40).startswith("killed by signal 40")
