"""Failures of a run, reported by all of its processes to the one that schedules the tasks."""

import json
import os
import tempfile
import traceback
from pathlib import Path
from typing import Final, NamedTuple

from thumbnail_tasks.errors import ThumbnailTasksError

_IN_MEMORY: Final = Path("/dev/shm")
_MAX_ERROR, _MAX_TRACE = 1_500, 6_000
"""Characters kept of one failure."""


class Failure(NamedTuple):
    """A task that failed once."""

    task: str
    """Kind of task."""
    error: str
    """In one line."""
    trace: str | None
    """Stack trace; None for this package's own errors, and if there is none."""


class FailureLog:
    """A list of failures shared by forked processes.

    It is an unnamed file, in memory if possible: nothing is left of it, and a full disk can still
    be reported.
    """

    def __init__(self) -> None:
        folder = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115

    def add(self, task: str, error: BaseException | str) -> None:
        """Add a failure of a kind of task."""
        failure = Failure(task, _in_one_line(error), _trace_of(error))
        # All processes share the file position, so lines do not overwrite each other.
        self._file.write(json.dumps(failure).encode() + b"\n")

    def add_unless_known(self, task: str, error: BaseException) -> None:
        """As ``add``, except for an error that Luigi reports a second time."""
        if not any(each.error == _in_one_line(error) for each in self.read()):
            self.add(task, error)

    def read(self) -> list[Failure]:
        """All failures so far, in order."""
        size = os.fstat(self._file.fileno()).st_size
        written = os.pread(self._file.fileno(), size, 0)
        *complete, _being_written = written.split(b"\n")
        return [Failure(*json.loads(line)) for line in complete]


def _in_one_line(error: BaseException | str) -> str:
    is_plain = isinstance(error, (str, ThumbnailTasksError))
    text = str(error) if is_plain else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_MAX_ERROR]


def _trace_of(error: BaseException | str) -> str | None:
    if isinstance(error, (str, ThumbnailTasksError)):
        return None
    return "".join(traceback.format_exception(error))[-_MAX_TRACE:]
