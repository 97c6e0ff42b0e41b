"""Tables that are exports of this package: their own columns, as they were in the input."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.formulas import unescape_formulas

logger = logging.getLogger(__name__)

_ATTRIBUTES = frozenset(schemas.exported(width=1, has_objects=True).names)
_ALWAYS = frozenset({"thumbnail_id", "thumbnail_status", "thumbnail_width_px", "thumbnail_sha256"})
"""Columns that every version writes; a table with one of them alone is none of ours."""


def is_export(names: Sequence[str]) -> bool:
    """Whether a table with these columns was written by this package."""
    return set(names) >= _ALWAYS


def log_export(path: Path, names: Sequence[str]) -> None:
    """Say which columns of an export are not taken."""
    ours = _ours(names)
    logger.warning(
        "%s: an export of this package: its columns %s to %s are not taken, and made anew",
        *(path, ours[0], ours[-1]),
    )


def _ours(names: Sequence[str]) -> list[str]:
    """The columns of an export that this package has added to those of the input."""
    added = _ATTRIBUTES | schemas.vectors_among(names)
    return [name for name in names if name in added]


def restore_schema(schema: pa.Schema, is_csv: bool) -> pa.Schema:
    """The columns of a table that are its own, with the names that they had in the input."""
    if not is_export(schema.names):
        return schema
    ours = _ours(schema.names)
    fields = [field for field in schema if field.name not in ours]
    if is_csv:
        names = unescape_formulas(pa.array([field.name for field in fields], pa.string()))
        fields = [field.with_name(str(name)) for field, name in zip(fields, names, strict=True)]
    return pa.schema(fields)


def restore_batch(batch: pa.RecordBatch, is_csv: bool) -> pa.RecordBatch:
    """The columns of ``restore_schema``; from a CSV without the apostrophes before formulas."""
    if not is_export(batch.schema.names):
        return batch
    ours = _ours(batch.schema.names)
    kept = batch.select([name for name in batch.schema.names if name not in ours])
    columns = [unescape_formulas(column) if is_csv else column for column in kept.columns]
    return pa.RecordBatch.from_arrays(columns, schema=restore_schema(batch.schema, is_csv))
