"""``ExportAttributes``: the main job."""

import datetime
import logging
from collections.abc import Iterator, Sequence

import luigi
import pyarrow as pa

from thumbnail_tasks import luigi_patches, settings
from thumbnail_tasks.commands.earlier_night import read_earlier_night
from thumbnail_tasks.commands.engine_checks import check_engines
from thumbnail_tasks.commands.node_checks import check_nodes
from thumbnail_tasks.commands.run_start import run_parameters
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.console import TASK_LINE, format_count, print_result
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.attributes import Attributes, fingerprint
from thumbnail_tasks.export.completing import clear_folder, withdraw_dataset, write_export_csv
from thumbnail_tasks.export.excerpt import rows_of
from thumbnail_tasks.export.published import (
    NAME,
    Export,
    find_export,
    find_readable_export,
    is_current_export,
)
from thumbnail_tasks.export.summary import (
    count_values,
    describe_unnamed,
    first_of_each,
    format_counts,
    format_rows,
    require_a_picture,
    summarize,
    time_new_shards,
)
from thumbnail_tasks.export.versions import VERSIONS_NAME, read_versions, write_versions
from thumbnail_tasks.export.writing import Writer, summary_columns
from thumbnail_tasks.inputs.thumbnail_sources import source_tag
from thumbnail_tasks.luigi_parsing import OptionalDateParameter
from thumbnail_tasks.report.building import build, is_built, report_folder
from thumbnail_tasks.report.sample import choose_sample
from thumbnail_tasks.stages.as_of import digest_plan, plan_as_of
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, WantedColumns
from thumbnail_tasks.stages.known import compact_known
from thumbnail_tasks.stages.pipeline import (
    outputs_of,
    selected_stages,
    shards_of,
    stages_of,
    tasks_of,
)
from thumbnail_tasks.stages.plan import PlanShards
from thumbnail_tasks.stages.videos import IdentifyThumbnails, ReadVideos
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import is_s3, join
from thumbnail_tasks.storage.listing import Listings
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget
from thumbnail_tasks.tasks.blocks import is_block
from thumbnail_tasks.tasks.progress import report_progress, show_on_page
from thumbnail_tasks.tasks.recovery import recover_lost_inputs
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)

_FOLDER = "exports"


