"""Free the room of what no run will need again."""

from pathlib import Path

import luigi

from thumbnail_tasks import settings
from thumbnail_tasks.commands.export import STAGES, made_of
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.report.building import unfinished_folders
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage import retention
from thumbnail_tasks.storage.directory_locks import claimed_night, unused_data
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.storage.retention import Unneeded
from thumbnail_tasks.tasks.progress import say_from
from thumbnail_tasks.tasks.shard_task import DataTask


class CleanUp(DataTask):
    """Remove what no run will need again, or say what that would be.

    Found are what killed runs left, damaged files that were moved aside, the dated exports beyond
    ``[night] keep``, the results of engines that today's settings do not name, and the tables and
    plans that no kept export needs. The last two only where the newest export is by today's
    engines: else these settings are not those of the last run, and what they call superseded may be
    wanted tomorrow.
    """

    dry_run = luigi.BoolParameter(default=False, description="Say it, and remove nothing")

    retry_count = 1

    _has_run = False

    def complete(self) -> bool:
        """Never before it has run: what there is to free changes by itself."""
        return self._has_run

    def run(self) -> None:
        data_dir = Path(self.data_dir)
        if not data_dir.is_dir():
            raise StorageError(f"{data_dir}: expected a data directory; found none")
        with claimed_night(data_dir, self.task_family), unused_data(data_dir):
            unneeded = find_unneeded(data_dir)
            verb = "would free (--dry-run: nothing was removed)" if self.dry_run else "freed"
            account = retention.describe(data_dir, unneeded, verb)
            if not self.dry_run:
                retention.remove(unneeded)
        print(account, flush=True)
        self._has_run = True


def find_unneeded(data_dir: Path) -> list[Unneeded]:
    """All that can go from a data directory under this process's settings.

    Raises:
        SettingsError: The settings name no engine, or keep no export.
        StorageError: An export is damaged.
    """
    exports = data_dir / "exports"
    old_exports = retention.find_old_exports(exports, settings.kept_exports())
    unneeded = [
        *retention.list_orphans(data_dir),
        *retention.list_unfinished(unfinished_folders(str(data_dir))),
        *retention.list_asides(data_dir),
        *old_exports,
    ]
    gone = {each.folder for each in old_exports}
    kept = [folder for folder in (exports, *retention.list_dated(exports)) if folder not in gone]
    targets = [ParquetTarget(str(folder / "attributes.parquet")) for folder in kept]
    made = [target for target in targets if target.exists()]
    digests = {target.path: target.read_metadata().get("made_of", "") for target in made}
    plans = retention.list_plans(data_dir)
    tables_by_digest = {
        made_of(plan.source, plan.table_name, attempt): (plan.source, plan.table_name)
        for plan in plans
        for attempt in range(1, plan.attempt + 1)
    }
    newest = max(made, key=ParquetTarget.written_at, default=None)
    if newest is None or digests[newest.path] not in tables_by_digest:
        found = f"{newest.path}, by other engines" if newest else "there is no export"
        say_from(
            "CleanUp",
            f"results, plans and tables stay: expected the newest export to be by "
            f"the engines of these settings; found: {found}",
        )
        return unneeded
    exported = {tables_by_digest[made] for made in digests.values() if made in tables_by_digest}
    sources = retention.list_sources(data_dir)
    todays = {
        stage.table: {stage.tag(source) for source in sources}
        for stage in STAGES
        if stage is not DownloadThumbnails  # pictures are kept whatever the settings
    }
    return [
        *unneeded,
        *retention.find_superseded(data_dir, todays),
        *retention.find_old_tables(data_dir, retention.needed_plans(plans, exported)),
    ]
