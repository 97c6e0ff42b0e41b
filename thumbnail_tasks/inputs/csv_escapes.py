r"""Tell whether a CSV escapes quotes with backslashes (``\"``), and rewrite such cells.

Spark and MySQL write ``\"`` inside quoted cells where RFC 4180 has ``""``. Only backslashes before
quotes mean the same in both:

- Spark escapes quotes, and a backslash that stands before a quote or at the end of the cell.
- MySQL (``OUTFILE``) escapes quotes, line ends and all backslashes, and writes null as ``\N``.
"""

import enum
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.csv_header import DELIMITERS
from thumbnail_tasks.inputs.unpacking import open_unpacked

_BLOCK_BYTES: Final = 4 << 20
_MAX_CELL_BYTES: Final = 16 << 20


class Escapes(enum.Enum):
    """How a CSV writes quotes inside of quoted cells."""

    DOUBLED = "doubled quotes"
    SPARK = "backslashes, as Spark"
    MYSQL = "backslashes, as MySQL"


_QUOTED: Final = {
    "doubled": rb'"(?>[^"]++|"")*+"',
    "backslash": rb'"(?>[^"\\]++|\\.)*+"',
}
_CELLS: Final = {
    (name, delimiter): re.compile(
        rb"""(?:\xef\xbb\xbf)?+              # a byte order mark
        (?>(?> (?!") [^"%(d)b\r\n]*+ | %(quoted)b (?=[%(d)b\r\n]) ) [%(d)b\r\n])*+"""
        % {b"d": delimiter.encode(), b"quoted": quoted},
        re.VERBOSE | re.DOTALL,
    )
    for name, quoted in _QUOTED.items()
    for delimiter in DELIMITERS
}
"""As many complete cells as possible: quoted whole, or without any quote."""

_BACKSLASH_QUOTED: Final = re.compile(_QUOTED["backslash"], re.DOTALL)
_BEFORE_OTHERS: Final = re.compile(rb'(?<!\\)(\\++)(?!["\n])')
_BEFORE_LINE_END: Final = re.compile(rb"(?<!\\)\\(?:\\\\)*+\n")
_BEFORE_QUOTE: Final = re.compile(rb'(\\+)(?:(")|\Z)')
_NULL: Final = {
    delimiter: re.compile(rb"(?:(?<=[%(d)b\r\n])|^)\\N(?=[%(d)b\r\n])" % {b"d": delimiter.encode()})
    for delimiter in DELIMITERS
}


class _Cells:
    """The complete cells of a file that is read block by block, if all are of one kind."""

    def __init__(self, kind: str, delimiter: str) -> None:
        self._pattern = _CELLS[kind, delimiter]
        self._unfinished = b""
        self.is_well = True

    def add(self, block: bytes) -> bytes:
        """The cells that end in this block."""
        text = self._unfinished + block
        match = self._pattern.match(text)
        end = match.end() if match else 0
        self._unfinished = text[end:]
        self.is_well = len(self._unfinished) <= _MAX_CELL_BYTES
        return text[:end]

    def end(self) -> bool:
        """Whether the whole file was of this kind."""
        return self.is_well and not self._unfinished


class _Signs(NamedTuple):
    """What shows how a file writes quotes inside of quoted cells."""

    is_escaped: bool
    """Whether it is well-formed with quotes after backslashes."""
    is_escaped_only: bool
    """Whether it also is not well-formed with doubled quotes."""
    is_spark: bool
    """Whether a backslash stands alone."""
    is_mysql: bool
    """Whether a cell is ``\\N``, or a line ends after a backslash."""
    ambiguous_line: int
    """The first line with two backslashes; 0 if none."""


