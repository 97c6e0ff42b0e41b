"""Read videos from JSON: a list of objects, JSON lines, and what yt-dlp and YouTube's API write."""

import codecs
import functools
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.column_types import AS_PYTHON
from thumbnail_tasks.inputs.columns import (
    ID_COLUMN,
    LINK_COLUMN,
    check_columns,
    find_columns,
    show,
)
from thumbnail_tasks.inputs.encoding import not_utf8
from thumbnail_tasks.inputs.unpacking import open_unpacked

_BLOCK_BYTES: Final = 4 << 20
_MAX_OBJECT_CHARS: Final = 256 << 20
_BATCH_ROWS: Final = 10_000
_BATCH_CHARS: Final = 64 << 20
_MAX_EXACT: Final = 2**53
"""Larger integers are not all doubles."""

_BLANKS: Final = re.compile(r"[\s\x1e]*")


def _finite(text: str) -> float | str:
    """A number with a point or an exponent; as text if it is larger than any double."""
    number = float(text)
    return number if math.isfinite(number) else text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the name {name[:40]!r} twice in one object")
    return found


_DECODER: Final = json.JSONDecoder(
    parse_float=_finite,
    object_pairs_hook=_unique,
    strict=False,  # line ends within texts do no harm
)

Object = Mapping[str, Any]


class _Row(NamedTuple):
    """A video as an object of a JSON file."""

    line: int
    columns: Object
    n_chars: int


def read_json_schema(path: Path) -> pa.Schema:
    """The columns of all objects of a JSON file, in the order of first occurrence.

    A column has the type of its values: bool, int64, double, or string. Lists, objects and values
    of different types are kept as JSON in a string.

    Raises:
        InputError: It is not JSON of objects, or has neither needed column.
    """
    stat = path.stat()
    return _read_schema(path, stat.st_size, stat.st_mtime_ns)


@functools.cache
def _read_schema(path: Path, size: int, mtime_ns: int) -> pa.Schema:
    kinds: dict[str, set[str]] = {}
    for row in _read_rows(path):
        for name, value in row.columns.items():
            kinds.setdefault(name, set()).add(_kind_of(value))
    if cut := next((name for name in kinds if _is_cut(name)), None):
        raise InputError(
            f"{path}: expected names of columns; found half of a surrogate pair in {cut!a}"
        )
    schema = pa.schema([_field(name, found - {"null"}) for name, found in kinds.items()])
    check_columns(path, schema.names, "of the objects of a JSON file")
    keys = [*find_columns(schema.names, LINK_COLUMN), *find_columns(schema.names, ID_COLUMN)]
    if all(kinds[key] - {"null"} == {"nested"} for key in keys):
        raise InputError(
            f"{path}: {keys[0]!r}: expected one value in the object of each video; found lists or "
            "objects. Write it by rows (pandas: to_json(orient='records', lines=True))"
        )
    return schema


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        if abs(value) <= _MAX_EXACT:
            return "int"
        return "long" if -(2**63) <= value < 2**63 else "huge"
    if isinstance(value, float):
        return "float"
    return "text" if isinstance(value, str) else "nested"


def _field(name: str, kinds: set[str]) -> pa.Field:
    if kinds == {"bool"}:
        return pa.field(name, pa.bool_())
    if kinds and kinds <= {"int", "long"}:
        return pa.field(name, pa.int64())
    if kinds and kinds <= {"int", "float"}:
        return pa.field(name, pa.float64(), metadata=AS_PYTHON)
    return pa.field(name, pa.string())


