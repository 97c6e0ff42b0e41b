"""What a run asks of Luigi's central scheduler, beside what Luigi itself asks."""

import contextlib
import json
from typing import Any

import luigi
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DISABLED, FAILED, RUNNING

_INTERRUPTED = json.dumps("interrupted: the same command goes on from here")
"""As luigid takes the reason of a failure."""


def forgive(data_dir: str) -> None:
    """Let tasks of a data directory be tried that have failed, also those that did too often.

    luigid would let these rest for an hour, others for a minute. Who gives the command again has
    mended something, or thinks that it may pass now. Without luigid nothing is done: each run has a
    scheduler of its own.
    """
    if luigi.interface.core().local_scheduler:
        return
    with contextlib.closing(_luigid()) as luigid, contextlib.suppress(RPCError):
        for task_id in list_tasks(luigid, data_dir, DISABLED):
            luigid.re_enable_task(task_id=task_id)
        for task_id in list_tasks(luigid, data_dir, FAILED):
            luigid.forgive_failures(task_id=task_id)


def give_back(worker: str) -> None:
    """Tell luigid that a worker, which has ended, brings none of its tasks to an end.

    luigid would wait for a sign of life, and so would the same command, given again.
    """
    if luigi.interface.core().local_scheduler:
        return
    with contextlib.closing(_luigid()) as luigid, contextlib.suppress(RPCError):
        luigid._rpc_retry_attempts = 1  # who pressed Ctrl-C does not wait for it
        for task_id, task in luigid.task_list(status=RUNNING, limit=False).items():
            if task["worker_running"] == worker:
                luigid.add_task(
                    worker=worker, task_id=task_id, status=FAILED, expl=_INTERRUPTED, owners=()
                )


def _luigid() -> Any:  # Luigi makes its methods while it is imported
    core = luigi.interface.core()
    url = core.scheduler_url or f"http://{core.scheduler_host}:{core.scheduler_port}/"
    return RemoteScheduler(url)


def list_tasks(scheduler: Any, data_dir: str | None, *statuses: str) -> dict[str, dict[str, Any]]:
    """What a scheduler says of the tasks of these statuses on a data directory; None: on none.

    Raises:
        RPCError: It does not answer.
    """
    return {
        task_id: task
        for status in statuses
        for task_id, task in scheduler.task_list(status=status, limit=False).items()
        if task["params"].get("data_dir") == data_dir
    }
