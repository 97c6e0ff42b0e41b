"""Ask again for pictures that were seen long ago, and keep those that have changed.

A check costs no body where the server answers HTTP 304, and its picture is kept only if it looks
different from the stored one: no model computes, and no thumbnail moves to another shard, because
of a picture that is the same. ``plan_thumbnails`` puts the changed ones into new shards.
"""

import functools
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress, format_count
from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.execution.bisection import bisect_crashes
from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.quarantine import describe_crash
from thumbnail_tasks.network.downloads import LockLostError, load_downloader
from thumbnail_tasks.network.validators import NO_VALIDATORS, Validators
from thumbnail_tasks.pictures.similarity import compare_pictures
from thumbnail_tasks.stages.checks import (
    check_target,
    last_of_each,
    list_due,
    match_checks,
    name_checks,
    read_checks,
)
from thumbnail_tasks.stages.fetching import fetch_thumbnails
from thumbnail_tasks.stages.known import known_thumbnails
from thumbnail_tasks.stages.thumbnails import hold_downloads
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.checkpoints import SECONDS_BETWEEN_SAVES
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.progress import ProgressLines, report_progress
from thumbnail_tasks.tasks.shard_files import PICTURES

_SEEN_IN: Final = ("url", "etag", "last_modified", "sha256")

SEEN: Final = pa.schema(
    [
        *(schemas.SHARDS.field(name) for name in ("thumbnail_id", "url", "path", "version")),
        schemas.PLANS.field("shard"),
        schemas.CHECKS.field("check_number"),
        schemas.column("stored_sha256", pa.string(), "SHA-256 of the stored version"),
        *(schemas.THUMBNAILS.field(name).with_name(f"seen_{name}") for name in _SEEN_IN),
    ]
)
"""A thumbnail to ask for again, the number of the check, and what was seen last."""

ReadStored = Callable[[str, str], bytes]
"""Maps a shard and a thumbnail's id to the bytes of its picture."""


def due_before() -> datetime | None:
    """Pictures last seen before this time are asked for again; None if none are."""
    days = settings.thumbnails().refresh_after_days
    return _now() - timedelta(days) if days else None


def _now() -> datetime:
    return datetime.fromtimestamp(int(time.time()), UTC)


def refresh_thumbnails(task: DataTask, source: str, wanted: pa.Table) -> None:
    """Ask again for the pictures of a table that are due, and write what is found.

    What is found is written twice a minute, and when a host is down or the run is interrupted.

    Args:
        task: The task that does it.
        source: Source of the pictures.
        wanted: From ``want_thumbnails``.

    Raises:
        HostDownError, LockLostError: As ``Downloader.fetch``.
        StorageError: A file cannot be read or written.
    """
    before = due_before()
    if before is None:
        return

    def list_now() -> tuple[pa.Table, pa.Table]:
        checks = read_checks(task.data_dir, source)
        known = known_thumbnails(task.data_dir, source)
        return list_due(wanted["thumbnail_id"], known, checks, before), checks

    if not len(list_now()[0]):
        return
    with hold_downloads(task):
        due, checks = list_now()  # another run may have asked meanwhile
        most = settings.thumbnails().refresh_max or len(due)
        checked = find_checked(due.slice(0, most), wanted, checks)
        _Refresh(task, source).run(checked)