def find_escapes(delimiters: Mapping[Path, str]) -> dict[Path, Escapes]:
    """Tell how the CSVs of a table write quotes inside of quoted cells.

    It is with backslashes only if a whole file is well-formed so, and is not with doubled quotes.
    Then it is so in the other files, too, as far as they are well-formed so: one program wrote all.

    Args:
        delimiters: The delimiter of each file.

    Raises:
        InputError: It is with backslashes, but other backslashes may mean one or two characters.
    """
    if not any(_is_escaped_only(path, delimiter) for path, delimiter in delimiters.items()):
        return dict.fromkeys(delimiters, Escapes.DOUBLED)
    signs = {path: _signs_of(path, delimiter) for path, delimiter in delimiters.items()}
    escaped = {path: found for path, found in signs.items() if found.is_escaped}
    is_spark = any(found.is_spark for found in escaped.values())
    is_mysql = any(found.is_mysql for found in escaped.values())
    unclear = next((path for path, found in escaped.items() if found.ambiguous_line), None)
    if unclear and not is_spark and not is_mysql:
        raise InputError(
            f"{unclear}: line {escaped[unclear].ambiguous_line}: expected quotes inside of cells "
            'to be doubled (""); found quotes after backslashes (\\"), as Spark and MySQL write '
            "them, and \\\\, which is two backslashes in Spark and one in MySQL. Write it with "
            "doubled quotes (Spark: .option('escape', '\"'); MySQL: ESCAPED BY '\"')"
        )
    chosen = Escapes.MYSQL if is_mysql and not is_spark else Escapes.SPARK
    return {path: chosen if path in escaped else Escapes.DOUBLED for path in delimiters}


def _is_escaped_only(path: Path, delimiter: str) -> bool:
    return has_escaped_quote(path) and _signs_of(path, delimiter).is_escaped_only


def _signs_of(path: Path, delimiter: str) -> _Signs:
    stat = path.stat()
    return _read_signs(path, stat.st_size, stat.st_mtime_ns, delimiter)


@functools.cache
def _read_signs(path: Path, size: int, mtime_ns: int, delimiter: str) -> _Signs:
    doubled, escaped = _Cells("doubled", delimiter), _Cells("backslash", delimiter)
    line, ambiguous_line = 1, 0
    is_spark, is_mysql = False, False
    with open_unpacked(path) as file:
        while escaped.is_well and (block := file.read(_BLOCK_BYTES)):
            if len(block) < _BLOCK_BYTES:
                block += b"\n"
            if doubled.is_well:
                doubled.add(block)
            cells = escaped.add(block)
            is_mysql |= bool(_NULL[delimiter].search(cells) or _BEFORE_LINE_END.search(cells))
            for run in _BEFORE_OTHERS.finditer(_NULL[delimiter].sub(b"", cells)):
                if len(run[1]) % 2:
                    is_spark = True
                elif not ambiguous_line:
                    ambiguous_line = line + cells.count(b"\n", 0, run.start())
            line += cells.count(b"\n")
    is_escaped = escaped.end()
    return _Signs(is_escaped, is_escaped and not doubled.end(), is_spark, is_mysql, ambiguous_line)


def has_escaped_quote(path: Path) -> bool:
    """Whether a file has a backslash before a quote anywhere."""
    stat = path.stat()
    return _search_escaped_quote(path, stat.st_size, stat.st_mtime_ns)


@functools.cache
def _search_escaped_quote(path: Path, size: int, mtime_ns: int) -> bool:
    last = b""
    with open_unpacked(path) as file:
        while block := file.read(_BLOCK_BYTES):
            if b'\\"' in last + block:
                return True
            last = block[-1:]
    return False


class Unescaper:
    """Rewrites a CSV with backslashes, block by block, to one with doubled quotes."""

    def __init__(self, escapes: Escapes, delimiter: str) -> None:
        self._cells = _Cells("backslash", delimiter)
        self._is_mysql = escapes is Escapes.MYSQL
        self._null = _NULL[delimiter]

    def rewrite(self, block: bytes) -> bytes:
        """The cells that end in this block."""
        cells = self._cells.add(block)
        if self._is_mysql:
            cells = self._null.sub(b"", cells)
        return _BACKSLASH_QUOTED.sub(self._rewrite_cell, cells) if b"\\" in cells else cells

    def _rewrite_cell(self, cell: re.Match[bytes]) -> bytes:
        text = cell[0][1:-1]
        if b"\\" not in text:
            return cell[0]
        if self._is_mysql:
            text = re.sub(rb"\\(.)", lambda pair: pair[1].replace(b'"', b'""'), text, flags=re.S)
        else:
            text = _BEFORE_QUOTE.sub(_halve, text)
        return b'"' + text + b'"'


def _halve(run: re.Match[bytes]) -> bytes:
    r"""``\\\"`` becomes ``\""``."""
    return b"\\" * (len(run[1]) // 2) + (b'""' if run[2] else b"")
