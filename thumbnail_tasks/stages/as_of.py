"""Plan the thumbnails of a table as they were known on an earlier day."""

import datetime
import hashlib
import time

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.stages.known import find_known, known_thumbnails

_LAST_MOMENT = datetime.time(23, 59, 59, 999_000, datetime.UTC)


def plan_as_of(ids: pa.Table, data_dir: str, source: str, day: datetime.date) -> pa.Table:
    """The shards that hold the latest try of each thumbnail by the end of a day, in UTC.

    A picture that was fetched at an unknown time, by an earlier version of this package, counts as
    fetched before.

    Args:
        ids: N rows of ``schemas.THUMBNAIL_IDS``.
        data_dir: The data directory.
        source: Source of the pictures.
        day: The day.

    Returns:
        Rows of ``schemas.PLANS``, in the order of first mention, without thumbnails of which
        nothing was known.

    Raises:
        InputError: The day is yet to come, or nothing was known of any thumbnail.
        StorageError: A file cannot be read.
    """
    today = datetime.datetime.fromtimestamp(time.time(), datetime.UTC).date()
    if day > today:
        raise InputError(f"--as-of {day}: expected {today} (today in UTC) or an earlier day")
    wanted = ids["thumbnail_id"].drop_null().unique()
    known = known_thumbnails(data_dir, source, datetime.datetime.combine(day, _LAST_MOMENT))
    shards = find_known(pa.chunked_array([wanted]), known)["shard"].cast(pa.string())
    plan = pa.table([wanted, shards], schema=schemas.PLANS).filter(shards.is_valid())
    if not len(plan):
        raise InputError(
            f"--as-of {day}: expected thumbnails of the table that were fetched by the end of that "
            f"day (UTC); found {_describe_first(wanted, data_dir, source)}"
        )
    return plan


def _describe_first(wanted: pa.Array, data_dir: str, source: str) -> str:
    known = find_known(pa.chunked_array([wanted]), known_thumbnails(data_dir, source))
    first = pc.min(known["fetched_at"]).as_py()
    return (
        f"the first was fetched at {first:%Y-%m-%d %H:%M}"
        if first
        else f"none from {source}, the source of pictures in these settings"
    )


def digest_plan(plan: pa.Table) -> str:
    """A digest of the content of a plan (rows of ``schemas.PLANS``)."""
    digest = hashlib.sha256()
    for batch in plan.combine_chunks().to_batches():
        digest.update(batch.serialize())
    return digest.hexdigest()[:16]
