"""``Nightly``: export the newest table under its date, and point ``latest`` at it."""

import atexit
import contextlib
import datetime
import functools
import logging
from collections.abc import Mapping
from typing import Any

import luigi
from luigi.interface import PidLockAlreadyTakenExit

from thumbnail_tasks import settings
from thumbnail_tasks.commands.export import ExportAttributes, export_of
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.console import TASK_LINE
from thumbnail_tasks.errors import InputError, StorageError, ThumbnailTasksError
from thumbnail_tasks.export.completing import clear_folder
from thumbnail_tasks.export.published import (
    find_export,
    find_readable_export,
    is_current_export,
)
from thumbnail_tasks.export.versions import VERSIONS_NAME
from thumbnail_tasks.inputs.newest import newest_table
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage import files, retention
from thumbnail_tasks.storage.addresses import join, relative_to
from thumbnail_tasks.storage.directory_locks import DataDirBusyError, hold_night_lock
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.storage.retention import LATEST, latest_date
from thumbnail_tasks.tasks.progress import report_progress

logger = logging.getLogger(__name__)

_night = contextlib.ExitStack()
"""The night lock of this process, held until it ends."""
atexit.register(_night.close)


class Nightly(RunTask):
    """Export the newest table under its date, point ``latest`` at it, delete the oldest exports.

    A second run in the same night does nothing unless there is a newer table. Only one night runs
    at a time on a data directory.
    """

    tables: str = PathParameter(
        default="",
        description="Folder of tables (CSV, Parquet, JSON lines), or a glob; the newest is used",
    )
    date: datetime.date = luigi.DateParameter(
        default=datetime.date.today(), description="Date of the export (default: today)"
    )
    videos: str = PathParameter(
        default="", description="Tonight's table (default: the newest in --tables)"
    )

    @classmethod
    def choose_input(cls, task: Mapping[str, Any]) -> dict[str, Any]:
        """Take the night lock, and choose tonight's table.

        The lock is held by the process that schedules the tasks, until it ends.
        """
        # The first stage reports a folder that cannot be written; ``run`` reports errors in
        # settings or input.
        with contextlib.suppress(StorageError):
            _lock_night(task["data_dir"])
        with contextlib.suppress(ThumbnailTasksError):
            return {"videos": task["videos"] or _tonights_table(task["tables"])}
        return {}

    def requires(self) -> list[luigi.Task]:
        return [export_of(self)] if self.videos else []

    def output(self) -> FileTarget:
        return FileTarget(join(self._exports, self.date.isoformat()))

    @property
    def _exports(self) -> str:
        return join(self.data_dir, "exports")

    @property
    def _dated(self) -> str:
        return self.output().path

    def complete(self) -> bool:
        """Whether the dated export is tonight's, and ``latest`` points to it or a later one."""
        if not self.videos or latest_date(self._exports) < self.date.isoformat():
            return False
        dated = find_readable_export(self._dated)
        return is_current_export(dated, export_of(self).fingerprint)

    def run(self) -> None:
        keep = settings.night().keep
        if not self.videos:
            raise InputError(
                f"{newest_table(self.tables)}: arrived while the night was starting; run again"
            )
        self._publish(export_of(self))
        name = self.date.isoformat()
        if latest_date(self._exports) < name:
            files.backend_of(self._exports).point(join(self._exports, LATEST), name)
        old = retention.find_old_exports(self._exports, keep, also_keep=[name])
        retention.remove(old)
        report_progress(
            self,
            f"{join(self._exports, name)} was made from {self.videos}; {LATEST} points to "
            f"{latest_date(self._exports)}" + "".join(f"; removed {each.folder}" for each in old),
            1,
        )

    def _publish(self, export: ExportAttributes) -> None:
        """Publish the export under its date.

        Raises:
            StorageError: It is no longer tonight's, or cannot be written.
        """
        with self.lock(export.output()):
            if not export.complete():
                raise StorageError(
                    f"{export.output().path}: expected the export of {self.videos}; found another: "
                    "a run over another table has just replaced it. Run again."
                )
            made = export.find()
            backend = files.backend_of(made.path)
            parts = [part.path for part in made.parts]
            versions = join(made.folder, f"{VERSIONS_NAME}.parquet")
            others = [versions] if files.exists(versions) else []
            for source in dict.fromkeys([*others, *parts, made.path, *made.wanted_csv()]):
                backend.copy(source, join(self._dated, relative_to(source, made.folder)))
            clear_folder(made.at(self._dated))


@functools.cache  # Luigi asks for a task's parameters twice
def _lock_night(data_dir: str) -> None:
    try:
        _night.enter_context(hold_night_lock(data_dir, "Nightly"))
    except DataDirBusyError as error:
        logger.error(str(error))
        raise PidLockAlreadyTakenExit from None  # Luigi exits with [retcode] already_running


@functools.cache
def _tonights_table(tables: str) -> str:
    newest = newest_table(tables)
    logger.info(TASK_LINE, "Nightly", newest)
    return newest


@Nightly.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _log_nothing_to_do(task: Nightly) -> None:
    dated = find_export(task.output().path)
    path = dated.path if dated else task.output().path
    logger.info("Nothing to do: %s is up to date with %s and these engines.", path, task.videos)
