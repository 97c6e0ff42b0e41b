"""Check, before the first download, that the engines of a run can work on this machine."""

import functools
import logging
from collections.abc import Sequence

from thumbnail_tasks.console import Progress
from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.gpus import Gpu, GpuError, find_gpus, lease_gpu
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)

Stages = Sequence[type[ShardTask]]


class _AllLeasedError(Exception):
    """Other tasks compute on all GPUs."""


def check_engines(stages: Stages) -> None:
    """Check the engine of each stage where it will work, without loading a model.

    A GPU is leased for it, because frameworks keep memory there; if other tasks have leased all of
    them, the stages find out themselves.

    Args:
        stages: Those that have work to do.

    Raises:
        ThumbnailTasksError: A model file is missing or damaged, a GPU is missing or is not seen by
            the framework of an engine.
    """
    warn_of_limits(stages)
    on_gpu = [stage for stage in stages if stage.needs().get("gpu")]
    others = [stage for stage in stages if stage not in on_gpu]
    gpus = find_gpus() if on_gpu else []
    try:
        with lease_gpu(gpus, _give_up) as gpu, model_process().on(gpu):
            if gpu:
                _check(on_gpu, gpu)
    except _AllLeasedError:
        pass
    _check(others if gpus else [*on_gpu, *others], None)


def warn_of_limits(stages: Stages) -> None:
    """Log what the engines of these stages cannot do on this kind of machine."""
    for stage in stages:
        if stage.upstream and (limits := stage.selected_engine().limits()):
            logger.warning("%s: %s", stage.get_task_family(), limits)


def _give_up() -> None:
    raise _AllLeasedError


def _check(stages: Stages, gpu: Gpu | None) -> None:
    try:
        model_process().call(functools.partial(_check_here, stages), lambda n: None)
    except CrashError as crash:
        if gpu is None:
            raise
        raise GpuError(
            f"{gpu.label}: expected a framework that computes on it; found: {crash}. Fix the "
            "driver, or compute on the CPU with [gpus] devices = none"
        ) from crash


def _check_here(stages: Stages, advance: Progress) -> None:
    for stage in stages:
        stage.check_engine()
