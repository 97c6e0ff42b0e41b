"""Read tables of videos: CSV in its variants, or Parquet.

Either every row is returned, in order and unchanged, or one error message says why not.
"""

import glob
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.column_types import (
    CSV_KINDS,
    Kind,
    common_kind,
    holds,
    is_lossless,
)
from thumbnail_tasks.inputs.columns import ID_COLUMN as ID_COLUMN
from thumbnail_tasks.inputs.columns import LINK_COLUMN as LINK_COLUMN
from thumbnail_tasks.inputs.columns import (
    NAMES,
    find_columns,
    first_line,
    match_columns,
    reading,
)
from thumbnail_tasks.inputs.columns import column_named as column_named
from thumbnail_tasks.inputs.csv_reading import read_csv, read_header
from thumbnail_tasks.inputs.parquet_reading import read_parquet, read_parquet_schema

READER_VERSION = "3"
"""Increase it when the same file gives different rows or columns."""

FORMATS = ("auto", "csv", "parquet")

_PACKED = {b"\x1f\x8b": "a gzip file", b"PK\x03\x04": "a zip file or an Excel workbook"}
"""First bytes of packed files that are often named like the table inside."""


def find_files(videos: str) -> list[Path]:
    """The files of ``--videos``: one, a glob, or several separated by commas.

    Raises:
        InputError: A part is not an existing file, or is a folder, a pipe or a device.
    """
    if _is_file(Path(videos)):
        return [Path(videos)]
    files: list[Path] = []
    for part in filter(None, (part.strip() for part in videos.split(","))):
        if _is_file(Path(part)):
            files.append(Path(part))
            continue
        found = sorted(map(Path, glob.glob(part)))  # noqa: PTH207 - absolute globs
        if not found:
            raise InputError(f"--videos {part}: no such file")
        for path in found:
            _check_is_file(path)
        files += found
    if not files:
        raise InputError("--videos: expected a CSV or Parquet file; found nothing")
    return files


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a list of files may be too long for a path
        return False


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(
            f"--videos {path}: expected a CSV or Parquet file; found a folder. "
            f"For all files in it: --videos '{path / '*.csv'}'"
        )
    if not path.is_file():
        raise InputError(
            f"--videos {path}: expected a CSV or Parquet file; found a pipe or a device, which "
            "cannot be read twice, or a broken link"
        )


def states_of(files: Sequence[Path]) -> tuple[tuple[Path, int, int], ...]:
    """Each file with its size and modification time, to notice changes.

    Raises:
        InputError: A file no longer exists.
    """
    states = []
    for path in files:
        with reading(path):
            stat = path.stat()
        states.append((path, stat.st_size, stat.st_mtime_ns))
    return tuple(states)


def digest_files(files: Sequence[Path], format: str) -> str:
    """SHA-256 (hexadecimal) of the contents of the files, in order, and of how they are read.

    Raises:
        InputError: A file cannot be read.
    """
    names = [name for name in map(settings.columns().of, NAMES) if name]
    digest = hashlib.sha256(" ".join([READER_VERSION, format, *names]).encode())
    for path in files:
        with reading(path), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def read_schema(files: Sequence[Path], format: str) -> pa.Schema:
    """The columns of all files together, each with the narrowest type that loses nothing.

    A CSV column becomes int64, double or bool only if every cell, written back, gives the same
    text (empty cells become null): ``007``, ``1.10`` and ``17.14.11`` stay text. A column of
    several Parquet files becomes text only if no other type holds all of its values. Columns of
    several files are the same if their names differ only in case and surrounding spaces.

    Raises:
        InputError: A file is not a table, or has neither needed column.
    """
    schemas = [_schema_of(path, format) for path in files]
    known: dict[str, None] = {}
    for schema in schemas:
        known |= dict.fromkeys(match_columns(schema.names, known).values())
    parts: dict[str, list[_Part]] = {name: [] for name in known}
    for path, schema in zip(files, schemas, strict=True):
        renamed = match_columns(schema.names, known)
        is_csv = detect_format(path, format) == "csv"
        kinds = _kinds_of_csv(path) if is_csv else {}
        for field in schema:
            part = _Part(path, field, is_csv, kinds.get(field.name))
            parts[renamed[field.name]].append(part)
    keys = [*find_columns(list(known), LINK_COLUMN), *find_columns(list(known), ID_COLUMN)]
    return pa.schema(
        [_common_field(name, of_files, name in keys) for name, of_files in parts.items()]
    )


