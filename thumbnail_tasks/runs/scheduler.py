"""Requests to Luigi's central scheduler, luigid, in addition to Luigi's own."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from luigi.interface import core
from luigi.rpc import RPCError
from luigi.task_status import DISABLED, FAILED, RUNNING

from thumbnail_tasks import luigi_patches

_INTERRUPTED = json.dumps("interrupted; run the same command again to resume")
"""Reason of a failure, in luigid's format."""


def reset_failures(data_dir: str) -> None:
    """Let luigid retry tasks of a data directory that have failed, or are disabled until retry.

    Luigid would wait for a minute, or an hour if disabled. A user who runs the command again has
    fixed something, or expects a transient failure to be over. Without luigid nothing is done:
    each run has a scheduler of its own.
    """
    if core().local_scheduler:
        return
    with contextlib.closing(luigi_patches.open_luigid()) as luigid, contextlib.suppress(RPCError):
        for task_id in list_tasks(luigid, data_dir, DISABLED):
            luigid.re_enable_task(task_id=task_id)
        for task_id in list_tasks(luigid, data_dir, FAILED):
            luigid.forgive_failures(task_id=task_id)


def release_tasks(worker: str) -> None:
    """Tell luigid that a worker that has ended will finish none of its tasks.

    Otherwise luigid, and the same command run again, would wait for the worker's heartbeat.
    """
    if core().local_scheduler:
        return
    luigid = luigi_patches.open_luigid(n_tries=1)  # do not keep a user waiting after Ctrl-C
    with contextlib.closing(luigid), contextlib.suppress(RPCError):
        for task_id, task in luigid.task_list(status=RUNNING, limit=False).items():
            if task["worker_running"] == worker:
                luigid.add_task(
                    worker=worker, task_id=task_id, status=FAILED, expl=_INTERRUPTED, owners=()
                )


def list_tasks(
    scheduler: Any, data_dir: str | None, *statuses: str
) -> Mapping[str, Mapping[str, Any]]:
    """A scheduler's tasks with these statuses on a data directory, by task id.

    Raises:
        RPCError: The scheduler does not answer.
    """
    return {
        task_id: task
        for status in statuses
        for task_id, task in scheduler.task_list(status=status, limit=False).items()
        if task["params"].get("data_dir") == data_dir
    }
