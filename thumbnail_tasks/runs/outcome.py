"""How a run of the command ``luigi`` ended, in the process that hands out its tasks.

Luigi tells nobody: its events come from the tasks' processes, and ``luigi.retcodes`` ends the
process with the exit code as soon as it knows it. What leads there is Luigi's worker, which owns
the handler of SIGUSR1. What we use of Luigi beyond its documents is in this file and in ``luigid``.
"""

import contextlib
import json
import logging
import re
import signal
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

import luigi
from luigi import execution_summary
from luigi.cmdline_parser import CmdlineParser
from luigi.execution_summary import _root_task
from luigi.retcodes import retcode
from luigi.rpc import RPCError
from luigi.task_status import DISABLED, DONE, FAILED, RUNNING
from luigi.worker import Worker

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.runs.records import State
from thumbnail_tasks.runs.scheduler import give_back, list_tasks
from thumbnail_tasks.tasks.progress import EXIT_INTERRUPTED, INTERRUPTED, say

_UNCAUGHT = "Uncaught exception in luigi"
"""What ``luigi.retcodes`` logs of an error that is no task's."""
_GO_ON = "What is done is kept: the same command goes on from here."
_NO_LUIGID = f"%s. Is luigid running there, and may this machine reach it? {_GO_ON}"
_LEFT_ALONE = (
    "luigid gave out no more tasks, although some were left and none had failed: it was killed and "
    "has lost its list, another run has them, or its [resources] do not allow them. " + _GO_ON
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
        Worker._add_task = _add_task  # type: ignore[method-assign, assignment]
        self._show = sys.excepthook
        sys.excepthook = self._see
        logging.getLogger("luigi-interface").addFilter(self._hear)

    def _see(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._is_interrupted = True
            say(INTERRUPTED)
        else:
            self._show(kind, error, trace)

    def _hear(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.msg == _UNCAUGHT and error:
            self._is_uncaught = True
            self._on_uncaught(error)
        if error is None or isinstance(error, RPCError):  # Luigi asks for traces that there are not
            record.exc_info = None
            if record.msg == _UNCAUGHT:
                record.msg, record.args = _NO_LUIGID, (error,)
        return True

    def failures_elsewhere(self) -> list[tuple[str, str]]:
        """The tasks of this run that failed in other processes, with luigid's word for why.

        Those of an assistant, or of another host: their events are not ours.
        """
        worker = _find_worker()
        if worker is None:
            return []
        failures = []
        with contextlib.suppress(RPCError):
            for task_id, family in _failed_elsewhere(worker).items():
                said = worker._scheduler.fetch_error(task_id)["error"] or "luigid says no more"
                failures.append((family, _last_line(said)))
        return failures

    def give_back(self) -> None:
        """Tell luigid that what this process ran does not run any more; after ``tell``."""
        worker = _find_worker()
        if worker:
            give_back(worker._id)

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


_luigis_add_task = Worker._add_task


def _add_task(worker: Worker, /, *args: Any, **about: Any) -> None:
    """Luigi's own, which also offers to run what is done already.

    luigid takes word of a task that runs only from the worker that has it. If that one was killed,
    luigid would later offer the task to nobody, and all that needs it would wait.
    """
    if about["status"] == DONE:
        about["runnable"] = True
    _luigis_add_task(worker, *args, **about)


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
    _wait_for_others(worker)
    sets: dict[str, set[luigi.Task]] = _luigis_summary_dict(worker)
    if _is_complete(_root_task(worker)):
        for name in _LEFT_TO_OTHERS:
            sets["completed"] |= sets[name]
            sets[name] = set()
    elif _failed_elsewhere(worker):
        sets["failed"].add(_root_task(worker))
        sets["run_by_other_worker"] = set()  # a run waits for those: none is left
    return sets


def _failed_elsewhere(worker: Worker) -> dict[str, str]:
    """The tasks on a run's data directory that its scheduler has for failed: id and family.

    Empty if this process knows of a failure itself.
    """
    if any(status == "FAILED" for _, status, _ in worker._add_task_history):
        return {}
    data_dir = getattr(_root_task(worker), "data_dir", None)
    with contextlib.suppress(RPCError):
        failed = list_tasks(worker._scheduler, data_dir, FAILED, DISABLED)
        return {task_id: task["name"] for task_id, task in failed.items()}
    return {}


def _last_line(error: str) -> str:
    """Of a stack trace, what was raised; of our own errors without their class."""
    with contextlib.suppress(ValueError):
        error = str(json.loads(error))  # as Luigi sends it
    return re.sub(r"^thumbnail_tasks[\w.]*: ", "", error.strip().splitlines()[-1])


def _wait_for_others(worker: Worker) -> None:
    """Wait while another worker runs the root task: Luigi's ends as soon as nothing waits."""
    root = _root_task(worker)
    with contextlib.suppress(RPCError):
        while not _is_complete(root):
            running = worker._scheduler.task_list(RUNNING, "").get(root.task_id)
            if running is None or running["worker_running"] == worker._id:
                return
            time.sleep(worker._config.wait_interval)


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
