"""Find files that no run will need again, and remove them.

Pictures, shards and the results of the selected engines are never among them.
"""

import contextlib
import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from thumbnail_tasks.storage.atomic import find_orphans, writing
from thumbnail_tasks.storage.naming import table_of_shard
from thumbnail_tasks.storage.parquet_target import find_damaged

LATEST = "latest"
"""The link in ``exports`` to the newest dated export."""


class Reclaimable(NamedTuple):
    """Files of one folder that can be removed."""

    folder: Path
    why: str
    files: Sequence[Path]


class Plan(NamedTuple):
    """A file of ``plans``."""

    source: str
    table_name: str
    number: int
    path: Path


def list_orphans(data_dir: Path) -> list[Reclaimable]:
    """Leftovers of killed writers."""
    return _by_folder(find_orphans(data_dir), "temporary files of killed writers")


def list_damaged(data_dir: Path) -> list[Reclaimable]:
    """Damaged files that were moved aside."""
    return _by_folder(find_damaged(data_dir), "damaged; regenerated since, or by the next run")


def list_unfinished(folders: Iterable[Path]) -> list[Reclaimable]:
    """The folders that exist, left by a killed run."""
    return [
        Reclaimable(folder, "leftovers of a killed run", _files_below(folder))
        for folder in folders
        if folder.is_dir()
    ]


def list_published_checkpoints(data_dir: Path) -> list[Reclaimable]:
    """Checkpoints of shards that have since been published; a kill can leave them."""
    checkpoints = (data_dir / "unfinished").glob("*/*/*.parquet")
    published = [path for path in checkpoints if (data_dir / Path(*path.parts[-3:])).exists()]
    return _by_folder(sorted(published), "checkpoints of shards that are done")


def list_dated_exports(exports: Path) -> list[Path]:
    """The folders of exports that are named by a date, the oldest first."""
    return sorted(path for path in exports.glob("????-??-??") if path.is_dir() and _is_date(path))


def _is_date(path: Path) -> bool:
    try:
        datetime.date.fromisoformat(path.name)
    except ValueError:
        return False
    return True


def latest_date(exports: Path) -> str:
    """The date that ``latest`` points to; empty if there is none."""
    latest = exports / LATEST
    return latest.resolve().name if latest.is_dir() else ""


def find_old_exports(
    exports: Path, keep: int, also_keep: Collection[str] = ()
) -> list[Reclaimable]:
    """The dated exports before the newest ``keep``.

    Args:
        exports: The folder of all exports.
        keep: Number of exports to keep, 1 or more.
        also_keep: Dates to keep, however old; the one that ``latest`` points to is always kept.
    """
    kept = {*also_keep, latest_date(exports)}
    return [
        Reclaimable(folder, "older than the exports kept", _files_below(folder))
        for folder in list_dated_exports(exports)[:-keep]
        if folder.name not in kept
    ]


def list_plans(data_dir: Path) -> list[Plan]:
    """All plans of a data directory."""
    plans = []
    for path in sorted((data_dir / "plans").glob("*/*.parquet")):
        table_name, _, number = path.stem.rpartition("-")
        plans.append(Plan(path.parent.name, table_name, int(number), path))
    return plans


def needed_plans(plans: Iterable[Plan], exported: Collection[tuple[str, str]]) -> list[Plan]:
    """The plans that the next run over the same table would continue.

    Args:
        plans: From ``list_plans``.
        exported: Source and table name of each kept export.

    Returns:
        For each source the last plan of each exported table, and of the table that was planned
        last, whose export may not exist yet.
    """
    last: dict[tuple[str, str], Plan] = {}
    newest: dict[str, Plan] = {}
    for plan in plans:
        of_table = (plan.source, plan.table_name)
        last[of_table] = max(plan, last.get(of_table, plan), key=lambda each: each.number)
        newest[plan.source] = max(plan, newest.get(plan.source, plan), key=_modified)
    wanted = {*exported, *((source, plan.table_name) for source, plan in newest.items())}
    return [plan for of_table, plan in last.items() if of_table in wanted]


