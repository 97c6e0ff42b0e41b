"""Read CSV files as they occur in practice: every row unchanged, or one error message."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import first_line, reading
from thumbnail_tasks.inputs.csv_escapes import Escapes, Unescaper, has_escaped_quote
from thumbnail_tasks.inputs.csv_header import DELIMITERS, Header, read_header
from thumbnail_tasks.inputs.encoding import not_utf8
from thumbnail_tasks.inputs.unpacking import open_unpacked

_BLOCK_BYTES = 16 << 20

_STRAY_RETURN = re.compile(rb"\r(?!\n)")
_RETURN_PLACEHOLDER, _NEVER_UTF8 = b"\xff", b"\xfe"
"""Bytes that do not occur in UTF-8."""

_FIELD = rb"""(?>(?>
    (?!") [^%(d)b\r\n]*+                      # unquoted; may contain quotes
    | "(?>[^"\r\n]++|"")*+" [^%(d)b\r\n]*+    # quoted, on one line; text may follow
    | "(?>[^"]++|"")*+" (?=[%(d)b\r\n])       # quoted, on several lines; no text follows
) [%(d)b\r\n])"""
"""A complete cell with the delimiter or line end after it; Kaggle's tags have text after quotes."""

_FIELDS = {
    delimiter: re.compile(_FIELD % {b"d": delimiter.encode()} + b"*+", re.VERBOSE)
    for delimiter in DELIMITERS
}
"""As many complete cells as possible."""

_BACKSLASHED = re.compile(rb'"(?>[^"]++|"")*+(?<=\\)"[^,;\t\r\n]')
"""A quoted cell with text after a quote that follows a backslash."""
_TEXT_BEHIND_LINES = re.compile(rb'"(?>[^"\r\n]++|"")*+[\r\n](?>[^"]++|"")*+"[^"]')


class _CheckedBytes(io.RawIOBase):
    """The bytes of a CSV without what CSV parsers would silently misread.

    Carriage returns inside lines are hidden: Kaggle's trending lists have some in unquoted cells,
    and every parser treats them as the end of a row. Quotes after backslashes are doubled. A quote
    that is not closed is refused: every parser reads all rows up to the next quote as one cell.
    """

    def __init__(
        self, path: Path, header: Header, escapes: Escapes, are_quotes_checked: bool = False
    ) -> None:
        self._path, self._header = path, header
        self._are_quotes_checked = are_quotes_checked
        self._opened = contextlib.ExitStack()
        self._file = self._opened.enter_context(open_unpacked(path))
        self._unescaper = None
        if escapes is not Escapes.DOUBLED:
            self._unescaper = Unescaper(escapes, header.delimiter)
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
        block = block.replace(_RETURN_PLACEHOLDER, _NEVER_UTF8)  # _as_texts reports it
        if not self._header.ends_in_return:
            block = _STRAY_RETURN.sub(_RETURN_PLACEHOLDER, block)
        if self._is_ended:
            block += b"\n"  # ends the last row; an empty line is not a row
        if self._unescaper:
            block = self._unescaper.rewrite(block)
            if not block:  # a large cell; no bytes would mean the end
                return self.read(size)
        if not self._are_quotes_checked:
            self._check_quotes(block)
        return block

    def _check_quotes(self, block: bytes) -> None:
        text = self._unfinished + block
        match = _FIELDS[self._header.delimiter].match(text)
        end = match.end() if match else 0
        line_end = b"\r" if self._header.ends_in_return else b"\n"
        backslashed = self._find_backslashed(text, end) if b'\\"' in block else None
        if backslashed is not None:
            raise InputError(
                f"{self._path}: line {self._line + text.count(line_end, 0, backslashed)}: expected "
                'quotes in cells to be doubled (""), or after backslashes (\\") in the whole file; '
                "found both. Write it with one of them"
            )
        self._line += text.count(line_end, 0, end)
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

    def _find_backslashed(self, text: bytes, end: int) -> int | None:
        """Where a cell with a quote after a backslash is, which would be cut there."""
        field = re.compile(_FIELD % {b"d": self._header.delimiter.encode()}, re.VERBOSE)
        starts = (cell.start() for cell in field.finditer(text, 0, end))
        return next((start for start in (*starts, end) if _BACKSLASHED.match(text, start)), None)

    def close(self) -> None:
        self._opened.close()
        super().close()


def read_csv(
    path: Path, escapes: Escapes, are_quotes_checked: bool = False
) -> Iterator[pa.RecordBatch]:
    """Read the rows in batches of bounded size: all cells as strings, an empty cell as ''.

    Args:
        path: The file.
        escapes: How it writes quotes in cells, from ``csv_escapes.find_escapes``.
        are_quotes_checked: Whether it was read before and has not changed since: a twentieth of the
            time of a run over a million rows is this check.

    Raises:
        InputError: It is not a table, or not in UTF-8; with the line number if known.
    """
    header = read_header(path)
    checked = _CheckedBytes(path, header, escapes, are_quotes_checked)
    with reading(path), pa.PythonFile(checked, mode="r") as file:
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
                yield _as_texts(path, header, batch)
        except pa.ArrowInvalid as error:
            is_row = "straddl" in str(error)
            found = f"a row of over {_BLOCK_BYTES >> 20} MiB" if is_row else first_line(error)
            line = None if is_row else _find_ragged(path, header, escapes)
            where = f"{path}: line {line}" if line else str(path)
            raise InputError(
                f"{where}: expected a CSV with {len(header.names)} cells in each row; found: "
                f"{found}{_hint(path, escapes)}"
            ) from error


def _find_ragged(path: Path, header: Header, escapes: Escapes) -> int | None:
    """The number of the line where the first row with too few or too many cells begins."""
    field = re.compile(_FIELD % {b"d": header.delimiter.encode()}, re.VERBOSE)
    line_end = b"\r" if header.ends_in_return else b"\n"
    line, start, n_cells, unfinished = 1, 1, 0, b""
    with _CheckedBytes(path, header, escapes) as file:
        while block := file.read(_BLOCK_BYTES):
            text, end = unfinished + block, 0
            for cell in field.finditer(text):
                end = cell.end()
                n_cells += 1
                line += cell[0].count(line_end)
                if cell[0].endswith((b"\r", b"\n")):
                    is_blank = n_cells == 1 and not cell[0].strip()
                    if n_cells != len(header.names) and not is_blank and start > header.n_before:
                        return start
                    start, n_cells = line, 0
            unfinished = text[end:]
    return None


def _hint(path: Path, escapes: Escapes) -> str:
    if escapes is Escapes.DOUBLED and has_escaped_quote(path):
        return '. Are quotes in its cells written as \\"? Only "" is read, or \\" in the whole file'
    return ""


def _as_texts(path: Path, header: Header, batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        pc.replace_substring(column, _RETURN_PLACEHOLDER, b"\r").cast(pa.string(), safe=False)
        for column in batch.columns
    ]
    texts = pa.RecordBatch.from_arrays(columns, batch.schema.names)
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        rows = {name: _first_not_utf8(texts[name]) for name in texts.schema.names}
        column = min(rows, key=rows.__getitem__)
        line_end = b"\r" if header.ends_in_return else b"\n"
        raise not_utf8(path, column, line_end) from error
    return texts


def _first_not_utf8(cells: pa.Array) -> int:
    """The first row whose cell is not UTF-8; the number of rows if none."""
    for row, cell in enumerate(cells.cast(pa.binary()).to_pylist()):
        try:
            cell.decode()
        except UnicodeDecodeError:
            return row
    return len(cells)
