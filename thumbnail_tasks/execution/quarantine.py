"""Quarantine of pictures that crash a model or exhaust memory: rows without a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.crashes import CRASHED, OUT_OF_MEMORY

_OF_FETCH = ("version", "fetched_at", "etag", "last_modified")


def describe_crash(row: Mapping[str, Any], status: str, detail: str) -> pa.Table:
    """A thumbnail's row without its picture.

    Args:
        row: The thumbnail's known columns; those of the picture are dropped.
        status: Why it is quarantined, one of ``schemas.STATUSES``.
        detail: The reason in words.

    Returns:
        One row of ``schemas.THUMBNAILS``.
    """
    kept = {name: row.get(name) for name in ("thumbnail_id", "url", "http_status", *_OF_FETCH)}
    reason = {"status": status, "detail": detail, "is_retriable": status == OUT_OF_MEMORY}
    return pa.Table.from_pylist([kept | reason], schemas.THUMBNAILS)


def without_picture(thumbnails: pa.Table, thumbnail_id: str, status: str, detail: str) -> pa.Table:
    """The same thumbnails, with one of them replaced by ``describe_crash``.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        thumbnail_id: One of them.
        status: As for ``describe_crash``.
        detail: As for ``describe_crash``.
    """
    row = thumbnails["thumbnail_id"].to_pylist().index(thumbnail_id)
    crashed = describe_crash(thumbnails.slice(row, 1).to_pylist()[0], status, detail)
    crashed = crashed.select(thumbnails.column_names)  # files of earlier versions have fewer
    return pa.concat_tables([thumbnails.slice(0, row), crashed, thumbnails.slice(row + 1)])


def find_quarantined(thumbnails: pa.Table) -> pa.ChunkedArray:
    """The ids of the thumbnails that are quarantined.

    Args:
        thumbnails: ``thumbnail_id`` and ``status`` of ``schemas.THUMBNAILS``.
    """
    is_crashed = pc.is_in(thumbnails["status"], value_set=pa.array([CRASHED, OUT_OF_MEMORY]))
    return thumbnails["thumbnail_id"].filter(is_crashed)


def pick_rows(tables: Sequence[pa.Table], rows: range, crashed: pa.ChunkedArray) -> list[pa.Table]:
    """Select the rows of some thumbnails in a shard's tables; quarantined ones keep only their id.

    Args:
        tables: The first has one row per thumbnail; the others have any number, or have no
            thumbnail ids and are returned whole.
        rows: Rows of the first table.
        crashed: Ids of quarantined thumbnails.

    Returns:
        These rows of the first table, with nulls beside the ids in ``crashed``; of the others the
        rows of these thumbnails, without ``crashed``.
    """
    picked = tables[0].slice(rows.start, len(rows))
    ids = picked["thumbnail_id"]
    is_left = pc.invert(pc.is_in(ids, value_set=crashed))
    position = picked.schema.get_field_index("thumbnail_id")
    first = null_rows(picked, is_left).set_column(position, picked.schema.field(position), ids)
    left = ids.filter(is_left)
    return [
        first,
        *(
            table.filter(pc.is_in(table["thumbnail_id"], value_set=left))
            if "thumbnail_id" in table.column_names
            else table
            for table in tables[1:]
        ),
    ]


def null_rows(table: pa.Table, is_kept: pa.ChunkedArray) -> pa.Table:
    """The table with nulls in every column where ``is_kept`` (one boolean per row) is false."""
    if pc.all(is_kept, min_count=0).as_py():
        return table
    rows = pc.if_else(is_kept, pa.array(range(len(table))), None)
    return table.take(rows.combine_chunks())
