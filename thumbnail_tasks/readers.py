"""Read tables of videos as people have them: CSV in several habits, or Parquet."""

import csv
import glob
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from thumbnail_tasks.errors import InputError

READER_VERSION = "1"
"""Raise it when the same file would be read into other rows or columns."""

LINK_COLUMN, ID_COLUMN = "thumbnail_link", "video_id"
FORMATS = ("auto", "csv", "parquet")

_BLOCK_BYTES = 16 << 20
_STRAY_RETURN = re.compile(rb"\r(?!\n)")
_STANDS_FOR_RETURN = "\ufdd0"
"""A Unicode noncharacter, reserved for use inside a program: no text file holds it."""


def find_files(videos: str) -> list[Path]:
    """The files that ``--videos`` names: one, a glob, or several separated by commas.

    Raises:
        InputError: A part names no file, or a folder.
    """
    if Path(videos).is_file():
        return [Path(videos)]
    files: list[Path] = []
    for part in filter(None, (part.strip() for part in videos.split(","))):
        if Path(part).is_dir():
            raise InputError(
                f"--videos {part}: expected a CSV or Parquet file; found a folder. "
                f"For all files in it: --videos '{Path(part) / '*.csv'}'"
            )
        found = [Path(part)] if Path(part).is_file() else sorted(map(Path, glob.glob(part)))  # noqa: PTH207 - absolute patterns
        if not found:
            raise InputError(f"--videos {part}: no such file")
        files += found
    if not files:
        raise InputError("--videos: expected a CSV or Parquet file; found nothing")
    return files


def digest_files(files: Sequence[Path], format: str) -> str:
    """SHA-256 (hexadecimal) over the contents of the files, in order, and how they are read.

    Raises:
        InputError: A file cannot be read.
    """
    digest = hashlib.sha256(f"{READER_VERSION} {format}".encode())
    for path in files:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def read_schema(files: Sequence[Path], format: str) -> pa.Schema:
    """The columns of all files together, each with the narrowest type that loses nothing.

    A CSV's column becomes int64, double or bool only where every cell, written back, gives
    the very same text (empty cells become null): ``007``, ``1.10`` and ``17.14.11`` stay text.

    Raises:
        InputError: A file is not such a table, or has neither needed column.
    """
    fields: dict[str, pa.DataType] = {}
    for path in files:
        for field in _schema_of(path, format):
            known = fields.setdefault(field.name, field.type)
            if known != field.type:
                if pa.types.is_nested(known) or pa.types.is_nested(field.type):
                    raise InputError(
                        f"{path}: column {field.name!r} is {field.type} here and {known} in "
                        "another file; give it one type"
                    )
                fields[field.name] = pa.string()
    candidates: dict[str, list[pa.DataType]] = {}
    for path in files:
        if detect_format(path, format) == "csv":
            for batch in _read_csv(path):
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    cells = column.filter(pc.not_equal(column, ""))
                    if len(cells):
                        left = candidates.setdefault(name, list(_LOSSLESS_TYPES))
                        left[:] = [dtype for dtype in left if _is_lossless(cells, dtype)]
    for name, left in candidates.items():
        is_key = name.strip().lower() in (LINK_COLUMN, ID_COLUMN)
        if left and fields[name] == pa.string() and not is_key:
            fields[name] = left[0]
    return pa.schema(list(fields.items()))


