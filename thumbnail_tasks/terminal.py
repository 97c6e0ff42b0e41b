"""What a person at the terminal, and Luigi's page, sees of a run."""

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import luigi
from luigi.worker import TaskProcess

from thumbnail_tasks.errors import ThumbnailTasksError

SECONDS_BETWEEN_LINES = 5.0
"""Of one task's progress."""
Progress = Callable[[int], None]
"""Told how many more thumbnails are done."""
EXIT_INTERRUPTED = 130
"""What a shell expects of a command that Ctrl-C ended."""


def say(line: str) -> None:
    """One line to the person at the terminal; stdout is left to results."""
    print(line, file=sys.stderr, flush=True)


def say_from(name: str, message: str) -> None:
    """As ``say``, with the name of the task that it is about before it."""
    say(f"{name:<18} {message}")


def tell(task: luigi.Task, message: str, share: float) -> None:
    """How far a task is, to the person at the terminal and on Luigi's page.

    Args:
        task: The task that is running.
        message: What is done.
        share: How much of the task that is, 0 to 1.
    """
    say_from(type(task).__name__, message)
    in_scheduler: Any = task  # Luigi puts these two there while the task runs
    if in_scheduler.set_status_message:
        in_scheduler.set_status_message(message)
        in_scheduler.set_progress_percentage(round(100 * share))


def end_run() -> None:
    """Let Luigi end this run: nothing more is begun or tried again, what is under way ends.

    SIGUSR1 is Luigi's own word for it, to the process that hands the tasks out.
    """
    if callable(signal.getsignal(signal.SIGUSR1)):  # else it would kill
        has_own_process = isinstance(multiprocessing.current_process(), TaskProcess)
        os.kill(os.getppid() if has_own_process else os.getpid(), signal.SIGUSR1)


class ProgressLines:
    """Tells Luigi's page, and a person at the terminal, how far a task is."""

    def __init__(self, task: luigi.Task, n_parts: int = 1, place: str = "") -> None:
        """``place`` is where is computed, as in ``GPU 1 (NVIDIA H100)``, if that is to be told."""
        self._task, self._n_parts, self._part = task, n_parts, 0
        self._place = f" on {place}" if place else ""
        self._n_items = self._done = 0
        self._started = self._told = 0.0

    def begin(self, n_items: int) -> None:
        """A part of ``n_items`` begins."""
        self._part += 1
        self._n_items, self._done = n_items, 0
        self._started = self._told = time.monotonic()

    def __call__(self, n: int) -> None:
        """``n`` more items are done."""
        self._done += n
        if time.monotonic() - self._told > SECONDS_BETWEEN_LINES:
            self._tell(f"{self._done}/{self._n_items} thumbnails")

    @contextlib.contextmanager
    def unless_it_fails(self) -> Iterator[Progress]:
        """What is told in the block counts as done unless the block raises."""
        before = self._done
        try:
            yield self
        except BaseException:
            self._done = before
            raise

    def finish(self) -> float:
        """The part is done; returns the seconds it took."""
        seconds = time.monotonic() - self._started
        self._done = self._n_items
        self._tell(f"{self._n_items} thumbnails in {seconds:.1f} s")
        return seconds

    def _tell(self, what: str) -> None:
        self._told = time.monotonic()
        rate = self._done / max(self._told - self._started, 1e-9)
        shard = f", shard {self._part} of {self._n_parts}" if self._n_parts > 1 else ""
        share = (self._part - 1 + self._done / max(self._n_items, 1)) / self._n_parts
        tell(self._task, f"{what}{self._place} ({rate:.1f}/s{shard})", share)


_link = ""


def link_tasks_to(address: str) -> None:
    """Give each task from now on, in this process and its forks, a link on Luigi's page."""
    global _link
    _link = address


class ReadableFailures:
    """Ends a task without a stack trace where a line says more: our own errors, and Ctrl-C.

    luigi.cfg names it as ``[worker] task_process_context``; Luigi enters it around each task.
    """

    def __init__(self, task_process: TaskProcess) -> None:
        if _link:
            task_process.status_reporter.update_tracking_url(_link)
        self._logger = logging.getLogger("luigi-interface")
        self._is_interrupted = False

    def __enter__(self) -> Self:
        self._logger.addFilter(_drop_own_traces)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def _interrupt(self, *about: object) -> None:
        # Remembered, for libraries that are being imported make an ImportError of it, and Luigi
        # would take that for a failed task.
        self._is_interrupted = True
        raise KeyboardInterrupt

    def __exit__(self, kind: type[BaseException] | None, *about: object) -> None:
        self._logger.removeFilter(_drop_own_traces)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is KeyboardInterrupt or self._is_interrupted:
            say("Interrupted; what is done is kept. The same command goes on from here.")
            sys.exit(EXIT_INTERRUPTED)


def _drop_own_traces(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ThumbnailTasksError):
        record.msg, record.args, record.exc_info = "%s", (str(error),), None
    return True
