"""The night itself: the newest table, exported under its date, and a pointer to it."""

import atexit
import contextlib
import datetime
import functools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import luigi
from luigi.interface import PidLockAlreadyTakenExit

from thumbnail_tasks import settings
from thumbnail_tasks.commands.export import ExportAttributes, are_of, of_run
from thumbnail_tasks.errors import InputError, StorageError, ThumbnailTasksError
from thumbnail_tasks.inputs.newest import newest_table
from thumbnail_tasks.stages.videos import VideosTask
from thumbnail_tasks.storage import retention
from thumbnail_tasks.storage.directory_locks import NightRunsError, claimed_night
from thumbnail_tasks.storage.parquet_target import ParquetTarget, written_whole
from thumbnail_tasks.storage.retention import LATEST, latest_date
from thumbnail_tasks.tasks.progress import say, say_from, tell

_night = contextlib.ExitStack()
"""The claim of this process, held to its end."""
atexit.register(_night.close)


def link_or_copy(source: Path, path: Path) -> None:
    """Give a file a second name, or make a second one where the file system has no links.

    Raises:
        StorageError: It cannot be written.
    """
    with written_whole(path) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copy2(source, temporary)


class Nightly(VideosTask):
    """Export the newest table under its date, let ``latest`` lead to it, drop the oldest exports.

    Run it again the same night: nothing is done, unless there is a newer table. Only one night runs
    at a time on a data directory.
    """

    tables = luigi.Parameter(
        default="", description="Folder of tables (.csv, .parquet), or a pattern; the newest counts"
    )
    date = luigi.DateParameter(
        default=datetime.date.today(), description="The night's name (default: today)"
    )
    videos = luigi.Parameter(default="", description="Tonight's table (default: as --tables says)")
    images_dir = luigi.Parameter(
        default="", description="Take thumbnails from this folder, not from the network"
    )
    attempt = luigi.IntParameter(default=0, description="As of ExportAttributes")

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Begin the night, once: claim it, settle the table and the attempt.

        All processes of the run then agree on them, and the claim is held by the one that lives
        to the run's end.
        """
        task = dict(super().get_param_values(params, args, kwargs))
        if not task["attempt"]:
            # A folder that cannot be written is for the first stage to report; what is wrong with
            # settings or input for ``run``.
            with contextlib.suppress(StorageError):
                _begin_night(Path(task["data_dir"]))
            with contextlib.suppress(ThumbnailTasksError):
                settings.kept_exports()
                task["videos"] = task["videos"] or _table_of_tonight(task["tables"])
            task["attempt"] = _export_of(task).attempt
        return list(task.items())

    def requires(self) -> list[luigi.Task]:
        return [_export_of(self.param_kwargs)] if self.videos else []

    def output(self) -> tuple[ParquetTarget, luigi.LocalTarget]:
        folder = self._exports / self.date.isoformat()
        table = folder / "attributes.csv"
        return ParquetTarget(str(folder / "attributes.parquet")), luigi.LocalTarget(str(table))

    @property
    def _exports(self) -> Path:
        return Path(self.data_dir, "exports")

    def complete(self) -> bool:
        """Whether the dated export is tonight's, and ``latest`` leads to it or to a later one."""
        if not self.videos or latest_date(self._exports) < self.date.isoformat():
            return False
        return are_of(*self.output(), _export_of(self.param_kwargs))

    def run(self) -> None:
        keep = settings.kept_exports()
        if not self.videos:
            raise InputError(f"{newest_table(self.tables)}: came while the night began; run again")
        self._publish(_export_of(self.param_kwargs))
        name = self.date.isoformat()
        if latest_date(self._exports) < name:
            with written_whole(self._exports / LATEST) as temporary:
                temporary.symlink_to(name)
        old = retention.find_old_exports(self._exports, keep, spared=[name])
        retention.remove(old)
        tell(
            self,
            f"{self._exports / name} is of {self.videos}; {LATEST} leads to "
            f"{latest_date(self._exports)}" + "".join(f"; removed {each.folder}" for each in old),
            1,
        )

    def _publish(self, export: ExportAttributes) -> None:
        """Place the export under its date.

        Raises:
            StorageError: It is not tonight's any more, or cannot be placed.
        """
        made = export.output()
        with self.claim(made[0]):
            if not export.complete():
                raise StorageError(
                    f"{made[0].path}: expected the export of {self.videos}; found another: a run "
                    "over another table has just replaced it. Run again."
                )
            for source, target in zip(made, self.output(), strict=True):
                link_or_copy(Path(source.path), Path(target.path))


@functools.cache  # Luigi asks for a task's parameters twice
def _begin_night(data_dir: Path) -> None:
    try:
        _night.enter_context(claimed_night(data_dir, "Nightly"))
    except NightRunsError as error:
        say(str(error))
        raise PidLockAlreadyTakenExit from None  # Luigi's own: [retcode] already_running


@functools.cache
def _table_of_tonight(tables: str) -> str:
    newest = newest_table(tables)
    say_from("Nightly", f"{newest}")
    return str(newest)


def _export_of(night: Mapping[str, Any]) -> ExportAttributes:
    return ExportAttributes(**of_run(night))


@Nightly.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _say_that_nothing_is_to_do(task: Nightly) -> None:
    say(f"Nothing to do: {task.output()[0].path} is of {task.videos}, by these engines, already.")
