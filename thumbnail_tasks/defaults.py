"""Defaults for Luigi's own settings, so that a run behaves the same in every folder."""

import multiprocessing
import sys
from collections.abc import Mapping
from typing import Any, Final

import luigi
from luigi.configuration import LuigiTomlParser

_IS_FORKED: Final = multiprocessing.get_all_start_methods()[0] == "fork"
"""Whether new processes are forks, as on Linux up to Python 3.13; elsewhere Luigi would have to
pickle its tasks, which has not been tried."""

DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "core": {
        "local_scheduler": True,
        # One model at a time (see gpu below), and beside it two stages that need none, each in a
        # process of its own.
        "workers": 3 if _IS_FORKED else 1,
        "log_level": "WARNING",
        # Two equal commands share the work of a data directory, or run in different folders.
        "no_lock": True,
    },
    "worker": {
        # A task counts as done only if its files exist.
        "check_complete_on_run": True,
        # A task whose input is lost lets Luigi regenerate it (tasks/recovery.py); Luigi's own
        # check would fail the task.
        "check_unfulfilled_deps": False,
        # Wait for tasks that other workers run, and for tasks that will be retried. After an hour
        # without work the run ends with the exit code not_run and a message.
        "keep_alive": True,
        "max_keep_alive_idle_duration": "PT1H",
        "wait_interval": 1,
        "wait_jitter": 0,
        # A failed run sends one e-mail (runs/notifications.py) if [email] has a receiver. Luigi
        # would also send one for each failure and for each disabled task.
        "send_failure_email": False,
        # Show this package's own errors, and Ctrl-C, as one line without a stack trace.
        "task_process_context": "thumbnail_tasks.tasks.interrupts.ReadableFailures",
    },
    # The scheduler of a run without luigid; luigid's own values are in docker/.
    "scheduler": {
        # A stage that failed, or whose process was killed, is retried once after a few seconds.
        "retry_count": 2,
        "retry_delay": 5,
        # Regenerate a damaged file even if its task was found complete a moment ago.
        "stable_done_cooldown_secs": 0,
        # Prune lost workers and retry failed tasks at each request for work.
        "prune_on_get_work": True,
        # See send_failure_email: Luigi collects failures and sends them after email_interval.
        "batch_emails": True,
    },
    "batch_email": {"email_interval": 525600},  # minutes: a year, which means never
    "resources": {
        "gpu": 1,  # one model at a time
        "download": 1,  # one process keeps the request rate of each host
    },
    "retcode": {  # Luigi's own defaults are 0, so that cron would miss every failure
        "unhandled_exception": 4,
        "missing_data": 10,
        "already_running": 20,
        "task_failed": 30,
        "scheduling_error": 35,
        "not_run": 40,
    },
}
"""Section, name and value of luigi.cfg."""

_LUIGID_SETTINGS: Final = ("scheduler_url", "scheduler_host", "scheduler_port")


def set_defaults() -> None:
    """Set Luigi's settings that the user has not set; luigi.cfg and flags override each of them.

    Call it before Luigi creates a worker or a scheduler. Luigi imports ``--module`` before it reads
    its settings, so the import of this package is early enough.
    """
    config = luigi.configuration.get_config()
    is_toml = isinstance(config, LuigiTomlParser)
    names_luigid = any(
        config.has_option("core", name) or _is_flag_given(f"--{name}") for name in _LUIGID_SETTINGS
    )
    for section, defaults in DEFAULTS.items():
        for name, value in defaults.items():
            if name == "local_scheduler" and names_luigid:
                continue
            if not config.has_option(section, name):
                config.set(section, name, value if is_toml else str(value))


def _is_flag_given(flag: str) -> bool:
    """Whether the command line has a flag; Luigi parses it later than this."""
    flag = flag.replace("_", "-")
    return any(word.split("=")[0] in (flag, f"--core-{flag[2:]}") for word in sys.argv[1:])
