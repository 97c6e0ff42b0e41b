"""Every private part of Luigi that this package uses or replaces, one function each.

Luigi has no public interface for these. ``tests/test_luigi_patches.py`` checks what each function
relies on, so that an incompatible version of Luigi fails there, with a message, and not in a run.
Upstream issues were searched for on 2026-11-28; where none is cited, none was found.
"""

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from typing import Any, Final

import luigi
from luigi import execution_summary
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import core
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DONE, FAILED, RUNNING
from luigi.worker import TaskProcess, Worker

TasksByOutcome = dict[str, set[luigi.Task]]
"""A run's tasks by what happened to them; Luigi derives its exit code from these sets."""

UNCAUGHT_ERROR: Final = "Uncaught exception in luigi"
"""Message with which ``luigi.retcodes`` logs an error outside of all tasks."""

SMTP_FAILED: Final = "Not able to connect to smtp server: %s"
"""Message with which ``luigi.notifications`` logs any error of SMTP."""

_add_task = Worker._add_task
_start = TaskProcess.start
_summary_dict = execution_summary._summary_dict


# --- Replaced ---------------------------------------------------------------------------------


def report_done_tasks_as_runnable() -> None:
    """Report tasks that are complete as tasks that this process could run.

    luigid accepts the status of a running task only from the worker that runs it. If that worker
    was killed, luigid ignores another worker's DONE, knows no worker for the task, and its
    dependants wait for ever. Related: spotify/luigi#2644.
    """

    def add_task(worker: Worker, /, *args: Any, **about: Any) -> None:
        if about["status"] == DONE:
            about["runnable"] = True
        _add_task(worker, *args, **about)

    Worker._add_task = add_task  # type: ignore[method-assign, assignment]


def start_tasks_within(context: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
    """Start each task's own process within a context."""

    def start(process: TaskProcess) -> None:
        with context():
            _start(process)

    TaskProcess.start = start  # type: ignore[method-assign, assignment]


def adjust_summary(adjust: Callable[[Worker, TasksByOutcome], TasksByOutcome]) -> None:
    """Pass the sets behind Luigi's execution summary and exit code through ``adjust``.

    Luigi counts a task that another worker (an assistant, another host) has done as running or
    missing. Related: spotify/luigi#1771.
    """
    execution_summary._summary_dict = lambda worker: adjust(worker, _summary_dict(worker))


def link_task(process: TaskProcess, url: str) -> None:
    """Set a task's tracking URL, as Luigi's ``set_tracking_url`` but with resources and retries.

    Luigi's own (spotify/luigi#1298) sends neither, so that luigid forgets the task's resources and
    retry count: an unreadable table was tried twice, a minute apart.
    """
    task = process.task
    policy = ("retry_count", "disable_hard_timeout", "disable_window")
    with contextlib.suppress(RPCError):  # an unreachable luigid costs the link, not the task
        process.status_reporter._scheduler.add_task(
            task_id=task.task_id,
            worker=process.worker_id,
            status=RUNNING,
            tracking_url=url,
            resources=task.process_resources(),
            retry_policy_dict={name: getattr(task, name) for name in policy},
        )


# --- Observed ---------------------------------------------------------------------------------


@contextlib.contextmanager
def raise_smtp_errors() -> Iterator[None]:
    """Raise what Luigi's SMTP client meets in the block; Luigi only logs it, as its own error.

    Raises:
        OSError: Also smtplib's errors, which are subclasses.
    """
    errors: list[Exception] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.msg != SMTP_FAILED:
            return True
        errors.extend(arg for arg in record.args or () if isinstance(arg, Exception))
        return False

    log = logging.getLogger("luigi-interface")
    log.addFilter(keep)
    try:
        yield
    finally:
        log.removeFilter(keep)
    if errors:
        raise errors[0]


# --- Read -------------------------------------------------------------------------------------
#
# The command ``luigi`` reports how a run ended only by its exit code, and keeps no reference to its
# worker. ``runs.outcome`` therefore reads the worker itself when the process ends.


def is_command() -> bool:
    """Whether this is the command ``luigi`` or a process of one; False for ``luigi.build``."""
    return CmdlineParser.get_instance() is not None


def root_task_name() -> str:
    """The name of the task on the command line."""
    return str(CmdlineParser.get_instance().known_args.root_task)


def keep_command_line() -> Callable[[], None]:
    """Return a function that makes the flags effective again, after Luigi has dropped them.

    Luigi drops its parser when the tasks are done; settings and exit codes given as flags are
    needed until the process ends.
    """
    parser = CmdlineParser.get_instance()

    def restore() -> None:
        CmdlineParser._instance = parser

    return restore


def find_worker() -> Worker | None:
    """The worker of this process: the one that handles SIGUSR1; None if no run has started."""
    worker = getattr(signal.getsignal(signal.SIGUSR1), "__self__", None)
    return worker if isinstance(worker, Worker) else None


def root_task(worker: Worker) -> luigi.Task:
    """The task that the worker was asked for."""
    root: luigi.Task = execution_summary._root_task(worker)
    return root


def tasks_by_outcome(worker: Worker) -> TasksByOutcome:
    """The worker's tasks by outcome, after ``adjust_summary``."""
    tasks: TasksByOutcome = execution_summary._summary_dict(worker)
    return tasks


def scheduler_of(worker: Worker) -> Any:
    """The worker's scheduler: luigid, or the one in this process."""
    return worker._scheduler


def worker_id(worker: Worker) -> str:
    """The id under which luigid knows the worker."""
    return str(worker._id)


def has_running_tasks(worker: Worker) -> bool:
    """Whether tasks of the worker have not ended."""
    return bool(worker._running_tasks)


def has_stopped_requesting(worker: Worker) -> bool:
    """Whether SIGUSR1 has told the worker to start no more tasks."""
    return bool(worker._stop_requesting_work)


def has_failed_tasks(worker: Worker) -> bool:
    """Whether a task has failed in this process or its children."""
    return any(status == FAILED for _, status, _ in worker._add_task_history)


def wait_interval_s(worker: Worker) -> float:
    """Seconds that the worker waits between two requests for work."""
    return float(worker._config.wait_interval)


def open_luigid(n_tries: int | None = None) -> Any:
    """A client of the luigid in the settings; ``n_tries`` limits connection attempts.

    Luigi's own setting limits the attempts of all clients.
    """
    options = core()
    url = options.scheduler_url or f"http://{options.scheduler_host}:{options.scheduler_port}/"
    luigid: Any = RemoteScheduler(url)
    if n_tries is not None:
        luigid._rpc_retry_attempts = n_tries
    return luigid
