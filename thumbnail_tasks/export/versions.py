"""The versions of thumbnails over time, from the shards that hold them and the checks since."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.crashes import CRASHED, OUT_OF_MEMORY
from thumbnail_tasks.export.attributes import Attributes
from thumbnail_tasks.export.published import FINGERPRINT_KEY
from thumbnail_tasks.stages.checks import last_of_each, match_checks, read_checks
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_files import PICTURES

VERSIONS_NAME: Final = "versions"
"""Name of the exported file."""

_READ: Final = ("thumbnail_id", "status", "version", "fetched_at", "sha256")

TRIES: Final = pa.schema(
    [*(schemas.THUMBNAILS.field(name) for name in _READ), schemas.PLANS.field("shard")]
)
"""What a shard says about its thumbnails."""

_STORED: Final = pa.array(["ok", CRASHED, OUT_OF_MEMORY])
_GONE: Final = pa.array(["not_found", "placeholder"])
_SEEN: Final = ("thumbnail_id", "version", "fetched_at")


def write_versions(target: ParquetTarget, attributes: Attributes, fingerprint: str) -> None:
    """Write the versions of the thumbnails of an export, if any were ever asked for again.

    Args:
        target: The file; rows of ``schemas.VERSIONS``.
        attributes: The attributes that are exported.
        fingerprint: Of the export.

    Raises:
        StorageError: A file cannot be read or written.
    """
    ids, data_dir, source = attributes.ids, attributes.data_dir, attributes.source
    checks = read_checks(data_dir, source)
    if not len(checks):
        return
    tables = files.backend_of(data_dir).map_reads(
        lambda shard: _read_tries(data_dir, source, shard, ids), list(attributes.revisions)
    )
    of_ids = checks.filter(pc.is_in(checks["thumbnail_id"], value_set=ids))
    versions = list_versions(pa.concat_tables(tables), of_ids)
    target.write(versions, {FINGERPRINT_KEY: fingerprint})


def read_versions(target: ParquetTarget, ids: pa.Array) -> pa.Table:
    """The exported versions of some thumbnails, as far as they have a picture.

    Args:
        target: The file, which may not exist.
        ids: The thumbnails.

    Returns:
        Rows of ``schemas.VERSIONS``; none if none was ever asked for again.

    Raises:
        StorageError: It cannot be read.
    """
    if not target.exists():
        return schemas.VERSIONS.empty_table()
    versions = schemas.complete(target.read(), schemas.VERSIONS)
    is_wanted = pc.is_in(versions["thumbnail_id"], value_set=ids)
    return versions.filter(pc.and_(is_wanted, versions["shard"].is_valid()))


def _read_tries(data_dir: str, source: str, shard: str, ids: pa.Array) -> pa.Table:
    key = f"{PICTURES}/{source}/{shard}"
    table = ParquetTarget(f"{join(data_dir, key)}.parquet", key).read(_READ)
    of_ids = table.filter(pc.is_in(table["thumbnail_id"], value_set=ids))
    shards = pa.repeat(pa.scalar(shard), len(of_ids))
    return schemas.complete(of_ids.append_column(TRIES.field("shard"), shards), TRIES)


def list_versions(tries: pa.Table, checks: pa.Table) -> pa.Table:
    """List the versions of thumbnails.

    Args:
        tries: Rows of ``TRIES``; a null version is the first.
        checks: Of the same thumbnails, from ``read_checks``.

    Returns:
        Rows of ``schemas.VERSIONS``, by thumbnail and version.
    """
    stored = tries.filter(pc.is_in(tries["status"], value_set=_STORED))
    stored = stored.set_column(2, TRIES.field("version"), stored["version"].fill_null(1))
    versions = stored.group_by(["thumbnail_id", "version"]).aggregate(
        [("fetched_at", "min"), ("sha256", "max")]
    )
    versions = versions.sort_by([("thumbnail_id", "ascending"), ("version", "ascending")])
    same = checks.filter(_is_in(checks, pa.array(schemas.SAME_OUTCOMES)))
    seen = pa.concat_tables([stored.select(_SEEN), same.select(_SEEN)])
    seen = seen.group_by(["thumbnail_id", "version"]).aggregate([("fetched_at", "max")])
    found = checks.filter(_is_in(checks, pa.array(["changed"])))
    columns = {
        "thumbnail_id": versions["thumbnail_id"],
        "version": versions["version"],
        "first_seen_at": versions["fetched_at_min"],
        "last_seen_at": _match(versions, seen)["fetched_at_max"],
        "sha256": versions["sha256_max"],
        "perceptual_distance": _match(versions, found)["perceptual_distance"],
        "removed_at": _removed_at(versions, checks),
        "shard": _match(versions, _last_shards(stored))["shard_max"],
    }
    return pa.table([columns[name] for name in schemas.VERSIONS.names], schema=schemas.VERSIONS)


def _last_shards(stored: pa.Table) -> pa.Table:
    """The shard that has the picture of each version; one of them if several have it."""
    with_picture = stored.filter(pc.equal(stored["status"], "ok"))
    return with_picture.group_by(["thumbnail_id", "version"]).aggregate([("shard", "max")])


def _removed_at(versions: pa.Table, checks: pa.Table) -> pa.ChunkedArray:
    """When the server first had no picture after it last had this version: N."""
    has_picture = _is_in(checks, pa.array([*schemas.SAME_OUTCOMES, "changed"]))
    last = match_checks(checks["thumbnail_id"], last_of_each(checks.filter(has_picture)))
    is_after = pc.greater(checks["check_number"], last["check_number"].fill_null(0))
    gone = checks.filter(pc.and_(_is_in(checks, _GONE), is_after))
    first = gone.group_by(["thumbnail_id", "version"]).aggregate([("fetched_at", "min")])
    return _match(versions, first)["fetched_at_min"]


def _is_in(checks: pa.Table, outcomes: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(checks["outcome"], value_set=outcomes)


def _match(versions: pa.Table, table: pa.Table) -> pa.Table:
    """The row of ``table`` of each version: N rows, null without one."""
    return table.take(pc.index_in(_keys(versions), value_set=_keys(table).combine_chunks()))


def _keys(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(
        table["thumbnail_id"], table["version"].cast(pa.string()), "\n"
    )
