"""``CleanUp``: remove files that no run will need again."""

import logging
from collections.abc import Iterator, Sequence

import luigi

from thumbnail_tasks import settings
from thumbnail_tasks.console import TASK_LINE, print_result
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.attributes import JOINED, fingerprint, joined_tag
from thumbnail_tasks.export.published import NAME, find_export
from thumbnail_tasks.report.building import unfinished_folders
from thumbnail_tasks.stages import embedded_columns, text_vectors
from thumbnail_tasks.stages.known import list_outdated
from thumbnail_tasks.stages.pipeline import selected_stages
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage import files, retention
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.directory_locks import hold_night_lock, hold_unused_data_dir
from thumbnail_tasks.storage.manifest import list_unnamed
from thumbnail_tasks.storage.retention import Reclaimable
from thumbnail_tasks.tasks.data_task import DataTask

logger = logging.getLogger(__name__)


class CleanUp(DataTask):
    """Remove files that no run will need again, or list them.

    These are leftovers of killed runs, damaged files that were moved aside, dated exports beyond
    ``[night] keep``, results of engines that the settings do not select, and tables and plans that
    no kept export needs. The last two are removed only if the newest export was made by the
    selected engines: otherwise these are not the settings of the last run, and results that look
    superseded may be needed tomorrow.
    """

    dry_run: bool = luigi.BoolParameter(
        default=False, description="List the files, and remove nothing"
    )

    retry_count = 1

    _has_run = False

    def complete(self) -> bool:
        """False until it has run: what can be removed differs from run to run."""
        return self._has_run

    def run(self) -> None:
        data_dir = self.data_dir
        if not files.is_folder(data_dir):
            raise StorageError(f"{data_dir}: expected a data directory; found none")
        with hold_night_lock(data_dir, self.task_family), hold_unused_data_dir(data_dir):
            reclaimable = find_reclaimable(data_dir)
            verb = "would free (--dry-run: nothing was removed)" if self.dry_run else "freed"
            summary = retention.describe(data_dir, reclaimable, verb)
            if not self.dry_run:
                retention.remove(reclaimable)
        print_result(summary)
        self._has_run = True


def find_reclaimable(data_dir: str) -> list[Reclaimable]:
    """Everything that can be removed from a data directory under this process's settings.

    Raises:
        SettingsError: The settings select no engine, or keep no export.
        StorageError: An export is damaged.
    """
    exports = join(data_dir, "exports")
    old_exports = retention.find_old_exports(exports, settings.night().keep)
    reclaimable = [
        *retention.list_orphans(data_dir),
        *retention.list_unfinished(
            [*unfinished_folders(data_dir), join(data_dir, "unfinished", "scratch")]
        ),
        *retention.list_damaged(data_dir),
        *retention.list_published_checkpoints(data_dir),
        *old_exports,
    ]
    old_folders = {each.folder for each in old_exports}
    kept = [
        folder
        for folder in (exports, *retention.list_dated_exports(exports))
        if folder not in old_folders
    ]
    made = [export for folder in kept if (export := find_export(folder))]
    digests = {export.path: export.fingerprint or "" for export in made}
    sources = retention.list_sources(data_dir)
    datasets = [join(folder, NAME) for folder in kept]
    reclaimable += [
        Reclaimable(folder, why, entries)
        for why, found in (
            ("parts that no manifest names", ((each, list_unnamed(each)) for each in datasets)),
            ("what was known of shards that have changed", _list_outdated(data_dir, sources)),
        )
        for folder, entries in found
        if entries
    ]
    plans = retention.list_plans(data_dir)
    tables_by_digest = {
        fingerprint(plan.source, plan.table_name, plan_number): (plan.source, plan.table_name)
        for plan in plans
        for plan_number in range(1, plan.number + 1)
    }
    newest = max(made, key=lambda export: files.written_at(export.path), default=None)
    if newest is None or digests[newest.path] not in tables_by_digest:
        found = f"{newest.path}, made by other engines" if newest else "no export"
        logger.info(
            TASK_LINE,
            "CleanUp",
            "results, plans and tables are kept: expected the newest export to be made by "
            f"the engines of these settings; found: {found}",
        )
        return reclaimable
    exported = {tables_by_digest[made] for made in digests.values() if made in tables_by_digest}
    todays = {
        stage.table: {stage.tag(source) for source in sources}
        for stage in selected_stages()
        if stage is not DownloadThumbnails  # pictures are kept whatever the settings
    }
    todays[JOINED] = {joined_tag(source) for source in sources}
    todays[text_vectors.FOLDER] = {text_vectors.vectors_tag()}
    todays[embedded_columns.FOLDER] = todays[text_vectors.FOLDER]
    return [
        *reclaimable,
        *retention.find_superseded(data_dir, todays),
        *retention.find_superseded(join(data_dir, "unfinished"), todays),
        *retention.find_old_tables(data_dir, retention.needed_plans(plans, exported)),
    ]


def _list_outdated(data_dir: str, sources: Sequence[str]) -> Iterator[tuple[str, list[Entry]]]:
    for source in sources:
        yield join(data_dir, "known", source), list_outdated(data_dir, source)
