"""``ExportAttributes``: the main job."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence

import luigi
import pyarrow as pa

from thumbnail_tasks import luigi_patches, settings
from thumbnail_tasks.commands.engine_checks import check_engines
from thumbnail_tasks.commands.run_start import run_parameters
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.console import TASK_LINE, print_result
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.attributes import (
    fingerprint,
    is_current_export,
    read_attributes,
    write_export,
)
from thumbnail_tasks.export.summary import (
    describe_unnamed,
    format_counts,
    summarize,
    time_stages,
)
from thumbnail_tasks.inputs.thumbnail_sources import source_tag
from thumbnail_tasks.report.building import build, is_built, name_files, report_folder
from thumbnail_tasks.runs.recorder import is_of_this_run
from thumbnail_tasks.stages.pipeline import STAGES, shards_of, stages_of
from thumbnail_tasks.stages.plan import PlanShards
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.videos import IdentifyThumbnails, ReadVideos
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.progress import show_on_page
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)


class ExportAttributes(RunTask):
    """Write attributes.parquet and attributes.csv: everything found on the thumbnails.

    A second run with the same input does nothing; with a grown input, it computes only what is new.
    """

    def requires(self) -> dict[str, luigi.Task]:
        table = self.table_parameters()
        return {
            "videos": ReadVideos(**table),
            "ids": IdentifyThumbnails(from_folder=bool(self.images_dir), **table),
            "plan": PlanShards(**run_parameters(self.param_kwargs)),
        }

    def output(self) -> tuple[ParquetTarget, FileTarget]:
        csv = join(self.data_dir, "exports", "attributes.csv")
        return self.target("exports", "attributes"), FileTarget(csv)

    def complete(self) -> bool:
        """Whether export and report exist, made from this plan by these engines."""
        return is_current_export(*self.output(), self.fingerprint) and (
            not settings.report().build
            or is_built(report_folder(self.data_dir), self.output()[0].path, self.fingerprint())
        )

    @property
    def source(self) -> str:
        """Source of the pictures."""
        return source_tag(self.images_dir)

    def fingerprint(self) -> str:
        """A digest of what the export is made from."""
        return fingerprint(self.source, self.table_name, self.plan_number)

    @recover_lost_inputs
    def run(self) -> Iterator[Sequence[luigi.Task]]:
        plan = self.input()["plan"].read()
        stages = stages_of(plan, self.source, self.data_dir)
        n_shards = len(shards_of(plan))
        show_on_page(self, f"{len(plan)} thumbnails in {n_shards} shards", 0)
        to_do = [task for task in stages if not task.complete()]
        if to_do:
            one_of_each = {type(task): task for task in to_do}.values()
            check_engines(one_of_each)
            yield [weights for task in one_of_each for weights in task.requires_weights()]
        yield to_do

        attributes = read_attributes(plan, self.source, self.data_dir)
        self._require_a_picture(attributes, plan)
        parquet, csv = self.output()
        with self.lock(parquet):
            # Another run may have written it while this one waited for the lock.
            if not is_current_export(parquet, csv, self.fingerprint):
                videos, ids = self.input()["videos"], self.input()["ids"]
                write_export(videos, ids, attributes, parquet, csv.path, self.fingerprint())
            if not self.complete():
                self.build_report(plan)
        files.remove_orphans(self.data_dir)  # PlanShards does not if this run resumes a killed one
        timings = time_stages(stages, lambda shard: is_of_this_run(shard, self.input()["plan"]))
        n_rows = self.input()["videos"].open_reader(()).metadata.num_rows
        statuses = format_counts(Counter(attributes["thumbnail_status"].to_pylist()))
        unnamed = Counter(self.input()["ids"].read(["status"])["status"].drop_null().to_pylist())
        on_page = [
            f"{n_rows} rows, {len(attributes)} thumbnails: {statuses}",
            *describe_unnamed(unnamed),
        ]
        show_on_page(self, "; ".join(on_page), 1)
        print_result(summarize(n_rows, attributes, unnamed, timings, [parquet.path, csv.path]))

    def build_report(self, plan: pa.Table) -> None:
        """Build the report of this export, which is complete; the caller holds its lock.

        Raises:
            StorageError: As ``report.building.build``.
        """
        parquet, csv = self.output()
        parquet.open_reader()  # checks the whole file
        engines = {stage.get_task_family(): stage.tag(self.source) for stage in STAGES}
        build(
            self.data_dir,
            plan,
            self.source,
            (parquet, csv.path),
            self.fingerprint(),
            {"videos": name_files(self.videos), **engines},
            lambda share: show_on_page(self, f"report: {share:.0%} of the pictures", share),
        )
        page = join(report_folder(self.data_dir), "index.html")
        logger.info(TASK_LINE, "BuildReport", f"open {page} in a browser")

    def _require_a_picture(self, attributes: pa.Table, plan: pa.Table) -> None:
        statuses = Counter(attributes["thumbnail_status"].to_pylist())
        if not statuses["ok"]:
            shard = shards_of(plan)[0]
            downloaded = DownloadThumbnails.on(shard, self.source, self.data_dir)
            columns = ["thumbnail_id", "url", "detail"]
            first = downloaded.output_for(shard).read(columns).to_pylist()[0]
            raise InputError(
                f"--videos {self.videos}: expected thumbnails; none of {len(attributes)} could "
                f"be fetched ({format_counts(statuses)}). The first: "
                f"{first['url'] or first['thumbnail_id']}: {first['detail']}. Nothing was exported."
            )


def export_of(task: RunTask) -> ExportAttributes:
    """The export of the run that a task belongs to."""
    return ExportAttributes(**run_parameters(task.param_kwargs))


@ExportAttributes.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _log_nothing_to_do(task: ExportAttributes) -> None:
    if luigi_patches.is_command() and luigi_patches.root_task_name() != task.get_task_family():
        return  # the command has more to do than this export
    path = task.output()[0].path
    logger.info("Nothing to do: %s is up to date with this input and these engines.", path)
