"""Find files that no run will need again, and remove them.

Pictures, shards and the results of the selected engines are never among them.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, join, name_of, relative_to, stem_of
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.naming import table_of_shard
from thumbnail_tasks.storage.parquet_target import find_damaged

LATEST = "latest"
"""The pointer in ``exports`` to the newest dated export."""


class Reclaimable(NamedTuple):
    """Files of one folder that can be removed."""

    folder: str
    why: str
    files: Sequence[Entry]


class Plan(NamedTuple):
    """A file of ``plans``."""

    source: str
    table_name: str
    number: int
    file: Entry


def list_orphans(data_dir: str) -> list[Reclaimable]:
    """Leftovers of killed writers."""
    orphans = files.find_orphans(data_dir)
    return _by_folder(orphans, "temporary files of killed writers")


def list_damaged(data_dir: str) -> list[Reclaimable]:
    """Damaged files that were moved aside."""
    return _by_folder(find_damaged(data_dir), "damaged; regenerated since, or by the next run")


def list_unfinished(folders: Iterable[str]) -> list[Reclaimable]:
    """The folders that exist, left by a killed run."""
    return [
        Reclaimable(folder, "leftovers of a killed run", files.list_files(folder, below=True))
        for folder in folders
        if files.is_folder(folder)
    ]


def list_published_checkpoints(data_dir: str) -> list[Reclaimable]:
    """Checkpoints of shards that have since been published; a kill can leave them."""
    unfinished = join(data_dir, "unfinished")
    published = [
        entry
        for entry in files.list_files(unfinished, below=True, suffix=".parquet")
        if files.exists(join(data_dir, relative_to(entry.address, unfinished)))
    ]
    return _by_folder(published, "checkpoints of shards that are done")


def list_dated_exports(exports: str) -> list[str]:
    """The folders of exports that are named by a date, the oldest first."""
    return [folder for folder in files.list_folders(exports) if _is_date(name_of(folder))]


def _is_date(name: str) -> bool:
    try:
        return datetime.date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def latest_date(exports: str) -> str:
    """The date that ``latest`` points to; empty if there is none.

    Raises:
        StorageError: It cannot be read.
    """
    return files.pointed(join(exports, LATEST))


def find_old_exports(exports: str, keep: int, also_keep: Collection[str] = ()) -> list[Reclaimable]:
    """The dated exports before the newest ``keep``.

    Args:
        exports: The folder of all exports.
        keep: Number of exports to keep, 1 or more.
        also_keep: Dates to keep, however old; the one that ``latest`` points to is always kept.
    """
    kept = {*also_keep, latest_date(exports)}
    return [
        Reclaimable(folder, "older than the exports kept", files.list_files(folder, below=True))
        for folder in list_dated_exports(exports)[:-keep]
        if name_of(folder) not in kept
    ]


def list_plans(data_dir: str) -> list[Plan]:
    """All plans of a data directory."""
    plans = []
    for entry in files.list_files(join(data_dir, "plans"), below=True, suffix=".parquet"):
        table_name, _, number = stem_of(entry.address).rpartition("-")
        if number.isdecimal():
            source = name_of(folder_of(entry.address))
            plans.append(Plan(source, table_name, int(number), entry))
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


def _modified(plan: Plan) -> float:
    return plan.file.written_at


def find_old_tables(data_dir: str, needed: Collection[Plan]) -> list[Reclaimable]:
    """Plans, tables, ids, vocabularies and lists of vectors that belong to no needed plan.

    A vocabulary is kept as long as there is a shard planned from its table: another engine may
    correct that shard's words with it. The table that was read last is kept, as it may not be
    planned yet.
    """
    needed_files = {plan.file.address for plan in needed}
    tables = {plan.table_name for plan in needed}
    videos = sorted(_tables_in(data_dir, "videos"), key=lambda entry: entry.written_at)
    tables.update(stem_of(entry.address) for entry in videos[-1:])
    shards = _tables_in(data_dir, "shards")
    sharded = {table_of_shard(stem_of(entry.address)) for entry in shards}
    others = [*videos]
    for folder in ("thumbnail_ids", "embedded_texts"):
        others += _tables_in(data_dir, folder)
    vocabularies = _tables_in(data_dir, "vocabularies")
    old = [
        *(plan.file for plan in list_plans(data_dir) if plan.file.address not in needed_files),
        *(entry for entry in others if stem_of(entry.address) not in tables),
        *(entry for entry in vocabularies if stem_of(entry.address) not in tables | sharded),
    ]
    return _by_folder(old, "of tables that no kept export needs")


def _tables_in(data_dir: str, name: str) -> list[Entry]:
    found = files.list_files(join(data_dir, name), below=True, suffix=".parquet")
    return [entry for entry in found if not name_of(entry.address).startswith(".")]


def _by_folder(entries: Iterable[Entry], why: str) -> list[Reclaimable]:
    by_folder: dict[str, list[Entry]] = {}
    for entry in entries:
        by_folder.setdefault(folder_of(entry.address), []).append(entry)
    return [Reclaimable(folder, why, of_folder) for folder, of_folder in by_folder.items()]


def find_superseded(data_dir: str, selected: Mapping[str, Collection[str]]) -> list[Reclaimable]:
    """Results of engines that the settings do not select.

    Args:
        data_dir: The data directory.
        selected: For each folder of results, the engine tags in use, one for each source.
    """
    found = [
        Reclaimable(folder, "of superseded engines", files.list_files(folder, below=True))
        for table, tags in selected.items()
        for folder in files.list_folders(join(data_dir, table))
        if name_of(folder) not in tags
    ]
    return [each for each in found if each.files]  # SeaweedFS lists folders that had files


def list_sources(data_dir: str) -> list[str]:
    """All sources of thumbnails in this data directory."""
    return [name_of(folder) for folder in files.list_folders(join(data_dir, "shards"))]


def remove(reclaimable: Iterable[Reclaimable]) -> None:
    """Remove the files, and folders that become empty.

    Raises:
        StorageError: A file cannot be removed.
    """
    for folder, _, entries in reclaimable:
        files.remove([entry.address for entry in entries])
        try:
            files.backend_of(folder).remove_folders(folder)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be removed; found: {error}") from error


def describe(data_dir: str, reclaimable: Sequence[Reclaimable], verb: str) -> str:
    """A line for each folder, and the total.

    Args:
        data_dir: The data directory.
        reclaimable: The files, which must still exist.
        verb: ``would free`` or ``freed``.
    """
    if not reclaimable:
        return f"{data_dir}: nothing to free"
    lines = [f"{data_dir}: {verb}"]
    measure = files.backend_of(data_dir).measure_freed
    for folder, why, entries in reclaimable:
        lines.append(_line(entries, measure(entries), f"{relative_to(folder, data_dir)}: {why}"))
    entries = [entry for each in reclaimable for entry in each.files]
    lines.append(_line(entries, measure(entries), "in total"))
    return "\n".join(lines)


def _line(entries: Sequence[Entry], n_bytes: int, what: str) -> str:
    return f"{n_bytes / 1e6:>12.3f} MB{len(entries):>9} files  {what}"
