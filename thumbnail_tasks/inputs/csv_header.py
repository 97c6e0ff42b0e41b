"""Read the first line of a CSV: its columns, and what separates them."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import (
    ID_COLUMN,
    LINK_COLUMN,
    check_columns,
    find_columns,
    show,
)
from thumbnail_tasks.inputs.encoding import not_utf8
from thumbnail_tasks.inputs.unpacking import open_unpacked

DELIMITERS = ",;\t|"
_DELIMITER_HINT = re.compile(rf"sep=([{DELIMITERS}])\r?\n", re.IGNORECASE)
_MAX_HEADER_BYTES = 1 << 20
_LINK = re.compile(r"\s*(?:https?:)?//\S+|\s*(?:www\.)?youtu(?:be\.com|\.be)/\S+")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")


class Header(NamedTuple):
    """The first line of a CSV."""

    names: list[str]
    delimiter: str
    ends_in_return: bool
    """Whether lines end with a carriage return alone, as on old Macs."""
    n_before: int = 0
    """Lines before it: Excel's ``sep=;``."""


def read_header(path: Path) -> Header:
    """Split a CSV's first line by ``,``, ``;``, ``|`` or a tab, whichever gives a needed column.

    A line ``sep=;`` before it, as Excel has it, names the delimiter.
    Unnamed columns are named as in pandas (``Unnamed: 0``).

    Raises:
        InputError: It is not a header, or not in UTF-8.
    """
    with open_unpacked(path) as file:
        start = file.read(_MAX_HEADER_BYTES)
        is_whole = not file.read(1)
    text = start.decode("utf-8-sig", errors="surrogateescape")
    hint = _DELIMITER_HINT.match(text)
    if hint:
        text = text[hint.end() :]
    delimiters = hint[1] if hint else DELIMITERS
    headers = [_parse_header(path, text, delimiter, is_whole) for delimiter in delimiters]
    selected = next(
        (header for header in headers if _has_key(header.names)),
        max(headers, key=lambda header: len(header.names)),
    )
    if any("\udc80" <= char <= "\udcff" for name in selected.names for char in name):
        raise not_utf8(path)
    if not _has_key(selected.names):
        _refuse_values(path, text, selected)
    check_columns(path, selected.names, "separated by ',', ';', '|' or tabs")
    return selected._replace(n_before=int(bool(hint)))


def _has_key(names: Sequence[str]) -> bool:
    return bool(find_columns(names, LINK_COLUMN) or find_columns(names, ID_COLUMN))


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


def _refuse_values(path: Path, text: str, header: Header) -> None:
    """Refuse a table whose first line already has a video, with the line that it lacks."""
    lines = [line.strip() for line in text.splitlines()[:10] if line.strip()]
    cells = header.names
    if len({line.count(header.delimiter) for line in lines}) > 1:
        cells = lines[:1]  # commas within links
    meanings = {
        LINK_COLUMN: next((cell for cell in cells if _LINK.fullmatch(cell)), None),
        ID_COLUMN: _first_id(lines),
    }
    for meaning, value in meanings.items():
        if value is not None:
            kind = "a list" if len(cells) == 1 else "a table"
            names = ",".join(
                meaning if cell == value else f"column_{number}"
                for number, cell in enumerate(cells, 1)
            )
            raise InputError(
                f"{path}: expected a first line with names of columns; found {kind} without one: "
                f"{show(value)}. Put a line above it: {show(names, 200)}"
            )


def _first_id(lines: Sequence[str]) -> str | None:
    """The first line if all of several lines are ids of videos."""
    is_list = len(lines) > 1 and all(map(_VIDEO_ID.fullmatch, lines))
    return lines[0] if is_list else None
