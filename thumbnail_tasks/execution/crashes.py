"""Why a computation crashed or ran out of memory."""

import contextlib
import errno
import re
import signal
from pathlib import Path
from typing import Final

from thumbnail_tasks.errors import ThumbnailTasksError

CRASHED: Final = "crashed_decoder"
OUT_OF_MEMORY: Final = "out_of_memory"

_STOP_SIGNALS = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM})

_MEMORY_ERROR: Final = re.compile(
    r"insufficient memory|out of memory|bad.?alloc|failed to allocate|cannot allocate memory"
    r"|oom when allocating|resource.?exhausted|alloc_failed",
    re.IGNORECASE,
)
"""Messages of OpenCV, CUDA (dlib, Torch), C++, ONNX Runtime, libc, TensorFlow and cuBLAS."""


class CrashError(ThumbnailTasksError):
    """A computation killed its process, or ran out of memory."""

    def __init__(self, status: str, reason: str) -> None:
        """``status`` is for the picture that caused it, one of ``schemas.STATUSES``."""
        super().__init__(status, reason)
        self.status, self.reason = status, reason

    def __str__(self) -> str:
        return self.reason


def explain_exit(exit_code: int) -> str:
    """Why a process ended, in words; negative exit codes are signal numbers, as in Python."""
    if exit_code >= 0:
        return f"it exited with code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:  # a real-time signal
        name = f"signal {-exit_code}"
    if -exit_code == signal.SIGKILL:
        return f"killed by {name}, most likely by the kernel because memory ran out"
    if -exit_code in _STOP_SIGNALS:
        return f"stopped by {name}"
    return f"killed by {name}: a native library crashed"


def name_crash(exit_code: int, oom_kills: int) -> ThumbnailTasksError:
    """The error of a process that died.

    Args:
        exit_code: As for ``explain_exit``.
        oom_kills: Increase of ``count_oom_kills`` while the process was running.

    Returns:
        ``CrashError``, or another error if the process was stopped, as no picture is at fault.
    """
    reason = explain_exit(exit_code)
    if -exit_code in _STOP_SIGNALS:
        return ThumbnailTasksError(f"the model process was {reason}")
    if oom_kills > 0:
        reason += f" (the kernel counted {oom_kills} out-of-memory kills in that time)"
    return CrashError(OUT_OF_MEMORY if -exit_code == signal.SIGKILL else CRASHED, reason)


def count_oom_kills() -> int:
    """Number of processes that the kernel has killed for lack of memory; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path("/proc/vmstat").read_text().split()
        return int(fields[fields.index("oom_kill") + 1])
    return 0


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception means that memory ran out, of the host or of a GPU.

    Judged by its message, because comparing classes would load all the libraries.
    """
    if isinstance(error, ThumbnailTasksError):
        return False
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or bool(
        _MEMORY_ERROR.search(f"{type(error).__name__}: {error}")
    )
