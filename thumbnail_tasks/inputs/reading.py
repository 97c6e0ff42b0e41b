"""Read tables of videos: CSV in its variants, or Parquet.

Either every row is returned, in order and unchanged, or one error message says why not.
"""

import contextlib
import glob
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import ID_COLUMN as ID_COLUMN
from thumbnail_tasks.inputs.columns import LINK_COLUMN as LINK_COLUMN
from thumbnail_tasks.inputs.columns import (
    check_columns,
    first_line,
    match_columns,
    plain_name,
    reading,
)
from thumbnail_tasks.inputs.columns import column_named as column_named
from thumbnail_tasks.inputs.csv_reading import read_csv, read_header

READER_VERSION = "2"
"""Increase it when the same file gives different rows or columns."""

_READ_AS_TEXT = (LINK_COLUMN, ID_COLUMN, "title", "channel_title", "description")
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
    digest = hashlib.sha256(f"{READER_VERSION} {format}".encode())
    for path in files:
        with reading(path), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def read_schema(files: Sequence[Path], format: str) -> pa.Schema:
    """The columns of all files together, each with the narrowest type that loses nothing.

    A CSV column becomes int64, double or bool only if every cell, written back, gives the same
    text (empty cells become null): ``007``, ``1.10`` and ``17.14.11`` stay text. Columns of
    several files are the same if their names differ only in case and surrounding spaces.

    Raises:
        InputError: A file is not a table, or has neither needed column.
    """
    schemas = [_schema_of(path, format) for path in files]
    known: dict[str, None] = {}
    for schema in schemas:
        known |= dict.fromkeys(match_columns(schema.names, known).values())
    fields: dict[str, pa.DataType] = {}
    narrower: dict[str, list[pa.DataType]] = {}
    for path, schema in zip(files, schemas, strict=True):
        renamed = match_columns(schema.names, known)
        for field in schema:
            name = renamed[field.name]
            fields[name] = _common_type(path, name, fields.get(name, field.type), field.type)
        for own_name, possible in _lossless_types(path, format, schema).items():
            name = renamed[own_name]
            narrower[name] = [dtype for dtype in narrower.get(name, possible) if dtype in possible]
    for name, left in narrower.items():
        is_key = plain_name(name) in (LINK_COLUMN, ID_COLUMN)
        if left and fields[name] == pa.string() and not is_key:
            fields[name] = left[0]
    return pa.schema([(name, fields[name]) for name in known])


def _lossless_types(path: Path, format: str, schema: pa.Schema) -> dict[str, list[pa.DataType]]:
    """The narrower types that each column may have; columns without a filled cell are omitted."""
    if detect_format(path, format) == "parquet":
        return {field.name: [field.type] for field in schema}
    dtypes: dict[str, list[pa.DataType]] = {}
    for batch in read_csv(path):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            cells = column.filter(pc.not_equal(column, ""))
            if len(cells):
                left = dtypes.get(name, list(_LOSSLESS_TYPES))
                dtypes[name] = [dtype for dtype in left if _is_lossless(cells, dtype)]
    return dtypes


def _common_type(path: Path, name: str, known: pa.DataType, dtype: pa.DataType) -> pa.DataType:
    if known == dtype:
        return dtype
    if pa.types.is_nested(known) or pa.types.is_nested(dtype):
        raise InputError(
            f"{path}: column {name[:60]!r} is {dtype} here and {known} in another file; "
            "give it one type"
        )
    return pa.string()


def read_batches(files: Sequence[Path], format: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of all files in order, in batches of bounded size, with ``schema``'s columns.

    Raises:
        InputError: A file is not a table, or has changed since its schema was read.
    """
    for path in files:
        batches = (
            _read_parquet(path) if detect_format(path, format) == "parquet" else read_csv(path)
        )
        for batch in batches:
            renamed = match_columns(batch.schema.names, schema.names)
            found = {renamed[name]: batch.column(name) for name in renamed}
            columns = [
                _cast(path, field, found[field.name])
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


_LOSSLESS_TYPES = (pa.int64(), pa.float64(), pa.bool_())
_BOOLEANS = pa.array(["True", "False"])


def _is_lossless(cells: pa.Array, dtype: pa.DataType) -> bool:
    if dtype == pa.bool_():
        return bool(pc.all(pc.is_in(cells, _BOOLEANS)).as_py())
    try:
        return bool(cells.cast(dtype).cast(pa.string()).equals(cells))
    except pa.ArrowInvalid:
        return False


def _cast(path: Path, field: pa.Field, column: pa.Array) -> pa.Array:
    if column.type == pa.string() and field.type in _LOSSLESS_TYPES:
        column = pc.replace_with_mask(
            column, pc.equal(column, "").fill_null(False), pa.scalar(None, pa.string())
        )
    try:
        if plain_name(field.name) in _READ_AS_TEXT:
            column.cast(pa.string())
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        expected = "text" if column.type == field.type else f"{field.type} or text"
        raise InputError(
            f"{path}: column {field.name[:60]!r}: expected {expected}; "
            f"found {column.type}: {first_line(error)}"
        ) from error


def _read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with _reading_parquet(path):
        for batch in pq.ParquetFile(path).iter_batches():
            batch.validate(full=True)  # checks that texts are UTF-8, as readers expect
            yield batch


@contextlib.contextmanager
def _reading_parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: expected a Parquet file; found: {first_line(error)}") from error


def _schema_of(path: Path, format: str) -> pa.Schema:
    if detect_format(path, format) == "csv":
        return pa.schema([(name, pa.string()) for name in read_header(path).names])
    with _reading_parquet(path):
        schema = pq.read_schema(path).remove_metadata()
    check_columns(path, schema.names, "of a Parquet file")
    return schema
