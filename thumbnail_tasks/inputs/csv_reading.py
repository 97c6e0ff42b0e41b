"""Read CSV files as they occur in practice: every row unchanged, or one error message."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import (
    ID_COLUMN,
    LINK_COLUMN,
    check_columns,
    find_columns,
    first_line,
    reading,
)

DELIMITERS = ",;\t"
_DELIMITER_HINT = re.compile(rf"sep=([{DELIMITERS}])\r?\n", re.IGNORECASE)
_BLOCK_BYTES = 16 << 20
_MAX_HEADER_BYTES = 1 << 20


class Header(NamedTuple):
    """The first line of a CSV."""

    names: list[str]
    delimiter: str
    ends_in_return: bool
    """Whether lines end with a carriage return alone, as on old Macs."""
    n_before: int = 0
    """Lines before it: Excel's ``sep=;``."""


def read_header(path: Path) -> Header:
    """Split the first line of a CSV by a comma, semicolon or tab, whichever gives a needed column.

    A line ``sep=;`` before it, as Excel has it, names the delimiter.
    Unnamed columns are named as in pandas (``Unnamed: 0``).

    Raises:
        InputError: It is not a header, or not in UTF-8.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(_MAX_HEADER_BYTES)
        is_whole = not file.read(1)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start, final=is_whole)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, f"the byte 0x{error.object[error.start]:02x}") from error
    hint = _DELIMITER_HINT.match(text)
    if hint:
        text = text[hint.end() :]
    delimiters = hint[1] if hint else DELIMITERS
    headers = [_parse_header(path, text, delimiter, is_whole) for delimiter in delimiters]
    selected = next(
        (
            header
            for header in headers
            if find_columns(header.names, LINK_COLUMN) or find_columns(header.names, ID_COLUMN)
        ),
        max(headers, key=lambda header: len(header.names)),
    )
    check_columns(path, selected.names, "separated by ',', ';' or tabs")
    return selected._replace(n_before=int(bool(hint)))


def _parse_header(path: Path, text: str, delimiter: str, is_whole: bool) -> Header:
    lines = io.StringIO(text, newline="")
    try:
        cells = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error as error:
        raise InputError(f"{path}: expected a CSV header; found: {error}") from error
    length = lines.tell()
    if length == len(text) and not is_whole:
        raise InputError(
            f"{path}: expected a header; found a first line of over {_MAX_HEADER_BYTES >> 20} MiB"
        )
    names = [name or f"Unnamed: {index}" for index, name in enumerate(cells)]
    return Header(names, delimiter, text[:length].endswith("\r"))


def _not_utf8(path: Path, found: str) -> InputError:
    return InputError(f"{path}: expected text in UTF-8; found {found}. Save it as UTF-8.")


_STRAY_RETURN = re.compile(rb"\r(?!\n)")
_RETURN_PLACEHOLDER = b"\xff"
"""A byte that does not occur in UTF-8."""

_FIELDS = {
    delimiter: re.compile(
        rb"""(?>(?>
            (?!") [^%(d)b\r\n]*+                      # unquoted; may contain quotes
            | "(?>[^"\r\n]++|"")*+" [^%(d)b\r\n]*+    # quoted, on one line; text may follow
            | "(?>[^"]++|"")*+" (?=[%(d)b\r\n])       # quoted, on several lines; no text follows
        ) [%(d)b\r\n])*+"""
        % {b"d": delimiter.encode()},
        re.VERBOSE,
    )
    for delimiter in DELIMITERS
}
"""As many complete cells as possible, each with the delimiter or line end after it.

Kaggle's tags have text after a quoted cell.
"""
_TEXT_BEHIND_LINES = re.compile(rb'"(?>[^"\r\n]++|"")*+[\r\n](?>[^"]++|"")*+"[^"]')


class _CheckedBytes(io.RawIOBase):
    """The bytes of a CSV without what CSV parsers would silently misread.

    Carriage returns inside lines are hidden: Kaggle's trending lists have some in unquoted cells,
    and every parser treats them as the end of a row. A quote that is not closed is refused:
    every parser reads all rows up to the next quote as one cell.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self._path, self._header = path, header
        self._file = path.open("rb")
        self._line = 1
        self._unfinished = b""
        self._is_ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._is_ended:
            return b""
        block = self._file.read(size)
        self._is_ended = len(block) < size or size < 0
        while block.endswith(b"\r") and (following := self._file.read(1)):
            block += following
        if _RETURN_PLACEHOLDER in block:
            raise _not_utf8(self._path, "the byte 0xff")
        if not self._header.ends_in_return:
            block = _STRAY_RETURN.sub(_RETURN_PLACEHOLDER, block)
        if self._is_ended:
            block += b"\n"  # ends the last row; an empty line is not a row
        self._check_quotes(block)
        return block

    def _check_quotes(self, block: bytes) -> None:
        text = self._unfinished + block
        match = _FIELDS[self._header.delimiter].match(text)
        end = match.end() if match else 0
        self._line += text.count(b"\r" if self._header.ends_in_return else b"\n", 0, end)
        self._unfinished = text[end:]
        where = f"{self._path}: line {self._line}"
        if _TEXT_BEHIND_LINES.match(self._unfinished):
            raise InputError(
                f"{where}: expected a quoted cell to end at its second quote; found more text "
                "after it, on a later line: is a quote missing?"
            )
        if self._is_ended and self._unfinished:
            raise InputError(f"{where}: expected a second quote; found the end of the file")
        if len(self._unfinished) > _BLOCK_BYTES:
            raise InputError(
                f"{where}: expected cells of at most {_BLOCK_BYTES >> 20} MiB; found a larger one, "
                "or a quote that is not closed"
            )

    def close(self) -> None:
        self._file.close()
        super().close()


def read_csv(path: Path) -> Iterator[pa.RecordBatch]:
    """Read the rows in batches of bounded size: all cells as strings, an empty cell as ''.

    Raises:
        InputError: It is not a table, or not in UTF-8; with the line number if known.
    """
    header = read_header(path)
    with reading(path), pa.PythonFile(_CheckedBytes(path, header), mode="r") as file:
        try:
            for batch in pa.csv.open_csv(
                file,
                pa.csv.ReadOptions(
                    column_names=header.names,
                    skip_rows=header.n_before,
                    skip_rows_after_names=1,
                    block_size=_BLOCK_BYTES,
                ),
                pa.csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
                pa.csv.ConvertOptions(column_types=dict.fromkeys(header.names, pa.binary())),
            ):
                yield _as_texts(path, batch)
        except pa.ArrowInvalid as error:
            is_row = "straddl" in str(error)
            found = f"a row of over {_BLOCK_BYTES >> 20} MiB" if is_row else first_line(error)
            raise InputError(
                f"{path}: expected a CSV with {len(header.names)} cells in each row; found: {found}"
            ) from error


def _as_texts(path: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        cells = pc.replace_substring(column, _RETURN_PLACEHOLDER, b"\r")
        try:
            columns.append(cells.cast(pa.string()))
        except pa.ArrowInvalid as error:
            raise _not_utf8(path, f"other bytes in column {name[:60]!r}") from error
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)