def read_batches(files: Sequence[Path], format: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of all files in order, in batches of bounded size, with ``schema``'s columns.

    Raises:
        InputError: A file is not such a table, or changed since its schema was read.
    """
    for path in files:
        batches = (
            _read_parquet(path) if detect_format(path, format) == "parquet" else _read_csv(path)
        )
        for batch in batches:
            columns = [
                _cast(batch.column(field.name), field.type)
                if field.name in batch.schema.names
                else pa.nulls(len(batch), field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def column_named(schema: pa.Schema, wanted: str) -> str | None:
    """The column of that name, whatever spaces or capitals its header has; None if absent."""
    return next((name for name in schema.names if name.strip().lower() == wanted), None)


def detect_format(path: Path, format: str) -> str:
    """``csv`` or ``parquet``: as said, or by Parquet's first four bytes.

    Raises:
        InputError: The file is empty, binary, or in UTF-16.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not start.strip():
        raise InputError(f"{path}: expected a CSV or Parquet file; found an empty one")
    if format == "parquet" or (format == "auto" and start.startswith(b"PAR1")):
        return "parquet"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: expected text in UTF-8; found UTF-16. Save it as UTF-8.")
    if b"\0" in start:
        raise InputError(f"{path}: expected a CSV or Parquet file; found a binary file")
    return "csv"


# --- CSV ----------------------------------------------------------------------------------


class _KeepStrayReturns(io.RawIOBase):
    """A file whose carriage returns that end no line are hidden from the CSV parser.

    Kaggle's trending lists have such returns inside unquoted cells; every parser takes them
    for the end of a row. A file without any line feed is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        while block.endswith(b"\r") and (following := self._file.read(1)):
            block += following
        if b"\n" not in block:
            return block
        return _STRAY_RETURN.sub(_STANDS_FOR_RETURN.encode(), block)

    def close(self) -> None:
        self._file.close()
        super().close()


def _read_header(path: Path) -> tuple[list[str], str]:
    """Column names and delimiter of a CSV: the one of ``,`` and ``;`` that gives a needed column.

    An unnamed column is named as pandas names it (``Unnamed: 0``).
    """
    found: list[list[str]] = []
    for delimiter in ",;":
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                header = next(csv.reader(file, delimiter=delimiter), [])
        except UnicodeDecodeError as error:
            found_byte = f"the byte 0x{error.object[error.start]:02x}"
            raise InputError(f"{path}: expected text in UTF-8; found {found_byte}") from error
        except csv.Error as error:
            raise InputError(f"{path}: expected a CSV header; found: {error}") from error
        names = [name or f"Unnamed: {index}" for index, name in enumerate(header)]
        if {LINK_COLUMN, ID_COLUMN} & {name.strip().lower() for name in names}:
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise InputError(f"{path}: column {repeated[0]!r} occurs more than once")
            return names, delimiter
        found.append(names)
    raise _no_needed_column(path, max(found, key=len), "separated by ',' or ';'")


def _no_needed_column(path: Path, names: Sequence[str], how: str) -> InputError:
    shown = ", ".join(name[:60] for name in names[:20]) + (", …" if len(names) > 20 else "")
    return InputError(
        f"{path}: no column {LINK_COLUMN!r} or {ID_COLUMN!r} (columns {how}); found: {shown}"
    )


def _read_csv(path: Path) -> Iterator[pa.RecordBatch]:
    """All cells as text, an empty cell as ''."""
    names, delimiter = _read_header(path)
    with pa.PythonFile(_KeepStrayReturns(path), mode="r") as file:
        try:
            yield from map(
                _restore_returns,
                pa.csv.open_csv(
                    file,
                    pa.csv.ReadOptions(
                        column_names=names, skip_rows_after_names=1, block_size=_BLOCK_BYTES
                    ),
                    pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                    pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
                ),
            )
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{path}: expected a CSV in UTF-8 with {len(names)} cells in each row; "
                f"found: {_first_line(error)}"
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _restore_returns(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [pc.replace_substring(column, _STANDS_FOR_RETURN, "\r") for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


_LOSSLESS_TYPES = (pa.int64(), pa.float64(), pa.bool_())
_BOOLEANS = pa.array(["True", "False"])


def _is_lossless(cells: pa.Array, dtype: pa.DataType) -> bool:
    if dtype == pa.bool_():
        return bool(pc.all(pc.is_in(cells, _BOOLEANS)).as_py())
    try:
        return bool(cells.cast(dtype).cast(pa.string()).equals(cells))
    except pa.ArrowInvalid:
        return False


def _cast(column: pa.Array, dtype: pa.DataType) -> pa.Array:
    if column.type == pa.string() and dtype in _LOSSLESS_TYPES:
        column = pc.replace_with_mask(
            column, pc.equal(column, "").fill_null(False), pa.scalar(None, pa.string())
        )
    return column.cast(dtype)


# --- Parquet ------------------------------------------------------------------------------


def _read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from pq.ParquetFile(path).iter_batches()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: expected a Parquet file; found: {_first_line(error)}") from error


def _schema_of(path: Path, format: str) -> pa.Schema:
    if detect_format(path, format) == "csv":
        return pa.schema([(name, pa.string()) for name in _read_header(path)[0]])
    try:
        schema = pq.read_schema(path).remove_metadata()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: expected a Parquet file; found: {_first_line(error)}") from error
    if not any(column_named(schema, wanted) for wanted in (LINK_COLUMN, ID_COLUMN)):
        raise _no_needed_column(path, schema.names, "of a Parquet file")
    return schema
