"""An export that another process must make; loaded with ``--module``."""

import luigi

from tests.dag import quick
from tests.docker.chores import WaitForBroom
from thumbnail_tasks.commands.export import ExportAttributes
from thumbnail_tasks.commands.run_start import run_parameters
from thumbnail_tasks.commands.run_task import RunTask

__all__ = ["ExportElsewhere", "quick"]


class WaitFirst(WaitForBroom):
    """Start-up of a worker."""

    priority = 1


class ExportElsewhere(RunTask):
    """With one worker, this process waits for ``Broom`` and leaves the rest to an assistant."""

    floor: str = luigi.Parameter()

    def requires(self) -> list[luigi.Task]:
        return [WaitFirst(path=self.floor), ExportAttributes(**run_parameters(self.param_kwargs))]

    def complete(self) -> bool:
        return all(task.complete() for task in self.requires())