def read_json(path: Path, names: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read the objects in batches of bounded size, with the columns of ``read_json_schema``.

    Args:
        path: The file.
        names: The columns to read; all if None.

    Raises:
        InputError: It is not JSON of objects.
    """
    schema = read_json_schema(path)
    if names is not None:
        schema = pa.schema([schema.field(name) for name in names])
    n_chars, batch = 0, list[_Row]()
    for row in _read_rows(path):
        batch.append(row)
        n_chars += row.n_chars
        if len(batch) == _BATCH_ROWS or n_chars > _BATCH_CHARS:
            yield _as_batch(path, batch, schema)
            n_chars, batch = 0, []
    if batch:
        yield _as_batch(path, batch, schema)


def _as_batch(path: Path, rows: list[_Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for field in schema:
        values = [row.columns.get(field.name) for row in rows]
        if field.type == pa.string():
            values = [_as_text(value) for value in values]
        try:
            columns.append(pa.array(values, field.type))
        except UnicodeEncodeError as error:
            row = next(row for row, value in zip(rows, values, strict=True) if _is_cut(value))
            raise InputError(
                f"{path}: line {row.line}: {show(field.name)!r}: expected text; found half of a "
                "surrogate pair (\\ud800 to \\udfff): was the text cut?"
            ) from error
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_cut(text: str | None) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text or "")


def _read_rows(path: Path) -> Iterator[_Row]:
    with open_unpacked(path) as file:
        for line, value, n_chars in _Values(path, file):
            for video in _videos_of(value):
                if not isinstance(video, dict):
                    raise InputError(
                        f"{path}: line {line}: expected an object for each video, as in "
                        f'{{"video_id": "…"}}; found {show(json.dumps(video), 40)}'
                    )
                yield _Row(line, _flatten(video), n_chars)


def _videos_of(value: Any) -> Iterator[Any]:
    """The videos of an answer of YouTube's API, or of a playlist of yt-dlp; else the value."""
    if isinstance(value, dict):
        if str(value.get("kind")).endswith("ListResponse") and isinstance(value.get("items"), list):
            yield from value["items"]
            return
        if value.get("_type") == "playlist" and isinstance(value.get("entries"), list):
            # yt-dlp writes null for a video that it cannot get, and playlists of a channel's tabs.
            yield from itertools.chain.from_iterable(
                _videos_of({} if entry is None else entry) for entry in value["entries"]
            )
            return
    yield value


def _flatten(video: dict[str, Any]) -> Object:
    """Columns such as ``snippet.title`` for a resource of YouTube's API, as pandas names them."""
    if not str(video.get("kind")).startswith("youtube#"):
        return video
    flat: dict[str, Any] = {}
    for name, value in video.items():
        if isinstance(value, dict) and value:
            inner = _flatten({"kind": video["kind"], **value})
            flat |= {f"{name}.{key}": each for key, each in inner.items()}
            if "kind" not in value:
                del flat[f"{name}.kind"]
        else:
            flat[name] = value
    return flat


class _Values:
    """The values of a JSON file: the elements of its list, or those that follow each other."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._decode_bytes = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._position, self._line = "", 0, 1
        self._is_ended = False

    def __iter__(self) -> Iterator[tuple[int, Any, int]]:
        """Yields each value with the line on which it begins and its number of characters."""
        is_list = self._peek() == "["
        if is_list:
            self._move_to(self._position + 1)
        while (char := self._peek()) and not (is_list and char == "]"):
            line, start = self._line, self._position
            value, end = self._decode()
            yield line, value, end - start
            self._move_to(end)
            if is_list and self._peek() == ",":
                self._move_to(self._position + 1)
            elif is_list and self._peek() != "]":
                raise self._error("a comma, or ']' at the end of the list")
        if is_list:
            if not char:
                raise self._error("an object, or ']' at the end of the list")
            self._move_to(self._position + 1)
            if self._peek():
                raise self._error("the end of the file after the list")

    def _peek(self) -> str:
        """The next character that is not blank; '' at the end."""
        while True:
            blanks = _BLANKS.match(self._text, self._position)
            self._move_to(blanks.end() if blanks else self._position)
            if self._position < len(self._text) or not self._read_more():
                return self._text[self._position : self._position + 1]

    def _move_to(self, position: int) -> None:
        self._line += self._text.count("\n", self._position, position)
        self._position = position

    def _read_more(self) -> bool:
        if self._is_ended:
            return False
        kept = self._text[self._position :]
        block = self._file.read(max(_BLOCK_BYTES, len(kept)))  # doubled: linear in the end
        self._is_ended = not block
        try:
            self._text = kept + self._decode_bytes(block, final=self._is_ended)
        except UnicodeDecodeError as error:
            raise not_utf8(self._path) from error
        self._position = 0
        return True

    def _decode(self) -> tuple[Any, int]:
        while True:
            try:
                return _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                # An error far from the end of what has been read is none of a cut object.
                is_cut = error.msg.startswith("Unterminated") or len(self._text) - error.pos < 16
                is_small = len(self._text) - self._position < _MAX_OBJECT_CHARS
                if is_cut and is_small and self._read_more():
                    continue
                self._move_to(min(error.pos, len(self._text)))
                raise self._error(f"JSON ({error.msg[0].lower()}{error.msg[1:]})") from error
            except (ValueError, RecursionError) as error:  # a huge number, or deeply nested
                raise self._error(f"JSON ({show(str(error), 80)})") from error

    def _error(self, expected: str) -> InputError:
        found = show(self._text[self._position : self._position + 40]) or "the end of the file"
        return InputError(f"{self._path}: line {self._line}: expected {expected}; found {found}")
