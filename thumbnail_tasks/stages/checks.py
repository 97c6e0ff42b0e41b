"""What refreshes have found, from the files ``checks/<source>/<digest>.parquet``.

A check asks again for the picture of a thumbnail: see ``stages.refresh``. Its rows are in the order
of ``check_number``, not of clocks.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.network.downloads import FetchResult
from thumbnail_tasks.stages.known import find_known
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.listing import list_revisions
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

logger = logging.getLogger(__name__)

FOLDER: Final = "checks"

_UNLISTED: Final = ("image", "detail", "http_status")

LISTED: Final = pa.schema(
    [
        *(field for field in schemas.CHECKS if field.name not in _UNLISTED),
        schemas.SHARDS.field("check"),
    ]
)
"""What is read of a check, and the file that it is in."""

DUE: Final = pa.schema(
    [
        schemas.KNOWN.field("thumbnail_id"),
        schemas.PLANS.field("shard"),
        schemas.SHARDS.field("version"),
    ]
)
"""A thumbnail to ask for again, with the shard that holds its picture."""


_last: list[tuple[tuple[str, str, Mapping[str, str]], pa.Table]] = []
"""What was read last, from which files: a run asks at its start, when it plans and at its end."""


def check_target(data_dir: str, source: str, name: str) -> ParquetTarget:
    """A file of checks."""
    key = f"{FOLDER}/{source}/{name}"
    return ParquetTarget(f"{join(data_dir, key)}.parquet", key)


def name_checks(checks: pa.Table) -> str:
    """The name of the file of these rows of ``schemas.CHECKS``: a digest."""
    told = checks.drop_columns(["image", "fetched_at"]).to_pylist()
    return short_digest([told, checks["fetched_at"].cast(pa.int64()).to_pylist()], 16)


def read_checks(data_dir: str, source: str) -> pa.Table:
    """All checks of a source, in the order of their numbers: rows of ``LISTED``.

    Damaged files are set aside; their thumbnails are requested again at the next refresh.

    Raises:
        StorageError: A file cannot be read.
    """
    state = (data_dir, source, list_revisions(data_dir, f"{FOLDER}/{source}"))
    if _last and _last[0][0] == state:
        return _last[0][1]
    read = files.backend_of(data_dir).map_reads(
        lambda name: _read(check_target(data_dir, source, name)), list(state[-1])
    )
    tables = [LISTED.empty_table(), *(table for table in read if table is not None)]
    order = [("check_number", "ascending"), ("check", "ascending")]
    checks = pa.concat_tables(tables).sort_by(order)
    _last[:] = [(state, checks)]
    return checks


def _read(target: ParquetTarget) -> pa.Table | None:
    columns = [name for name in LISTED.names if name != "check"]
    try:
        table = target.read(columns)
    except LostFileError:
        return None
    return table.append_column(
        LISTED.field("check"), pa.array([target.name] * len(table), pa.string())
    ).cast(LISTED)


def last_of_each(checks: pa.Table) -> pa.Table:
    """The last check of each thumbnail, of checks in the order of their numbers."""
    if not len(checks):
        return checks
    ids = checks["thumbnail_id"].combine_chunks().dictionary_encode()
    last = np.empty(len(ids.dictionary), np.int64)
    last[ids.indices.to_numpy()] = np.arange(len(ids))
    return checks.take(last)


def match_checks(ids: pa.ChunkedArray, checks: pa.Table) -> pa.Table:
    """The check of each of N thumbnails, of at most one check each: N rows, null without one."""
    return checks.take(pc.index_in(ids, value_set=checks["thumbnail_id"].combine_chunks()))


def find_versions(ids: pa.ChunkedArray, checks: pa.Table) -> pa.Table:
    """The check that found the latest version of each of N thumbnails: N rows of ``LISTED``."""
    changed = checks.filter(pc.equal(checks["outcome"], "changed"))
    return match_checks(ids, last_of_each(changed))


def list_due(ids: pa.ChunkedArray, known: pa.Table, checks: pa.Table, before: datetime) -> pa.Table:
    """The thumbnails to ask for again: those with a picture that was last seen before a time.

    Args:
        ids: Thumbnail ids: N.
        known: From ``known_thumbnails``.
        checks: From ``read_checks``. One that failed transiently does not count.
        before: The time; of a picture fetched at an unknown time it is too long ago.

    Returns:
        Rows of ``DUE``: the longest ago first, and those of a shard together.
    """
    now = find_known(ids, known)
    final = last_of_each(checks.filter(pc.invert(checks["is_retriable"])))
    times = (now["fetched_at"], match_checks(ids, final)["fetched_at"], pa.array([before]))
    # As milliseconds: Arrow has no maximum of times.
    fetched_at, checked_at, due_at = (
        each.cast(schemas.KNOWN.field("fetched_at").type).cast(pa.int64()) for each in times
    )
    seen_at = pc.max_element_wise(fetched_at, checked_at).fill_null(0)
    is_old = pc.less(seen_at, due_at[0])
    is_due = pc.and_(pc.equal(now["status"].cast(pa.string()), "ok").fill_null(False), is_old)
    versions = now["version"].fill_null(1)
    due = pa.table([ids, now["shard"].cast(pa.string()), versions], schema=DUE)
    due = due.append_column("seen_at", seen_at).filter(is_due)
    order = [("seen_at", "ascending"), ("shard", "ascending")]
    return due.sort_by(order).select(DUE.names)


def read_received(shard: pa.Table, data_dir: str, source: str) -> dict[str, FetchResult]:
    """The pictures of a shard that checks have fetched, by thumbnail id.

    Args:
        shard: N rows of ``schemas.SHARDS``; those of earlier versions have no ``check``.
        data_dir: The data directory.
        source: Source of the pictures.

    Raises:
        StorageError: A file cannot be read. Those that are lost are left out.
    """
    if "check" not in shard.column_names:
        return {}
    return {
        row["thumbnail_id"]: FetchResult(status="ok", **{name: row[name] for name in _RECEIVED})
        for check in shard["check"].drop_null().unique().to_pylist()
        for row in _iter_changed(
            shard["thumbnail_id"].filter(pc.equal(shard["check"], check).fill_null(False)),
            check_target(data_dir, source, check),
        )
    }


_RECEIVED: Final = ("url", "http_status", "image", "fetched_at", "etag", "last_modified")


def _iter_changed(ids: pa.ChunkedArray, target: ParquetTarget) -> Iterator[dict[str, Any]]:
    try:
        checks = target.read(["thumbnail_id", "outcome", *_RECEIVED])
    except LostFileError:
        logger.warning("%s is lost; %d changed thumbnails are fetched again", target.path, len(ids))
        return
    is_wanted = pc.is_in(checks["thumbnail_id"], value_set=ids.combine_chunks())
    yield from checks.filter(pc.and_(is_wanted, pc.equal(checks["outcome"], "changed"))).to_pylist()
