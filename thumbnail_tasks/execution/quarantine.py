"""What is left of a thumbnail whose picture crashes, or is too large for memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.crashes import CRASHED, OUT_OF_MEMORY


def describe_crash(row: Mapping[str, Any], status: str, detail: str) -> pa.Table:
    """A thumbnail's row without its picture.

    Args:
        row: What is known of it; the columns of the picture are dropped.
        status: What the picture does, one of ``schemas.STATUSES``.
        detail: The same for a person.

    Returns:
        One row of ``schemas.THUMBNAILS``.
    """
    kept = {name: row.get(name) for name in ("thumbnail_id", "url", "http_status")}
    said = {"status": status, "detail": detail, "is_retriable": status == OUT_OF_MEMORY}
    return pa.Table.from_pylist([kept | said], schemas.THUMBNAILS)


def without_picture(thumbnails: pa.Table, thumbnail_id: str, status: str, detail: str) -> pa.Table:
    """The same thumbnails, one of them as ``describe_crash`` has it.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        thumbnail_id: One of them.
        status: As for ``describe_crash``.
        detail: As for ``describe_crash``.
    """
    row = thumbnails["thumbnail_id"].to_pylist().index(thumbnail_id)
    crashed = describe_crash(thumbnails.slice(row, 1).to_pylist()[0], status, detail)
    return pa.concat_tables([thumbnails.slice(0, row), crashed, thumbnails.slice(row + 1)])


def find_quarantined(thumbnails: pa.Table) -> pa.ChunkedArray:
    """The ids of those thumbnails that have been written off.

    Args:
        thumbnails: ``thumbnail_id`` and ``status`` of ``schemas.THUMBNAILS``.
    """
    are_crashed = pc.is_in(thumbnails["status"], value_set=pa.array([CRASHED, OUT_OF_MEMORY]))
    return thumbnails["thumbnail_id"].filter(are_crashed)


def pick_rows(tables: Sequence[pa.Table], rows: range, crashed: pa.ChunkedArray) -> list[pa.Table]:
    """Some thumbnails' rows of a shard's tables, without what is known of those that crash.

    Args:
        tables: The first has a row per thumbnail; the others have any number, or are not of
            thumbnails.
        rows: Rows of the first.
        crashed: Ids of thumbnails.

    Returns:
        Of the first table these rows, with nulls beside the ids in ``crashed``; of the others the
        rows of these thumbnails, without ``crashed``.
    """
    picked = tables[0].slice(rows.start, len(rows))
    ids = picked["thumbnail_id"]
    is_left = pc.invert(pc.is_in(ids, value_set=crashed))
    place = picked.schema.get_field_index("thumbnail_id")
    first = null_rows(picked, is_left).set_column(place, picked.schema.field(place), ids)
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
    """The table with nulls in every column where ``is_kept`` (one boolean a row) is false."""
    if pc.all(is_kept, min_count=0).as_py():
        return table
    rows = pc.if_else(is_kept, pa.array(range(len(table))), None)
    return table.take(rows.combine_chunks())