class _Refresh:
    """Asks for due thumbnails in blocks of a shard's size."""

    def __init__(self, task: DataTask, source: str) -> None:
        self._task, self._source = task, source
        self._found: list[pa.Table] = []
        self._outcomes: Counter[str] = Counter()

    def run(self, due: pa.Table) -> None:
        """Ask for thumbnails (``due``: from ``find_checked``), and write what is found."""
        lines = ProgressLines(self._task)
        lines.begin(len(due), "")
        size = settings.storage().shard_size
        saved_at = time.monotonic()
        try:
            for start in range(0, len(due), size):
                self._check(due.slice(start, size), lines)
                if time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES:
                    self._save()
                    saved_at = time.monotonic()
        finally:
            self._save()
        counted = ", ".join(f"{n} {outcome}" for outcome, n in self._outcomes.most_common())
        thumbnails = format_count(len(due), "thumbnail")
        report_progress(self._task, f"asked again for {thumbnails}: {counted}", 1)

    def _check(self, due: pa.Table, lines: ProgressLines) -> None:
        seen = find_seen(due, self._read_fetches(due))
        stopped: list[Exception] = []
        where = (self._task.data_dir, self._source)

        def check(rows: range) -> pa.Table:
            work = functools.partial(_check_in_child, seen.slice(rows.start, len(rows)), *where)
            if stopped:
                return schemas.CHECKS.empty_table()
            with lines.rollback_on_failure() as progress:
                table, error = model_process().call(work, progress)
            stopped.extend([error] if error else [])
            return table

        def quarantine(row: int, crash: CrashError) -> pa.Table:
            about = seen.slice(row, 1)
            known = about.to_pylist()[0] | {"fetched_at": _now()}
            crashed = describe_crash(known, crash.status, str(crash))
            return judge_checks(about, crashed, _picture_reader(about, *where))

        found = bisect_crashes(check, range(len(seen)), quarantine)
        self._found.append(found)
        self._outcomes.update(found["outcome"].to_pylist())
        if stopped:
            raise stopped[0]

    def _read_fetches(self, due: pa.Table) -> pa.Table:
        """What the shards of due thumbnails say about the fetches of their pictures."""
        columns = ["thumbnail_id", *_SEEN_IN]
        schema = pa.schema([schemas.THUMBNAILS.field(name) for name in columns])
        tables = []
        for shard in due["shard"].unique().to_pylist():
            ids = due["thumbnail_id"].filter(pc.equal(due["shard"], shard)).combine_chunks()
            table = _pictures(self._task.data_dir, self._source, shard).read(columns)
            of_shard = table.filter(pc.is_in(table["thumbnail_id"], value_set=ids))
            tables.append(schemas.complete(of_shard, schema))
        return pa.concat_tables(tables)

    def _save(self) -> None:
        if self._found and len(table := pa.concat_tables(self._found)):
            target = check_target(self._task.data_dir, self._source, name_checks(table))
            target.write_if_absent(table, {})
        self._found = []


def find_checked(due: pa.Table, wanted: pa.Table, checks: pa.Table) -> pa.Table:
    """What the table and earlier checks say about thumbnails that are asked for again.

    Args:
        due: N rows of ``checks.DUE``.
        wanted: ``thumbnail_id`` and ``url`` of these and others.
        checks: From ``read_checks``.

    Returns:
        N rows of ``SEEN``; what was seen last is null if no check has found this version.
    """
    ids = due["thumbnail_id"]
    is_same = pc.is_in(checks["outcome"], value_set=pa.array(schemas.SAME_OUTCOMES))
    same = match_checks(ids, last_of_each(checks.filter(is_same)))
    is_seen = pc.equal(same["version"], due["version"]).fill_null(False)
    rows = pc.index_in(ids, value_set=wanted["thumbnail_id"].combine_chunks())
    numbers = match_checks(ids, last_of_each(checks))["check_number"].fill_null(0)
    columns = {
        **{name: due[name] for name in due.column_names},
        "url": wanted["url"].take(rows),
        "check_number": pc.add(numbers, 1).cast(pa.int32()),
        **{f"seen_{name}": pc.if_else(is_seen, same[name], None) for name in _SEEN_IN},
    }
    return schemas.complete(pa.table(columns), SEEN)


