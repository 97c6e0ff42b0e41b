"""What a person at the terminal, and Luigi's page, sees of a run."""

import contextlib
import html
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
from luigi.rpc import RPCError
from luigi.task_status import RUNNING
from luigi.worker import TaskProcess

from thumbnail_tasks.errors import ThumbnailTasksError

SECONDS_BETWEEN_LINES = 5.0
"""Of one task's progress."""
Progress = Callable[[int], None]
"""Told how many more thumbnails are done."""
EXIT_INTERRUPTED = 130
"""What a shell expects of a command that Ctrl-C ended."""
INTERRUPTED = "Interrupted; what is done is kept. The same command goes on from here."


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
    show(task, message, share)


def show(task: luigi.Task, message: str, share: float) -> None:
    """As ``tell``, on Luigi's page alone; a luigid that is away costs the message, not the task."""
    in_scheduler: Any = task  # Luigi puts these two there while the task runs
    if in_scheduler.set_status_message:
        with contextlib.suppress(RPCError):
            # The page takes HTML.
            in_scheduler.set_status_message(html.escape(message, quote=False))
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
        self._number = ""
        self._n_items = self._done = self._n_finished = 0
        self._started = self._told = 0.0

    def begin(self, n_items: int, number: str) -> None:
        """A part of ``n_items`` begins: shard ``number``, as in ``2 of 3``; empty if not known."""
        self._part += 1
        self._n_items, self._done = n_items, 0
        self._number = number
        self._started = self._told = time.monotonic()
        shard = f" of shard {number}" if number else ""
        show(self._task, f"{n_items} thumbnails{shard}{self._place}", self._share())

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
        self._n_finished += self._n_items
        self._tell(f"{self._n_items} thumbnails in {seconds:.1f} s")
        if self._part == self._n_parts > 1:
            show(self._task, f"{self._n_finished} thumbnails in {self._n_parts} shards", 1)
        return seconds

    def _tell(self, what: str) -> None:
        self._told = time.monotonic()
        rate = self._done / max(self._told - self._started, 1e-9)
        shard = f", shard {self._number}" if self._number else ""
        tell(self._task, f"{what}{self._place} ({rate:.1f}/s{shard})", self._share())

    def _share(self) -> float:
        """How much of the task is done: 0 to 1, every part alike."""
        return (self._part - 1 + self._done / max(self._n_items, 1)) / self._n_parts


_link = ""


def link_tasks_to(address: str) -> None:
    """Give each task from now on, in this process and its forks, a link on Luigi's page."""
    global _link
    _link = address


def _link_task(process: TaskProcess) -> None:
    """As Luigi's ``update_tracking_url``, which tells luigid no more than that the task runs.

    luigid would forget the task's resources and how often it may be tried: a table that cannot be
    read was tried twice, with a minute in between.
    """
    task = process.task
    policy = ("retry_count", "disable_hard_timeout", "disable_window")
    with contextlib.suppress(RPCError):  # a luigid that is away costs the link, not the task
        process.status_reporter._scheduler.add_task(
            task_id=task.task_id,
            worker=process.worker_id,
            status=RUNNING,
            tracking_url=_link,
            resources=task.process_resources(),
            retry_policy_dict={name: getattr(task, name) for name in policy},
        )


class ReadableFailures:
    """Ends a task without a stack trace where a line says more: our own errors, and Ctrl-C.

    luigi.cfg names it as ``[worker] task_process_context``; Luigi enters it around each task.
    """

    def __init__(self, task_process: TaskProcess) -> None:
        if _link:
            _link_task(task_process)
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
            if multiprocessing.parent_process() is None:  # else the parent says it, once
                say(INTERRUPTED)
            sys.exit(EXIT_INTERRUPTED)


def _drop_own_traces(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ThumbnailTasksError):
        record.msg, record.args, record.exc_info = "%s", (str(error),), None
    return True
