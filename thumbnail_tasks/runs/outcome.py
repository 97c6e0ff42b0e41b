"""How a run of the command ``luigi`` ended, in the process that schedules its tasks.

Luigi does not report it: its events come from the tasks' processes, and ``luigi.retcodes`` ends the
process with the exit code as soon as it is known. So it is read from Luigi's worker at exit.
"""

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

import luigi
from luigi.retcodes import retcode
from luigi.rpc import RPCError
from luigi.task_status import DISABLED, FAILED, RUNNING
from luigi.worker import Worker

from thumbnail_tasks import luigi_patches
from thumbnail_tasks.console import EXIT_INTERRUPTED, INTERRUPTED
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.luigi_patches import TasksByOutcome
from thumbnail_tasks.runs.records import State
from thumbnail_tasks.runs.scheduler import list_tasks, release_tasks

logger = logging.getLogger(__name__)

_RESUME = "Finished work is kept; run the same command again to resume."
_NO_LUIGID = f"%s. Is luigid running there, and reachable from this machine? {_RESUME}"
_NO_MORE_TASKS = (
    "luigid gave out no more tasks, although some were left and none had failed. It was killed and "
    f"has lost its list, another run has them, or its [resources] do not allow them. {_RESUME}"
)


class Outcome(NamedTuple):
    """How a run ended."""

    state: State
    exit_code: int

    def explain(self) -> str | None:
        """Why tasks were left although none failed; None if no task was left."""
        return _NO_MORE_TASKS if self.exit_code == retcode().not_run else None


class OutcomeObserver:
    """Observes how this process ends; create it while the command runs."""

    def __init__(self, on_uncaught: Callable[[BaseException], None]) -> None:
        """``on_uncaught`` receives errors in Luigi outside of all tasks."""
        self._restore_command_line = luigi_patches.keep_command_line()
        self._on_uncaught = on_uncaught
        self._is_interrupted = self._is_uncaught = False
        luigi_patches.adjust_summary(_count_work_of_others)
        luigi_patches.report_done_tasks_as_runnable()
        self._show_traceback = sys.excepthook
        sys.excepthook = self._handle_uncaught
        # Before the filter of console.py, which takes this package's own errors out of a record.
        logging.getLogger("luigi-interface").filters.insert(0, self._handle_record)

    def _handle_uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._is_interrupted = True
            logger.info(INTERRUPTED)
            sys.exit(EXIT_INTERRUPTED)  # as of a task in this process; Python would die of SIGINT
        else:
            self._show_traceback(kind, error, trace)

    def _handle_record(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.msg == luigi_patches.UNCAUGHT_ERROR and error:
            self._is_uncaught = True
            self._on_uncaught(error)
        if error is None or isinstance(error, RPCError):  # Luigi sets exc_info without an error
            record.exc_info = None
            if record.msg == luigi_patches.UNCAUGHT_ERROR:
                record.msg, record.args = _NO_LUIGID, (error,)
        return True

    def failures_elsewhere(self) -> list[tuple[str, str]]:
        """The tasks of this run that failed on other workers, with luigid's reason for each.

        Workers of an assistant or of another host: their events do not reach this process.
        """
        worker = luigi_patches.find_worker()
        if worker is None:
            return []
        scheduler = luigi_patches.scheduler_of(worker)
        failures = []
        with contextlib.suppress(RPCError):
            for task_id, family in _failed_elsewhere(worker).items():
                reason = scheduler.fetch_error(task_id)["error"] or "luigid gives no reason"
                failures.append((family, _last_line(reason)))
        return failures

    def release_tasks(self) -> None:
        """Tell luigid that tasks of this process no longer run; call it after ``outcome``."""
        worker = luigi_patches.find_worker()
        if worker:
            release_tasks(luigi_patches.worker_id(worker))

    def outcome(self) -> Outcome | None:
        """How the run ended; call it at the very end of the process.

        None if Luigi did not start it, because the same command is running (its --no-lock).
        """
        self._restore_command_line()
        worker = luigi_patches.find_worker()
        if self._is_uncaught:
            return Outcome("failed", retcode().unhandled_exception)
        # A task that has not ended: Ctrl-C came through tasks.interrupts.ReadableFailures.
        if self._is_interrupted or (worker and luigi_patches.has_running_tasks(worker)):
            return Outcome("interrupted", EXIT_INTERRUPTED)
        if worker is None:
            return None
        exit_code = _exit_code_of(worker)
        if exit_code == 0:
            return Outcome("succeeded", 0)
        has_stopped = luigi_patches.has_stopped_requesting(worker)
        return Outcome("stopped" if has_stopped else "failed", exit_code)


_LEFT_TO_OTHERS = (
    *("run_by_other_worker", "upstream_run_by_other_worker", "not_run"),
    *("still_pending_ext", "upstream_missing_dependency"),
)


def _count_work_of_others(worker: Worker, tasks: TasksByOutcome) -> TasksByOutcome:
    """Count what other workers have done; if the root task is complete, all of it is done."""
    _wait_for_others(worker)
    root = luigi_patches.root_task(worker)
    if _is_complete(root):
        for name in _LEFT_TO_OTHERS:
            tasks["completed"] |= tasks[name]
            tasks[name] = set()
    elif _failed_elsewhere(worker):
        tasks["failed"].add(root)
        tasks["run_by_other_worker"] = set()  # this run has already waited for those
    return tasks


def _failed_elsewhere(worker: Worker) -> dict[str, str]:
    """The failed tasks on a run's data directory, by id; empty if one failed here."""
    if luigi_patches.has_failed_tasks(worker):
        return {}
    data_dir = getattr(luigi_patches.root_task(worker), "data_dir", None)
    with contextlib.suppress(RPCError):
        failed = list_tasks(luigi_patches.scheduler_of(worker), data_dir, FAILED, DISABLED)
        return {task_id: task["name"] for task_id, task in failed.items()}
    return {}


def _last_line(error: str) -> str:
    """The exception of a stack trace; without its class if it is one of this package's."""
    with contextlib.suppress(ValueError):
        error = str(json.loads(error))  # Luigi sends JSON
    return re.sub(r"^thumbnail_tasks[\w.]*: ", "", error.strip().splitlines()[-1])


def _wait_for_others(worker: Worker) -> None:
    """Wait while another worker runs the root task; Luigi's worker does not."""
    root = luigi_patches.root_task(worker)
    scheduler = luigi_patches.scheduler_of(worker)
    with contextlib.suppress(RPCError):
        while not _is_complete(root):
            running = scheduler.task_list(RUNNING, "").get(root.task_id)
            if running is None or running["worker_running"] == luigi_patches.worker_id(worker):
                return
            time.sleep(luigi_patches.wait_interval_s(worker))


def _is_complete(task: luigi.Task) -> bool:
    with contextlib.suppress(ThumbnailTasksError, OSError):
        return bool(task.complete())
    return False


def _exit_code_of(worker: Worker) -> int:
    """The exit code that ``luigi.retcodes.run_with_retcodes`` derives from the same sets."""
    codes = retcode()
    tasks = luigi_patches.tasks_by_outcome(worker)
    code_of = {
        "still_pending_ext": codes.missing_data,
        "failed": codes.task_failed,
        "run_by_other_worker": codes.already_running,
        "scheduling_error": codes.scheduling_error,
        "not_run": codes.not_run,
    }
    exit_code: int = max(code if tasks[what] else 0 for what, code in code_of.items())
    is_done = luigi_patches.root_task(worker) in tasks["completed"] | tasks["already_done"]
    return exit_code or (0 if is_done else int(codes.not_run))
