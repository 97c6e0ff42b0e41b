"""Read tables of videos: CSV in its variants, JSON, or Parquet.

Either every row is returned, in order and unchanged, or one error message says why not.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.cell_texts import NoTextError, as_texts, describe_type, is_readable
from thumbnail_tasks.inputs.column_types import (
    CSV_KINDS,
    Kind,
    common_kind,
    holds,
    is_encoded_text,
    is_extended,
    is_lossless,
    meaning_of,
)
from thumbnail_tasks.inputs.columns import (
    ID_COLUMN,
    LINK_COLUMN,
    NAMES,
    check_named_columns,
    find_columns,
    first_line,
    match_columns,
    plain_name,
    show,
)
from thumbnail_tasks.inputs.csv_escapes import Escapes, find_escapes
from thumbnail_tasks.inputs.csv_header import read_header
from thumbnail_tasks.inputs.csv_reading import read_csv
from thumbnail_tasks.inputs.files import partition_of
from thumbnail_tasks.inputs.formats import detect_format
from thumbnail_tasks.inputs.json_reading import read_json, read_json_schema
from thumbnail_tasks.inputs.own_exports import (
    is_export,
    log_export,
    restore_batch,
    restore_schema,
)
from thumbnail_tasks.inputs.parquet_reading import read_parquet, read_parquet_schema


def read_schema(files: Sequence[Path], format: str) -> pa.Schema:
    """The columns of all files together, each with the narrowest type that loses nothing.

    A CSV column becomes int64, double or bool only if every cell, written back, gives the same
    text (empty cells become null): ``007``, ``1.10`` and ``17.14.11`` stay text. A column of
    several Parquet files becomes text only if no other type holds all of its values. Columns of
    several files are the same if their names differ only in case and surrounding spaces. The
    folders of a file (``country=US``) give it columns like those of a CSV.

    Raises:
        InputError: A file is not a table, or has neither needed column.
    """
    schemas = [_schema_of(path, format) for path in files]
    escapes = _escapes_of(files, format)
    partitions = [
        _partition(path, schema.names) for path, schema in zip(files, schemas, strict=True)
    ]
    known: dict[str, None] = {}
    for schema, partition in zip(schemas, partitions, strict=True):
        known |= dict.fromkeys(match_columns([*schema.names, *partition], known).values())
    check_named_columns(files, list(known))
    parts: dict[str, list[_Part]] = {name: [] for name in known}
    for path, schema, partition in zip(files, schemas, partitions, strict=True):
        renamed = match_columns([*schema.names, *partition], known)
        of_file = detect_format(path, format)
        kinds = _kinds_of_csv(path, escapes[path]) if of_file == "csv" else {}
        for field in schema:
            part = _Part(path, of_file, field, of_file == "csv", kinds.get(field.name))
            parts[renamed[field.name]].append(part)
        for name, value in partition.items():
            of_value = _kinds_of(pa.array([value])) if value else None
            part = _Part(path, of_file, pa.field(name, pa.string()), True, of_value)
            parts[renamed[name]].append(part)
    keys = [*find_columns(list(known), LINK_COLUMN), *find_columns(list(known), ID_COLUMN)]
    return pa.schema(
        [_common_field(name, of_files, name in keys) for name, of_files in parts.items()]
    )


class _Part(NamedTuple):
    """A column of one file."""

    path: Path
    format: str
    field: pa.Field
    is_text: bool
    """Whether its cells are texts that may mean numbers: of a CSV, or a folder's name."""
    kinds: list[Kind] | None
    """Kinds other than text that the filled cells of such a column have; None if none is filled."""

    def values(self) -> Iterator[pa.Array]:
        read = read_json if self.format == "json" else read_parquet
        return (batch.column(0) for batch in read(self.path, [self.field.name]))


def _common_field(name: str, parts: Sequence[_Part], is_key: bool) -> pa.Field:
    texts = [part.kinds for part in parts if part.kinds is not None]
    typed: Sequence[_Part] = [part for part in parts if not part.is_text]
    if not (_is_one_type(typed) and all(_has_type_of(typed, kinds) for kinds in texts)):
        # A part without a value does not decide on the type.
        filled = [part for part in typed if any(len(x) > x.null_count for x in part.values())]
        typed = filled if filled or texts else typed
    if typed and not texts and _is_one_type(typed) and not _has_empty_texts(parts, typed[0]):
        return typed[0].field.with_name(name).with_nullable(True)  # another file may lack it
    is_extension = any(is_extended(part.field) for part in typed)
    if not is_extension and (typed or (texts and not is_key)):
        for kind in common_kind(texts, [part.field.type for part in typed]):
            others = [part for part in typed if part.field.type != kind.dtype]
            if all(holds(kind.dtype, part.values()) for part in others):
                return pa.field(name, kind.dtype, metadata=kind.metadata)
    _check_texts(name, [*typed, *(part for part in parts if part.kinds is not None)])
    return pa.field(name, pa.string())


def _is_one_type(parts: Sequence[_Part]) -> bool:
    meanings = [meaning_of(part.field) for part in parts]
    return all(meaning == meanings[0] for meaning in meanings)


def _has_type_of(parts: Sequence[_Part], kinds: Sequence[Kind]) -> bool:
    """Whether the parts have a type that the filled cells of a CSV have, too."""
    dtypes = [kind.dtype for kind in kinds] or [pa.string()]
    return all(part.field.type in dtypes for part in parts)


def _has_empty_texts(parts: Sequence[_Part], typed: _Part) -> bool:
    """Whether empty cells of CSVs are texts like those of a Parquet file, not nulls."""
    return any(part.is_text for part in parts) and is_encoded_text(typed.field.type)


