"""What a run asks of Luigi's central scheduler, beside what Luigi itself asks."""

import contextlib
from typing import Any

import luigi
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DISABLED, FAILED


def forgive(data_dir: str) -> None:
    """Let tasks of a data directory be tried that have failed, also those that did too often.

    luigid would let these rest for an hour, others for a minute. Who gives the command again has
    mended something, or thinks that it may pass now. Without luigid nothing is done: each run has a
    scheduler of its own.
    """
    core = luigi.interface.core()
    if core.local_scheduler:
        return
    url = core.scheduler_url or f"http://{core.scheduler_host}:{core.scheduler_port}/"
    luigid: Any = RemoteScheduler(url)  # its methods are made while it is imported
    with contextlib.closing(luigid), contextlib.suppress(RPCError):
        for task_id in list_tasks(luigid, data_dir, DISABLED):
            luigid.re_enable_task(task_id=task_id)
        for task_id in list_tasks(luigid, data_dir, FAILED):
            luigid.forgive_failures(task_id=task_id)


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
