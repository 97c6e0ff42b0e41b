"""``BuildReport``: the HTML report of an export."""

import logging
from collections.abc import Iterator, Sequence

import luigi

from thumbnail_tasks.commands.export import ExportAttributes, export_of
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.report.building import is_built, report_folder
from thumbnail_tasks.stages.pipeline import tasks_of
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.storage.listing import Listings
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)


class BuildReport(RunTask):
    """Write exports/report/; open its index.html in a browser."""

    def requires(self) -> ExportAttributes:
        return export_of(self)

    def output(self) -> FileTarget:
        return FileTarget(join(report_folder(self.data_dir), "index.html"))

    def complete(self) -> bool:
        """Whether the report was made from the current export."""
        export = self.requires()
        return export.complete() and is_built(
            report_folder(self.data_dir), export.find().path, export.fingerprint(), self.videos
        )

    @recover_lost_inputs
    def run(self) -> Iterator[Sequence[luigi.Task]]:
        export = self.requires()
        plan = export.input()["plan"].read()
        name = export.input()["plan"].name
        yield tasks_of(plan, name, export.source, self.data_dir, Listings().lacks)

        with self.lock(export.output()):
            if not self.complete():  # another run may have built it
                export.build_report(plan)


@BuildReport.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _log_nothing_to_do(task: BuildReport) -> None:
    logger.info("Nothing to do: %s shows the current export.", task.output().path)
