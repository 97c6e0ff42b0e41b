"""Ctrl-C as one line; stopping a run from within a task."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from typing import Self

from luigi.worker import TaskProcess

from thumbnail_tasks import luigi_patches
from thumbnail_tasks.console import EXIT_INTERRUPTED, INTERRUPTED
from thumbnail_tasks.execution.forks import end_with_parent

logger = logging.getLogger(__name__)

_MAX_CLEANUP_S = 10.0
"""A task that has not ended so long after Luigi told it to is ended."""


def stop_run() -> None:
    """Tell Luigi to start and retry no more tasks of this run; running tasks finish.

    SIGUSR1, sent to the process that schedules the tasks, is Luigi's own signal for it.
    """
    if callable(signal.getsignal(signal.SIGUSR1)):  # otherwise the signal would kill
        has_own_process = isinstance(multiprocessing.current_process(), TaskProcess)
        os.kill(os.getppid() if has_own_process else os.getpid(), signal.SIGUSR1)


_link = ""


def link_tasks_to(url: str) -> None:
    """Link each task from now on, in this process and its forks, to ``url`` on Luigi's page."""
    global _link
    _link = url


class ReadableFailures:
    """Ends a task with one line, without a stack trace, on Ctrl-C; and with the run, if killed.

    ``defaults`` names it as ``[worker] task_process_context``; Luigi enters it around each task.
    """

    def __init__(self, task_process: TaskProcess) -> None:
        if _link:
            luigi_patches.link_task(task_process, _link)
        self._is_interrupted = self._is_terminated = False

    def __enter__(self) -> Self:
        if isinstance(multiprocessing.current_process(), TaskProcess):
            end_with_parent()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._interrupt)
            if multiprocessing.parent_process() is not None:
                signal.signal(signal.SIGTERM, self._terminate)
        return self

    def _interrupt(self, *about: object) -> None:
        # Remembered, because a library that is being imported may turn it into an ImportError,
        # which Luigi would count as a failed task.
        self._is_interrupted = True
        raise KeyboardInterrupt

    def _terminate(self, *about: object) -> None:
        # When Luigi ends, it ends its tasks at once and waits for them; their locks are released
        # first, as those in a bucket would last for half a minute.
        self._is_terminated = True
        # Python drops exceptions in some hooks, and Luigi would wait for ever.
        end = threading.Timer(_MAX_CLEANUP_S, os._exit, [EXIT_INTERRUPTED])
        end.daemon = True
        end.start()
        if not self._is_interrupted:
            self._interrupt()

    def __exit__(self, kind: type[BaseException] | None, *about: object) -> None:
        has_own_process = multiprocessing.parent_process() is not None
        if threading.current_thread() is threading.main_thread():
            # A process of its own only ends now, though it may wait for its model process first.
            after = signal.SIG_IGN if has_own_process else signal.default_int_handler
            signal.signal(signal.SIGINT, after)
            if has_own_process:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                if self._is_terminated:
                    os.kill(os.getpid(), signal.SIGTERM)
        if kind is KeyboardInterrupt or self._is_interrupted:
            if not has_own_process:  # otherwise the parent logs it, once
                logger.info(INTERRUPTED)
            sys.exit(EXIT_INTERRUPTED)