def find_seen(checked: pa.Table, stored: pa.Table) -> pa.Table:
    """Complete what is known about thumbnails that are asked for again.

    Args:
        checked: N rows from ``find_checked``.
        stored: Their rows of ``schemas.THUMBNAILS``, without pictures, in any order.

    Returns:
        N rows of ``SEEN``; what no check has seen is what the fetch that stored it found.
    """
    rows = pc.index_in(checked["thumbnail_id"], value_set=stored["thumbnail_id"].combine_chunks())
    stored = stored.take(rows)
    is_seen = checked["seen_url"].is_valid()
    columns = dict(zip(checked.column_names, checked.columns, strict=True))
    columns["stored_sha256"] = stored["sha256"]
    for name in _SEEN_IN:
        columns[f"seen_{name}"] = pc.if_else(is_seen, checked[f"seen_{name}"], stored[name])
    return pa.table(list(columns.values()), schema=SEEN)


def _check_in_child(
    seen: pa.Table, data_dir: str, source: str, progress: Progress
) -> tuple[pa.Table, Exception | None]:
    """Check some thumbnails; returns also the error that stopped it before it had checked all."""
    fetch = load_downloader().fetch
    validators = {
        row["seen_url"]: Validators(row["seen_etag"], row["seen_last_modified"])
        for row in seen.to_pylist()
    }
    saved: list[pa.Table] = []
    stopped = None
    try:
        found = fetch_thumbnails(
            seen,
            lambda url: fetch(url, validators.get(url, NO_VALIDATORS)),
            settings.thumbnails().concurrency,
            progress,
            save_unfinished=saved.append,
        )
    except (HostDownError, LockLostError) as error:
        found, stopped = saved[-1], error
    return judge_checks(seen, found, _picture_reader(seen, data_dir, source)), stopped


def _picture_reader(seen: pa.Table, data_dir: str, source: str) -> ReadStored:
    """Reads the stored pictures of some thumbnails; those of a shard together."""
    ids = seen["thumbnail_id"].combine_chunks()

    @functools.cache
    def read_shard(shard: str) -> dict[str, bytes]:
        table = _pictures(data_dir, source, shard).read(["thumbnail_id", "image"])
        wanted = table.filter(pc.is_in(table["thumbnail_id"], value_set=ids))
        return dict(zip(*wanted.to_pydict().values(), strict=True))

    return lambda shard, thumbnail_id: read_shard(shard)[thumbnail_id]


def _pictures(data_dir: str, source: str, shard: str) -> ParquetTarget:
    key = f"{PICTURES}/{source}/{shard}"
    return ParquetTarget(f"{join(data_dir, key)}.parquet", key)


def judge_checks(seen: pa.Table, found: pa.Table, read_stored: ReadStored) -> pa.Table:
    """Compare what servers have answered with what was seen before.

    Args:
        seen: Rows of ``SEEN``.
        found: Of some of these thumbnails, rows of ``schemas.THUMBNAILS`` or, with the status
            ``not_modified``, without a picture.
        read_stored: Reads the picture of the stored version, if the bytes are others.

    Returns:
        Rows of ``schemas.CHECKS``, in the order of ``found``.
    """
    by_id = {row["thumbnail_id"]: row for row in seen.to_pylist()}
    rows = [_judge(by_id[row["thumbnail_id"]], row, read_stored) for row in found.to_pylist()]
    return pa.Table.from_pylist(rows, schemas.CHECKS)


def _judge(
    seen: Mapping[str, Any], found: Mapping[str, Any], read_stored: ReadStored
) -> dict[str, Any]:
    row = {**found, **{name: seen[name] for name in ("thumbnail_id", "check_number", "version")}}
    row["outcome"], row["image"] = found["status"], None
    known = (seen["seen_sha256"], seen["stored_sha256"])
    if found["status"] == "not_modified":
        row["sha256"] = seen["seen_sha256"]
    elif found["status"] == "ok" and found["sha256"] in known:
        row["outcome"] = "same_bytes"
    elif found["status"] == "ok":
        stored = read_stored(seen["shard"], seen["thumbnail_id"])
        difference = compare_pictures(stored, found["image"])
        row |= {"outcome": "same_picture", "perceptual_distance": difference.level}
        if difference.is_other:
            row |= {"outcome": "changed", "version": seen["version"] + 1, "image": found["image"]}
    return row