class _Part(NamedTuple):
    """A column of one file."""

    path: Path
    field: pa.Field
    is_csv: bool
    kinds: list[Kind] | None
    """Kinds other than text that the filled cells of a CSV have; None if no cell is filled."""

    def values(self) -> Iterator[pa.Array]:
        return (batch.column(0) for batch in read_parquet(self.path, [self.field.name]))


def _common_field(name: str, parts: Sequence[_Part], is_key: bool) -> pa.Field:
    first = parts[0].field.with_name(name)
    in_csv = [part.kinds for part in parts if part.kinds is not None]
    in_parquet = [part for part in parts if not part.is_csv]
    if len(in_parquet) == len(parts) and all(part.field.equals(parts[0].field) for part in parts):
        return first
    if in_parquet or (in_csv and not is_key):
        for kind in common_kind(in_csv, [part.field.type for part in in_parquet]):
            others = [part for part in in_parquet if part.field.type != kind.dtype]
            if all(holds(kind.dtype, part.values()) for part in others):
                return pa.field(name, kind.dtype, metadata=kind.metadata)
    nested = next((part for part in parts if pa.types.is_nested(part.field.type)), None)
    if nested is not None:
        other = next(part for part in parts if part.field.type != nested.field.type)
        raise InputError(
            f"{other.path}: column {name[:60]!r} is {other.field.type} here and "
            f"{nested.field.type} in another file; give it one type"
        )
    return pa.field(name, pa.string())


def _kinds_of_csv(path: Path) -> dict[str, list[Kind]]:
    """The kinds other than text of each column that has a filled cell."""
    kinds: dict[str, list[Kind]] = {}
    for batch in read_csv(path):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            cells = column.filter(pc.not_equal(column, ""))
            if len(cells):
                left = kinds.get(name, CSV_KINDS)
                kinds[name] = [kind for kind in left if is_lossless(cells, kind)]
    return kinds


def read_batches(files: Sequence[Path], format: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of all files in order, in batches of bounded size, with ``schema``'s columns.

    Raises:
        InputError: A file is not a table, or has changed since its schema was read.
    """
    as_text = [name for meaning in NAMES for name in find_columns(schema.names, meaning)]
    for path in files:
        batches = read_parquet(path) if detect_format(path, format) == "parquet" else read_csv(path)
        for batch in batches:
            renamed = match_columns(batch.schema.names, schema.names)
            found = {renamed[name]: batch.column(name) for name in renamed}
            columns = [
                _cast(path, field, found[field.name], field.name in as_text)
                if field.name in found
                else pa.nulls(len(batch), field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def detect_format(path: Path, format: str) -> str:
    """``csv`` or ``parquet``: as requested, or by Parquet's first four bytes.

    Raises:
        InputError: The file is empty, packed, binary, or in UTF-16.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise InputError(f"{path}: expected a CSV or Parquet file; found an empty one")
    if format == "parquet" or (format == "auto" and start.startswith(b"PAR1")):
        return "parquet"
    packed = next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)
    if packed:
        raise InputError(f"{path}: expected a CSV or Parquet file; found {packed}. Unpack it.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: expected text in UTF-8; found UTF-16. Save it as UTF-8.")
    if b"\0" in start:
        raise InputError(
            f"{path}: expected a CSV or Parquet file; found a binary file, or UTF-16 (NUL bytes)"
        )
    return "csv"


def _cast(path: Path, field: pa.Field, column: pa.Array, is_read_as_text: bool) -> pa.Array:
    if column.type == pa.string() and field.type != pa.string():
        column = pc.replace_with_mask(
            column, pc.equal(column, "").fill_null(False), pa.scalar(None, pa.string())
        )
    try:
        if is_read_as_text:
            column.cast(pa.string())
        if pa.types.is_boolean(column.type) and field.type == pa.string():
            return pc.if_else(column, "True", "False")  # as in CSVs
        return column if column.type == field.type else column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        expected = "text" if column.type == field.type else f"{field.type} or text"
        raise InputError(
            f"{path}: column {field.name[:60]!r}: expected {expected}; "
            f"found {column.type}: {first_line(error)}"
        ) from error


def _schema_of(path: Path, format: str) -> pa.Schema:
    if detect_format(path, format) == "parquet":
        return read_parquet_schema(path)
    return pa.schema([(name, pa.string()) for name in read_header(path).names])
