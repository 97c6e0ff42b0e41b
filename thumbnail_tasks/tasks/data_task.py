"""The base class of all tasks that store results in a data directory."""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import luigi

from thumbnail_tasks import settings
from thumbnail_tasks.console import TASK_LINE
from thumbnail_tasks.errors import HostDownError, SettingsError, StorageError, WeightsError
from thumbnail_tasks.execution.cluster.setup import ClusterError
from thumbnail_tasks.execution.crashes import explain_exit
from thumbnail_tasks.execution.gpus import GpuError
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage.addresses import join, relative_to
from thumbnail_tasks.storage.locks import hold_lock
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.interrupts import stop_run

logger = logging.getLogger(__name__)


class DataTask(luigi.Task):
    """A task that stores its results in a data directory."""

    data_dir: str = PathParameter(default="", description="The same as --storage-data-dir")

    @classmethod
    def get_param_values(
        cls, params: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Fill in the default folder, so that it is part of the task's id in the scheduler.

        Two runs with different folders are then different tasks, and a worker of another
        process that takes over the task works in the same folder.
        """
        values = dict(super().get_param_values(params, args, kwargs))
        values["data_dir"] = values["data_dir"] or settings.default_data_dir()
        return list(values.items())

    def target(self, *key: str) -> ParquetTarget:
        """The Parquet file at ``<data_dir>/<key>.parquet``."""
        return ParquetTarget(f"{join(self.data_dir, *key)}.parquet", "/".join(key))

    def lock(self, target: ParquetTarget) -> AbstractContextManager[None]:
        """Hold the lock on a file: other runs on the same data directory wait."""
        name = relative_to(target.path, self.data_dir)
        message = f"waiting: another run is making {name}"
        return hold_lock(
            self.data_dir,
            name,
            lambda: logger.info(TASK_LINE, self.task_family, message),
        )


@DataTask.event_handler(luigi.Event.PROCESS_FAILURE)
def _log_process_failure(task: DataTask, message: str) -> None:
    exit_code = re.search(r"exit code (-\d+)", message)
    reason = f": {explain_exit(int(exit_code[1]))}" if exit_code else ""
    logger.error(
        "%s: its process %s%s. Finished work is kept; a first failure is tried again.",
        task.task_family,
        message.removeprefix(f"Task {task.task_id} "),
        reason,
    )


@DataTask.event_handler(luigi.Event.FAILURE)
def _stop_run_on_lasting_failure(task: DataTask, error: Exception) -> None:
    """Stop if further tasks would fail alike: disk, host, cluster, GPU, model or settings."""
    lasting = StorageError | HostDownError | GpuError | WeightsError | SettingsError | ClusterError
    if isinstance(error, lasting):
        stop_run()