def _check_texts(name: str, parts: Sequence[_Part]) -> None:
    """Refuse a column that must become text, if not all of its values are readable as such.

    Raises:
        InputError: A part has lists, or bytes of an unknown type.
    """
    unreadable = next((part for part in parts if not is_readable(part.field)), None)
    if unreadable is not None:
        meaning = meaning_of(unreadable.field)
        other = next(part for part in parts if meaning_of(part.field) != meaning)
        raise InputError(
            f"{other.path}: column {name[:60]!r} is {describe_type(other.field)} here and "
            f"{describe_type(unreadable.field)} in another file; give it one type"
        )


def _kinds_of_csv(path: Path, escapes: Escapes) -> dict[str, list[Kind]]:
    """The kinds other than text of each column that has a filled cell."""
    kinds: dict[str, list[Kind]] = {}
    for batch in _read_csv(path, escapes):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            cells = column.filter(pc.not_equal(column, ""))
            if len(cells):
                kinds[name] = _kinds_of(cells, kinds.get(name, CSV_KINDS))
    return kinds


def _kinds_of(cells: pa.Array, kinds: Sequence[Kind] = CSV_KINDS) -> list[Kind]:
    return [kind for kind in kinds if is_lossless(cells, kind)]


def read_batches(files: Sequence[Path], format: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of all files in order, in batches of bounded size, with ``schema``'s columns.

    Args:
        files: The files.
        format: As for ``read_schema``.
        schema: From ``read_schema``, of the same files, which have not changed since.

    Raises:
        InputError: A file is not a table, or has changed since its schema was read.
    """
    escapes = _escapes_of(files, format)
    as_text = [name for meaning in NAMES for name in find_columns(schema.names, meaning)]
    for path in files:
        kind = detect_format(path, format)
        if kind == "csv":
            batches = _read_csv(path, escapes[path], are_quotes_checked=True)
        else:
            batches = _read_typed(path, kind)
        for batch in batches:
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            _check_partition(path, columns)
            for name, value in _partition(path, batch.schema.names).items():
                columns[name] = pa.array([value] * len(batch), pa.string())
            renamed = match_columns(list(columns), schema.names)
            found = {renamed[name]: column for name, column in columns.items()}
            own = {renamed[source.name]: source for source in batch.schema}
            cast = [
                _cast(
                    *(path, field, found[field.name], own.get(field.name, field)),
                    is_read_as_text=field.name in as_text,
                )
                if field.name in found
                else pa.nulls(len(batch), field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(cast, schema=schema)


def _cast(
    path: Path, field: pa.Field, column: pa.Array, source: pa.Field, is_read_as_text: bool
) -> pa.Array:
    """The values of a file's column ``source`` as the column ``field`` of all files has them."""
    if column.type == pa.string() and field.type != pa.string():
        column = pc.replace_with_mask(
            column, pc.equal(column, "").fill_null(False), pa.scalar(None, pa.string())
        )
    try:
        if is_read_as_text:
            column.cast(pa.string())
        if column.type == field.type:
            return column
        if column.null_count == len(column):
            return pa.nulls(len(column), field.type)
        return as_texts(column, source) if field.type == pa.string() else column.cast(field.type)
    except (pa.ArrowException, NoTextError) as error:
        is_alone = column.type == field.type
        expected = "text" if is_alone else f"{field.type} or text"
        remedy = "" if is_alone else "; give it one type in all files"
        raise InputError(
            f"{path}: column {field.name[:60]!r}: expected {expected}; "
            f"found {column.type}: {first_line(error)}{remedy}"
        ) from error


def _escapes_of(files: Sequence[Path], format: str) -> Mapping[Path, Escapes]:
    """How each CSV among the files writes quotes in cells."""
    paths = [path for path in files if detect_format(path, format) == "csv"]
    return find_escapes({path: read_header(path).delimiter for path in paths})


def _read_csv(
    path: Path, escapes: Escapes, are_quotes_checked: bool = False
) -> Iterator[pa.RecordBatch]:
    batches = read_csv(path, escapes, are_quotes_checked)
    return (restore_batch(batch, is_csv=True) for batch in batches)


def _read_typed(path: Path, kind: str) -> Iterator[pa.RecordBatch]:
    batches = read_json(path) if kind == "json" else read_parquet(path)
    return (restore_batch(batch, is_csv=False) for batch in batches)


def _schema_of(path: Path, format: str) -> pa.Schema:
    kind = detect_format(path, format)
    if kind == "csv":
        schema = pa.schema([(name, pa.string()) for name in read_header(path).names])
    else:
        schema = read_json_schema(path) if kind == "json" else read_parquet_schema(path)
    if is_export(schema.names):
        log_export(path, schema.names)
    return restore_schema(schema, kind == "csv")


def _partition(path: Path, names: Sequence[str]) -> dict[str, str | None]:
    """The columns that a file has from its folders alone, besides its own."""
    own = set(map(plain_name, names))
    return {
        name: value for name, value in partition_of(path).items() if plain_name(name) not in own
    }


def _check_partition(path: Path, columns: Mapping[str, pa.Array]) -> None:
    """Refuse a file with a column of which its folder's name says something else.

    Raises:
        InputError: A value differs.
    """
    partition = {plain_name(name): value for name, value in partition_of(path).items()}
    for name, column in columns.items():
        if plain_name(name) not in partition:
            continue
        value = partition[plain_name(name)]
        if value is None and column.null_count == len(column):
            continue
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            if (
                value is not None
                and pc.all(
                    pc.equal(column, pa.scalar(value).cast(column.type)), min_count=0
                ).as_py()
            ):
                continue
        raise InputError(
            f"{path}: column {show(name)!r}: expected {show(value or 'null')}, as its folder is "
            "named; found other values"
        )