class ExportAttributes(RunTask):
    """Write attributes.parquet and attributes.csv: everything found on the thumbnails.

    A second run with the same input does nothing; with a grown input, it computes only what is new.
    With ``as_of`` nothing is fetched: ``exports/as-of-<day>`` shows what was known on that day.
    """

    as_of: datetime.date | None = OptionalDateParameter(
        default=None, description="Export the thumbnails as they were known on this day (UTC)"
    )

    def requires(self) -> dict[str, luigi.Task]:
        table = self.table_parameters()
        required: dict[str, luigi.Task] = {
            "videos": ReadVideos(**table),
            "ids": IdentifyThumbnails(from_folder=bool(self.images_dir), **table),
        }
        if not self.as_of:
            required["plan"] = PlanShards(**run_parameters(self.param_kwargs))
        return required

    def output(self) -> ParquetTarget:
        return self.target(self._folder, NAME)

    def find(self) -> Export:
        """The export, which may be in parts.

        Raises:
            LostFileError: There is none, or it was damaged and moved aside.
            StorageError: It cannot be read.
        """
        export = find_export(self._exports, self._folder)
        if export is None:
            raise LostFileError(f"{self.output().path}: expected an export; found none")
        return export

    @property
    def _exports(self) -> str:
        return join(self.data_dir, self._folder)

    @property
    def _folder(self) -> str:
        return f"{_FOLDER}/as-of-{self.as_of}" if self.as_of else _FOLDER

    def complete(self) -> bool:
        """Whether export and report exist, made from this plan by these engines."""
        export = self._find_current()
        return export is not None and (
            not self._has_report
            or is_built(report_folder(self.data_dir), export.path, self.fingerprint(), self.videos)
        )

    def _find_current(self) -> Export | None:
        """The export, if it is of this plan and these engines.

        A single file counts whatever its rows: those of earlier versions have any number of them.
        """
        export = find_readable_export(self._exports, self._folder)
        if export and export.is_dataset and not _is_large(export.n_rows):
            return None
        return export if is_current_export(export, self.fingerprint) else None

    @property
    def source(self) -> str:
        """Source of the pictures."""
        return source_tag(self.images_dir)

    def fingerprint(self) -> str:
        """A digest of what the export is made from."""
        if self.as_of:
            return fingerprint(self.source, self.table_name, digest_plan(self._read_plan()))
        return fingerprint(self.source, self.table_name, self.plan_number)

    @property
    def _has_report(self) -> bool:
        return settings.report().build and not self.as_of

    def _read_plan(self) -> pa.Table:
        """Which shard holds each thumbnail: rows of ``schemas.PLANS``.

        Raises:
            InputError: Nothing was known as of the day.
            StorageError: A file cannot be read.
        """
        if not self.as_of:
            return self.input()["plan"].read()
        if self.images_dir:
            raise InputError(
                f"--as-of {self.as_of}: expected pictures from the network, which have times; "
                f"found --images-dir {self.images_dir}"
            )
        return plan_as_of(self.input()["ids"].read(), self.data_dir, self.source, self.as_of)

    def _list_to_do(self, plan: pa.Table) -> list[ShardTask]:
        lacks = Listings().lacks
        if self.as_of:  # a plan of its own, which blocks cannot name
            return stages_of(plan, self.source, self.data_dir, lacks)
        return tasks_of(plan, self.input()["plan"].name, self.source, self.data_dir, lacks)

    @recover_lost_inputs
    def run(self) -> Iterator[Sequence[luigi.Task]]:
        plan = self._read_plan()
        shards = shards_of(plan)
        what = f"{format_count(len(plan), 'thumbnail')} in {format_count(len(shards), 'shard')}"
        show_on_page(self, what, 0)
        wanted = WantedColumns(self.input()["videos"].read_schema(), f"--videos {self.videos}")
        embedding = EmbedColumns.of(self.table_parameters(), wanted)
        to_do = self._list_to_do(plan)
        if to_do:
            stages = list(dict.fromkeys(type(task) for task in to_do))
            if is_block(to_do[0].shards):
                check_nodes(stages, self.input()["plan"], self.source)
            else:
                check_engines(stages)
            yield [weights for stage in stages for weights in stage.requires_weights()]
        yield [*to_do, *([embedding] if embedding else [])]

        attributes = Attributes(plan, self.source, self.data_dir)
        statuses = count_values(attributes.statuses())
        require_a_picture(statuses, plan, self.source, self.data_dir, self.videos)
        with self.lock(self.output()):
            # Another run may have written it while this one waited for the lock.
            is_missing = self._find_current() is None
            counted = self._write(attributes, wanted, embedding) if is_missing else None
            del attributes  # they take memory
            export = self._complete()
            if not self.complete():
                self.build_report(plan)
        if counted is None:
            counted = first_of_each(export.read(["thumbnail_id", *summary_columns(export.names())]))
        files.remove_orphans(self.data_dir)  # PlanShards does not if this run resumes a killed one
        compact_known(self.data_dir, self.source)
        timings = []
        if not self.as_of:
            outputs = outputs_of(shards, self.source, self.data_dir)
            timings = time_new_shards(outputs, self.input()["plan"].written_at())
        unnamed = count_values(self.input()["ids"].read(["status"])["status"])
        on_page = [
            f"{format_rows(export.n_rows, len(plan))}: {format_counts(statuses)}",
            *describe_unnamed(unnamed),
        ]
        show_on_page(self, "; ".join(on_page), 1)
        paths = [export.path, *export.wanted_csv()]
        print_result(summarize(export.n_rows, counted, unnamed, timings, paths))

    def _write(
        self, attributes: Attributes, wanted: WantedColumns, embedding: EmbedColumns | None
    ) -> pa.Table:
        """Write the export; return ``summary_columns`` of each thumbnail."""
        if not self.as_of:
            write_versions(self.target(_FOLDER, VERSIONS_NAME), attributes, self.fingerprint())
        videos, ids = self.input()["videos"], self.input()["ids"]
        writer = Writer(videos, ids, attributes, wanted, embedding)
        if _is_large(videos.open_reader(()).metadata.num_rows):
            folder, key = join(self._exports, NAME), f"{self._folder}/{NAME}"
            parts, new = writer.write_dataset(folder, key, self.fingerprint())
            report_progress(self, f"{new} of {parts} parts are new", 1)
        else:
            writer.write_file(self.output(), self.fingerprint())
            withdraw_dataset(self._exports)
        return writer.summary()

    def _complete(self) -> Export:
        """Write the CSV of an export, if it is wanted and missing; return the export."""
        export = self.find()
        if not is_current_export(export, self.fingerprint) and export.wanted_csv():
            write_export_csv(export)
        clear_folder(export)
        return export

    def build_report(self, plan: pa.Table) -> None:
        """Build the report of this export, which is complete; the caller holds its lock.

        Raises:
            StorageError: As ``report.building.build``.
        """
        export = self.find()
        export.check()
        about = {stage.get_task_family(): stage.tag(self.source) for stage in selected_stages()}
        shown = choose_sample(plan)
        ids = shown["thumbnail_id"].combine_chunks()
        is_sample = len(shown) < len(plan)
        if is_sample:
            about = {"sample": f"{len(shown)} of {len(plan)} thumbnails"} | about
        known = plan["thumbnail_id"].combine_chunks()
        exports = join(self.data_dir, _FOLDER)
        before = read_earlier_night(exports, self.fingerprint(), ids, known)
        with rows_of(export, ids if is_sample else None, self.data_dir) as exported:
            build(
                self.data_dir,
                shown,
                self.source,
                read_versions(self.target(_FOLDER, VERSIONS_NAME), ids),
                exported,
                export.path,
                self.fingerprint(),
                self.videos,
                about,
                lambda share: show_on_page(self, f"report: {share:.0%} of the pictures", share),
                before,
            )
        folder = report_folder(self.data_dir)
        how = f"open {join(folder, 'index.html')}"
        if is_s3(folder):
            how = f"copy {folder} to this machine, and open its index.html"
        logger.info(TASK_LINE, "BuildReport", f"{how} in a browser")


def _is_large(n_rows: int) -> bool:
    return n_rows > settings.export().max_rows_per_file


def export_of(task: RunTask) -> ExportAttributes:
    """The export of the run that a task belongs to."""
    return ExportAttributes(**run_parameters(task.param_kwargs))


@ExportAttributes.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _log_nothing_to_do(task: ExportAttributes) -> None:
    if luigi_patches.is_command() and luigi_patches.root_task_name() != task.get_task_family():
        return  # the command has more to do than this export
    path = task.find().path
    logger.info("Nothing to do: %s is up to date with this input and these engines.", path)
