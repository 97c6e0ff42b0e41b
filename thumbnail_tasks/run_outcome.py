"""How a run of the command ``luigi`` ended, in the process that hands out its tasks.

Luigi tells nobody: its events come from the tasks' processes, and ``luigi.retcodes`` ends the
process with the exit code as soon as it knows it. What leads there is Luigi's worker, which owns
the handler of SIGUSR1. All that we use of Luigi beyond its documents is in this file.
"""

import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

import luigi
from luigi import execution_summary
from luigi.cmdline_parser import CmdlineParser
from luigi.execution_summary import _root_task
from luigi.retcodes import retcode
from luigi.rpc import RPCError
from luigi.worker import Worker

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.records import State
from thumbnail_tasks.terminal import EXIT_INTERRUPTED

_UNCAUGHT = "Uncaught exception in luigi"
"""What ``luigi.retcodes`` logs of an error that is no task's."""
_GO_ON = "What is done is kept: the same command goes on from here."
_NO_LUIGID = f"%s. Is luigid running there, and may this machine reach it? {_GO_ON}"
_LEFT_ALONE = (
    "luigid gave out no more tasks, although some were left and none had failed here: it was killed "
    "and has lost its list, another run or an assistant has them or failed at them (see luigid's "
    "page), or its [resources] do not allow them. " + _GO_ON
)


class Outcome(NamedTuple):
    """How a run ended."""

    state: State
    exit_code: int

    def explain(self) -> str | None:
        """What is to be said of a run in which no task failed; None where all was done."""
        return _LEFT_ALONE if self.exit_code == retcode().not_run else None


def is_command() -> bool:
    """Whether this is a command ``luigi``, or a process of one; False for ``luigi.build``."""
    return CmdlineParser.get_instance() is not None


def root_task() -> str:
    """The task that the command names."""
    return str(CmdlineParser.get_instance().known_args.root_task)


class OutcomeWatch:
    """Notices how this process ends; to be made while the command runs."""

    def __init__(self, on_uncaught: Callable[[BaseException], None]) -> None:
        """``on_uncaught`` is given what goes wrong in Luigi, outside of all tasks."""
        self._parser = CmdlineParser.get_instance()
        self._on_uncaught = on_uncaught
        self._is_interrupted = self._is_uncaught = False
        execution_summary._summary_dict = _summary_dict
        self._show = sys.excepthook
        sys.excepthook = self._see
        logging.getLogger("luigi-interface").addFilter(self._hear)

    def _see(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._is_interrupted |= issubclass(kind, KeyboardInterrupt)
        self._show(kind, error, trace)

    def _hear(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.msg == _UNCAUGHT and error:
            self._is_uncaught = True
            self._on_uncaught(error)
        if isinstance(error, RPCError):
            record.exc_info = None
            if record.msg == _UNCAUGHT:
                record.msg, record.args = _NO_LUIGID, (error,)
        return True

    def tell(self) -> Outcome | None:
        """How the run ended; to be asked at the very end of the process.

        None where Luigi did not begin it, for the same command runs already (its --no-lock).
        """
        CmdlineParser._instance = self._parser  # the flags, for settings and retcodes
        worker = _find_worker()
        if self._is_uncaught:
            return Outcome("failed", retcode().unhandled_exception)
        # A task that still runs: Ctrl-C came through terminal.ReadableFailures.
        if self._is_interrupted or (worker and worker._running_tasks):
            return Outcome("interrupted", EXIT_INTERRUPTED)
        if worker is None:
            return None
        exit_code = _exit_code_of(worker)
        if exit_code == 0:
            return Outcome("succeeded", 0)
        return Outcome("stopped" if worker._stop_requesting_work else "failed", exit_code)


_luigis_summary_dict = execution_summary._summary_dict
_LEFT_TO_OTHERS = (
    *("run_by_other_worker", "upstream_run_by_other_worker", "not_run"),
    *("still_pending_ext", "upstream_missing_dependency"),
)


def _summary_dict(worker: Worker) -> dict[str, set[luigi.Task]]:
    """Luigi's own sets of a run's tasks by what came of them, from which it makes exit codes.

    What another worker (an assistant, another host) has made, Luigi takes for running still, or for
    missing. Where the root task is complete, all of that is done.
    """
    sets: dict[str, set[luigi.Task]] = _luigis_summary_dict(worker)
    if _is_complete(_root_task(worker)):
        for name in _LEFT_TO_OTHERS:
            sets["completed"] |= sets[name]
            sets[name] = set()
    return sets


def _is_complete(task: luigi.Task) -> bool:
    with contextlib.suppress(ThumbnailTasksError, OSError):
        return bool(task.complete())
    return False


def _find_worker() -> Worker | None:
    worker = getattr(signal.getsignal(signal.SIGUSR1), "__self__", None)
    return worker if isinstance(worker, Worker) else None


def _exit_code_of(worker: Worker) -> int:
    """The exit code that ``luigi.retcodes.run_with_retcodes`` makes of the same."""
    codes = retcode()
    tasks = _summary_dict(worker)
    code_of = {
        "still_pending_ext": codes.missing_data,
        "failed": codes.task_failed,
        "run_by_other_worker": codes.already_running,
        "scheduling_error": codes.scheduling_error,
        "not_run": codes.not_run,
    }
    exit_code: int = max(code if tasks[what] else 0 for what, code in code_of.items())
    is_done = _root_task(worker) in tasks["completed"] | tasks["already_done"]
    return exit_code or (0 if is_done else int(codes.not_run))
