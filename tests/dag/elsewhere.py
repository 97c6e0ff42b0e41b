"""An export that another process has to make; taken by ``--module``."""

import luigi

from tests.dag import quick
from tests.docker.chores import WaitForBroom
from thumbnail_tasks.commands.export import ExportAttributes, RunTask, run_parameters

__all__ = ["ExportElsewhere", "quick"]


class WaitFirst(WaitForBroom):
    """What a worker begins with."""

    priority = 1


class ExportElsewhere(RunTask):
    """Given one worker, this process waits for a broom, and leaves all else to an assistant."""

    floor: str = luigi.Parameter()

    def requires(self) -> list[luigi.Task]:
        return [WaitFirst(path=self.floor), ExportAttributes(**run_parameters(self.param_kwargs))]

    def complete(self) -> bool:
        return all(task.complete() for task in self.requires())
