"""Every private part of Luigi that this package uses or replaces, one function each.

Luigi has no public interface for these. ``tests/test_luigi_patches.py`` checks what each function
relies on, so that an incompatible version of Luigi fails there, with a message, and not in a run.
Upstream issues were searched for on 2026-11-28; where none is cited, none was found.
"""

import argparse
import configparser
import contextlib
import signal
from collections.abc import Callable
from typing import Any, Final, NoReturn

import luigi
from luigi import execution_summary
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import core
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_register import Register
from luigi.task_status import DONE, FAILED, RUNNING
from luigi.worker import TaskProcess, Worker

from thumbnail_tasks.errors import SettingsError, suggest

TasksByOutcome = dict[str, set[luigi.Task]]
"""A run's tasks by what happened to them; Luigi derives its exit code from these sets."""

UNCAUGHT_ERROR: Final = "Uncaught exception in luigi"
"""Message with which ``luigi.retcodes`` logs an error outside of all tasks."""

_add_task = Worker._add_task
_build_parser = CmdlineParser._build_parser
_get_param_values: Callable[..., list[tuple[str, Any]]] = vars(luigi.Task)[
    "get_param_values"
].__func__
_get_value = luigi.Parameter._get_value
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


_SYNONYMS: Final = {"--data-dir": "storage_data_dir"}
"""Flags of tasks that are the same as the flag of a setting, and the name of that setting."""


def improve_flags() -> None:
    """End the command with one line if a task or a flag is unknown; make ``_SYNONYMS`` the same.

    Luigi prints a stack trace, or all of its flags. The first parser, without ``root_task``, only
    finds the name of the task.
    """

    def build_parser(root_task: str | None = None, **options: Any) -> argparse.ArgumentParser:
        if root_task is not None and root_task not in Register.task_names():
            tasks = [name for name in Register.task_names() if name[0].isupper()]
            raise SystemExit(f"ERROR: no task {root_task}.{suggest(root_task, tasks)}")
        parser: argparse.ArgumentParser = _build_parser(root_task=root_task, **options)
        for flag, same_as in _SYNONYMS.items():
            if flag in parser._option_string_actions:
                parser._option_string_actions[flag].dest = same_as

        def end(message: str) -> NoReturn:
            flags = (word for word in message.split() if word.startswith("--"))
            hint = suggest(next(flags, ""), parser._option_string_actions)
            task = root_task or "TASK"
            parser.exit(2, f"ERROR: {message}.{hint} All flags: luigi --module … {task} --help\n")

        parser.error = end  # type: ignore[method-assign]
        return parser

    CmdlineParser._build_parser = staticmethod(build_parser)  # type: ignore[assignment]


def name_bad_values() -> None:
    """Raise a ``SettingsError`` that names the flag or setting whose value cannot be parsed.

    Luigi raises what its parser raises, such as ``could not convert string to float``.
    """

    def get_param_values(cls: type[luigi.Task], *given: Any) -> list[tuple[str, Any]]:
        try:
            return list(_get_param_values(cls, *given))
        except ValueError as error:
            if isinstance(error.__cause__, SettingsError):  # Luigi wraps what get_value raises
                raise error.__cause__ from None
            raise
        except luigi.parameter.MissingParameterException as error:
            name = str(error).split("'")[-2]
            flag = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{cls.get_task_family()}: {flag} is required") from error

    def get_value(parameter: luigi.Parameter[Any], section: str, name: str) -> Any:
        try:
            return _get_value(parameter, section, name)
        except (ValueError, ArithmeticError, configparser.Error) as error:
            parser = CmdlineParser.get_instance()
            given = parser and getattr(parser.known_args, f"{section}_{name}", None)
            if given:
                flag = name if section == "core" else f"{section}-{name}"
                raise bad_value(f"--{flag.replace('_', '-')}", parameter, given) from error
            if isinstance(error, configparser.Error):
                message = " ".join(str(error).split())
                hint = " Write %% for a percent sign." if "%" in message else ""
                raise SettingsError(f"[{section}] {name}: {message}.{hint}") from error
            found = luigi.configuration.get_config().get(section, name)
            raise bad_value(f"[{section}] {name}", parameter, found) from error

    def get_task_kwargs(parser: CmdlineParser) -> dict[str, Any]:
        values = {}
        for name, parameter in parser._get_task_cls().get_params():
            if given := getattr(parser.known_args, name, None):
                values[name] = parse_value(f"--{name.replace('_', '-')}", parameter, given)
        return values

    luigi.Task.get_param_values = classmethod(get_param_values)  # type: ignore[method-assign, assignment]
    luigi.Parameter._get_value = get_value  # type: ignore[method-assign]
    CmdlineParser._get_task_kwargs = get_task_kwargs  # type: ignore[method-assign]


_EXPECTED: Final[dict[type, str]] = {
    luigi.DateParameter: "a date, as in 2026-01-31",
    luigi.IntParameter: "a whole number",
    luigi.FloatParameter: "a number",
    luigi.BoolParameter: "true or false",
    luigi.TimeDeltaParameter: "a duration, as in 90s or PT1H",
}


def bad_value(where: str, parameter: luigi.Parameter[Any], found: str) -> SettingsError:
    """The error for a value that a parameter cannot parse."""
    if isinstance(parameter, luigi.ChoiceParameter):
        expected = f"one of {', '.join(sorted(map(str, parameter._choices)))}"
    else:
        known = (text for kind, text in _EXPECTED.items() if isinstance(parameter, kind))
        expected = next(known, "another value")
    return SettingsError(f"{where}: expected {expected}; found: {found!r}")


def parse_value(where: str, parameter: luigi.Parameter[Any], given: str) -> Any:
    """The value that a text gives to a parameter.

    Raises:
        SettingsError: The parameter cannot parse it.
    """
    try:
        return parameter.parse(given)
    except (ValueError, ArithmeticError) as error:
        raise bad_value(where, parameter, given) from error


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