def _modified(plan: Plan) -> int:
    return plan.path.stat().st_mtime_ns


def find_old_tables(data_dir: Path, needed: Collection[Plan]) -> list[Reclaimable]:
    """Plans, tables of videos, thumbnail ids and vocabularies that belong to no needed plan.

    A vocabulary is kept as long as there is a shard planned from its table: another engine may
    correct that shard's words with it. The table that was read last is kept, as it may not be
    planned yet.
    """
    needed_paths = {plan.path for plan in needed}
    tables = {plan.table_name for plan in needed}
    videos = sorted((data_dir / "videos").glob("*.parquet"), key=lambda path: path.stat().st_mtime)
    tables.update(path.stem for path in videos[-1:])
    sharded = {table_of_shard(path.stem) for path in (data_dir / "shards").glob("*/*.parquet")}
    ids = sorted((data_dir / "thumbnail_ids").glob("*/*.parquet"))
    vocabularies = sorted((data_dir / "vocabularies").glob("*.parquet"))
    old = [
        *(plan.path for plan in list_plans(data_dir) if plan.path not in needed_paths),
        *(path for path in videos if path.stem not in tables),
        *(path for path in ids if path.stem not in tables),
        *(path for path in vocabularies if path.stem not in tables | sharded),
    ]
    return _by_folder(old, "of tables that no kept export needs")


def _by_folder(files: Iterable[Path], why: str) -> list[Reclaimable]:
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    return [Reclaimable(folder, why, of_folder) for folder, of_folder in by_folder.items()]


def find_superseded(data_dir: Path, selected: Mapping[str, Collection[str]]) -> list[Reclaimable]:
    """Results of engines that the settings do not select.

    Args:
        data_dir: The data directory.
        selected: For each folder of results, the engine tags in use, one for each source.
    """
    return [
        Reclaimable(folder, "of superseded engines", _files_below(folder))
        for table, tags in selected.items()
        for folder in _folders(data_dir / table)
        if folder.name not in tags
    ]


def list_sources(data_dir: Path) -> list[str]:
    """All sources of thumbnails in this data directory."""
    return [folder.name for folder in _folders(data_dir / "shards")]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def remove(reclaimable: Iterable[Reclaimable]) -> None:
    """Remove the files, and folders that become empty.

    Raises:
        StorageError: A file cannot be removed.
    """
    for folder, _, files in reclaimable:
        for path in files:
            with writing(path):
                path.unlink(missing_ok=True)
        parents = {folder, *(parent for path in files for parent in path.parents)}
        within = [parent for parent in parents if parent.is_relative_to(folder)]
        for parent in sorted(within, key=lambda path: len(path.parts), reverse=True):
            with contextlib.suppress(OSError):  # it is not empty
                parent.rmdir()


def measure_freed(files: Iterable[Path]) -> int:
    """The bytes freed by removing these files; files with other hard links free nothing."""
    stats = [path.lstat() for path in files]
    names = Counter((stat.st_dev, stat.st_ino) for stat in stats)
    freed = {(stat.st_dev, stat.st_ino): stat for stat in stats}
    return sum(stat.st_size for key, stat in freed.items() if names[key] == stat.st_nlink)


def describe(data_dir: Path, reclaimable: Sequence[Reclaimable], verb: str) -> str:
    """A line for each folder, and the total.

    Args:
        data_dir: The data directory.
        reclaimable: The files, which must still exist.
        verb: ``would free`` or ``freed``.
    """
    if not reclaimable:
        return f"{data_dir}: nothing to free"
    lines = [f"{data_dir}: {verb}"]
    for folder, why, files in reclaimable:
        lines.append(_line(files, f"{folder.relative_to(data_dir)}: {why}"))
    lines.append(_line([path for each in reclaimable for path in each.files], "in total"))
    return "\n".join(lines)


def _line(files: Sequence[Path], what: str) -> str:
    return f"{measure_freed(files) / 1e6:>12.3f} MB{len(files):>9} files  {what}"
