"""What it was that killed a computation, or left it without memory."""

import contextlib
import errno
import re
import signal
from pathlib import Path
from typing import Final

from thumbnail_tasks.errors import ThumbnailTasksError

CRASHED: Final = "crashed_decoder"
OUT_OF_MEMORY: Final = "out_of_memory"

_STOPPED_BY = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM})

_NAMES_MEMORY: Final = re.compile(
    r"insufficient memory|out of memory|bad.?alloc|failed to allocate|cannot allocate memory"
    r"|oom when allocating|resource.?exhausted|alloc_failed",
    re.IGNORECASE,
)
"""OpenCV, CUDA (dlib, Torch), C++, ONNX Runtime, the C library, TensorFlow (twice), cuBLAS."""


class CrashError(ThumbnailTasksError):
    """A computation killed its process, or there was no memory for it."""

    def __init__(self, status: str, reason: str) -> None:
        """``status`` is for a picture that did it, one of ``schemas.STATUSES``."""
        super().__init__(status, reason)
        self.status, self.reason = status, reason

    def __str__(self) -> str:
        return self.reason


def explain_exit(exit_code: int) -> str:
    """Why a process ended, in words; below 0 is the signal's number, as Python has it."""
    if exit_code >= 0:
        return f"it ended itself with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:  # a real-time signal
        name = f"signal {-exit_code}"
    if -exit_code == signal.SIGKILL:
        return f"killed by {name}, most likely by the kernel because memory ran out"
    if -exit_code in _STOPPED_BY:
        return f"stopped by {name}"
    return f"killed by {name}: a native library crashed"


def name_crash(exit_code: int, oom_kills: int) -> ThumbnailTasksError:
    """The error of a process that died.

    Args:
        exit_code: As for ``explain_exit``.
        oom_kills: By how many ``count_oom_kills`` has risen while it lived.

    Returns:
        ``CrashError``; where somebody stopped the process another, for no picture is to blame.
    """
    reason = explain_exit(exit_code)
    if -exit_code in _STOPPED_BY:
        return ThumbnailTasksError(f"the process of the models was {reason}")
    if oom_kills > 0:
        reason += f" (the kernel counts {oom_kills} such kills in this time)"
    return CrashError(OUT_OF_MEMORY if -exit_code == signal.SIGKILL else CRASHED, reason)


def count_oom_kills() -> int:
    """How many processes the kernel has killed because memory ran out; 0 where it tells not."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path("/proc/vmstat").read_text().split()
        return int(fields[fields.index("oom_kill") + 1])
    return 0


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception says that memory ran out, the processor's or a graphics card's.

    By their words, because to know the classes of all libraries is to load them.
    """
    if isinstance(error, ThumbnailTasksError):
        return False
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or bool(
        _NAMES_MEMORY.search(f"{type(error).__name__}: {error}")
    )
