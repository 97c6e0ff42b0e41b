"""The values of a Parquet column as texts: for a CSV, and where files differ in type."""

import functools
import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.inputs.column_types import extension_of, is_extended, write_numbers
from thumbnail_tasks.inputs.parquet_reading import INTERVAL

_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
_BYTES = (pa.BinaryArray, pa.LargeBinaryArray, pa.BinaryViewArray, pa.FixedSizeBinaryArray)
_PER_SECOND: Final[Mapping[str, int]] = MappingProxyType(
    {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
)


class NoTextError(ValueError):
    """Values of a column cannot be written as text."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


def has_text(field: pa.Field) -> bool:
    """Whether values of the column can be read as text.

    Not so the bytes of an extension type that is unknown here, also within lists and structs.
    """
    name, _, storage = extension_of(field)
    if name in _EXTENSIONS:
        return True
    is_bytes = pa.types.is_binary(storage) or pa.types.is_fixed_size_binary(storage)
    inner = (storage.field(number) for number in range(storage.num_fields))
    return not (name and is_bytes) and all(map(has_text, inner))


def is_readable(field: pa.Field) -> bool:
    """Whether values of the column can be read beside texts: no lists or structs, no raw bytes."""
    name, _, storage = extension_of(field)
    return has_text(field) and (name in _EXTENSIONS or not pa.types.is_nested(storage))


def describe_type(field: pa.Field) -> str:
    """The column's type for a message, with the names of extension types, also within it."""
    name, parameters, storage = extension_of(field)
    inner = [storage.field(number) for number in range(storage.num_fields)]
    within = ", ".join(describe_type(each) for each in inner if is_extended(each))
    own = " ".join(filter(None, (name, parameters.decode(errors="replace")))) or str(storage)
    return f"{own} of {within}" if within else own


def as_cells(column: pa.Array, field: pa.Field) -> pa.Array:
    r"""Numbers as they are, everything else as large_string; null stays null.

    Texts are those of CSV input: ``True``, ``2026-11-28 12:30:00``, ``1 days 00:00:00`` as pandas
    writes durations. Lists and structs become JSON, bytes text with ``\xff`` for what is not UTF-8.
    Times in a zone that this machine does not know become UTC.

    Raises:
        NoTextError: A value cannot be written, as of a period whose frequency nobody knows.
    """
    try:
        return _as_cells(column, field)
    except (pa.ArrowException, ValueError, LookupError, TypeError, OverflowError) as error:
        raise NoTextError(field.name, str(error)) from error


def as_texts(column: pa.Array, field: pa.Field) -> pa.Array:
    """The texts of ``as_cells``, with numbers as the CSV has them; null stays null.

    Raises:
        NoTextError: As ``as_cells``, or bytes are not UTF-8, whose escapes would not be unique.
    """
    values = _without_encoding(column, field)
    try:
        if isinstance(values, _BYTES) and extension_of(field)[0] not in _EXTENSIONS:
            return values.cast(pa.string())
    except pa.ArrowInvalid as error:
        raise NoTextError(field.name, str(error)) from error
    return as_cells(column, field).cast(pa.string())


def _as_cells(column: pa.Array, field: pa.Field) -> pa.Array:
    column = _without_encoding(column, field)
    name, _, _ = extension_of(field)
    if name in _EXTENSIONS:
        return _EXTENSIONS[name](column, field).cast(pa.large_string())
    if pa.types.is_floating(column.type) and field.metadata:
        return write_numbers(column, field.metadata)
    if any(is_number(column.type) for is_number in _NUMBERS):
        return column
    return _as_texts(column, field).cast(pa.large_string())


def _without_encoding(column: pa.Array, field: pa.Field) -> pa.Array:
    """The values as they are stored, without extension type and dictionary; bool8 as bool."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    name, _, _ = extension_of(field)
    return column.cast(pa.bool_()) if name == "arrow.bool8" else column


def _uuids(column: pa.Array, field: pa.Field) -> pa.Array:
    return _map_values(column, lambda value: str(uuid.UUID(bytes=value)))


def _periods(column: pa.Array, field: pa.Field) -> pa.Array:
    import pandas as pd

    frequency = _parameters(field)["freq"]
    ordinals = column.fill_null(0).to_numpy()
    texts = pd.PeriodIndex.from_ordinals(ordinals, freq=frequency).astype(str)  # type: ignore[attr-defined]
    return pc.if_else(column.is_valid(), pa.array(texts, pa.string()), None)


def _intervals(column: pa.Array, field: pa.Field) -> pa.Array:
    closed = _parameters(field)["closed"]
    first = "[" if closed in ("left", "both") else "("
    last = "]" if closed in ("right", "both") else ")"
    left, right = (
        _as_cells(side, column.type.field(number)).cast(pa.string())
        for number, side in enumerate(column.flatten())
    )
    texts = pc.binary_join_element_wise(left, right, ", ")
    return pc.binary_join_element_wise(first, texts, last, "")


def _parameters(field: pa.Field) -> dict[str, Any]:
    """The parameters of one of pandas' extension types."""
    _, serialized, _ = extension_of(field)
    parameters: dict[str, Any] = json.loads(serialized)
    return parameters


def _calendar_durations(column: pa.Array, field: pa.Field) -> pa.Array:
    """Parquet's INTERVAL, three little-endian numbers, as ISO 8601: ``P1M2DT3.5S``."""

    def write(value: bytes) -> str:
        months, days, ms = (int.from_bytes(value[at : at + 4], "little") for at in (0, 4, 8))
        return f"P{months}M{days}DT{ms / 1000:.12g}S"

    return _map_values(column, write)


_EXTENSIONS: Final[Mapping[str, Callable[[pa.Array, pa.Field], pa.Array]]] = MappingProxyType(
    {
        "arrow.uuid": _uuids,
        "pandas.interval": _intervals,
        "pandas.period": _periods,
        INTERVAL: _calendar_durations,
    }
)
"""Writers of extension types' values; others are written like the type of their storage."""


def _as_texts(column: pa.Array, field: pa.Field) -> pa.Array:
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")  # as in CSV input
    if _is_of_floats(column.type) and not column.flatten().null_count:
        return _join_numbers(column)
    if pa.types.is_nested(column.type):
        values = _json_values(column, field)
        texts = (None if value is None else json.dumps(value) for value in values)
        return pa.array(texts, pa.large_string())
    if isinstance(column, _BYTES):
        return _map_values(column, lambda value: value.decode(errors="backslashreplace"))
    if pa.types.is_duration(column.type):
        return _durations(column)
    if pa.types.is_timestamp(column.type) and not _is_known_zone(column.type.tz):
        return column.cast(pa.timestamp(column.type.unit, "UTC"))
    return column


def _json_values(column: pa.Array, field: pa.Field) -> list[Any]:
    """The values for ``json.dumps``: within lists and structs, texts are those of cells.

    Maps of texts become objects, as structs do; other maps, and what has a name twice, become lists
    of pairs. Decimals are texts, as not every reader of JSON has all of their digits.
    """
    column = _without_encoding(column, field)
    dtype, (name, _, storage) = column.type, extension_of(field)
    if pa.types.is_nested(dtype) and name not in _EXTENSIONS:
        inner = [storage.field(number) for number in range(dtype.num_fields)]
        if pa.types.is_struct(dtype):
            parts = list(map(_json_values, column.flatten(), inner))
            return _structs(column, parts)
        if pa.types.is_map(dtype):
            pairs = pa.struct([dtype.key_field, dtype.item_field])
            keys, items = inner[0].type.field(0), inner[0].type.field(1)
            lists = column.cast(pa.list_(pairs))
            flat = lists.flatten().flatten()
            values = zip(_json_values(flat[0], keys), _json_values(flat[1], items), strict=True)
            pairs_of_each = _cut(lists, map(list, values))
            return list(map(_as_object, pairs_of_each)) if _is_text(keys.type) else pairs_of_each
        return _cut(column, _json_values(column.flatten(), inner[0]))
    if pa.types.is_boolean(dtype) or pa.types.is_float64(dtype):
        return list(column.to_pylist())
    cells = _as_cells(column, field)
    if pa.types.is_floating(dtype):  # 0.1 is the shortest text of a float32 that Python shows as
        texts = cells.cast(pa.string()).to_pylist()  # 0.10000000149011612
        return [None if text is None else float(text) for text in texts]
    return list((cells.cast(pa.string()) if pa.types.is_decimal(dtype) else cells).to_pylist())


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _as_object(pairs: list[list[Any]] | None) -> dict[str, Any] | list[list[Any]] | None:
    """A map as a dict; as it is if a key occurs twice."""
    if pairs is None or len(named := dict(pairs)) < len(pairs):
        return pairs
    return named


def _structs(column: pa.StructArray, parts: Sequence[list[Any]]) -> list[Any]:
    """One dict per struct, of its fields' values; a list of pairs if two fields have one name."""
    names = [field.name for field in column.type]
    make = dict if len(set(names)) == len(names) else (lambda pairs: list(map(list, pairs)))
    rows = zip(*parts, strict=True) if parts else itertools.repeat((), len(column))
    return [
        make(zip(names, row, strict=True)) if is_valid else None
        for row, is_valid in zip(rows, column.is_valid().to_pylist(), strict=True)
    ]


def _cut(lists: pa.Array, values: Iterable[Any]) -> list[Any]:
    """The values of all lists, which follow each other, as one list each; null stays null."""
    rest = iter(values)
    lengths = pc.list_value_length(lists).to_pylist()
    return [None if n is None else list(itertools.islice(rest, n)) for n in lengths]


def _durations(column: pa.Array) -> pa.Array:
    """As pandas writes them: ``1 days 00:00:00``, ``-1 days +23:59:59.999998``."""
    per_second = _PER_SECOND[column.type.unit]

    def write(value: int) -> str:
        seconds, rest = divmod(value, per_second)
        days, seconds = divmod(seconds, 86_400)
        time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        nanoseconds = f"{rest * 10**9 // per_second:09}"
        fraction = f".{nanoseconds.removesuffix('000')}" if rest else ""
        return f"{days} days {'+' if days < 0 else ''}{time}{fraction}"

    return _map_values(column.cast(pa.int64()), write)


@functools.cache
def _is_known_zone(zone: str | None) -> bool:
    try:
        pa.array([0], pa.timestamp("s", zone)).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _map_values(column: pa.Array, make_text: Callable[[Any], str]) -> pa.Array:
    values = (value if value is None else make_text(value) for value in column.to_pylist())
    return pa.array(values, pa.large_string())


def _is_of_floats(dtype: pa.DataType) -> bool:
    return bool(
        pa.types.is_fixed_size_list(dtype)
        and pa.types.is_floating(dtype.value_type)
        and dtype.list_size
    )


def _join_numbers(lists: pa.FixedSizeListArray) -> pa.Array:
    """Lists of floats as JSON, each number in its shortest form; null stays null.

    For histograms of a million rows this takes a tenth of the time of Python's json.
    """
    width = lists.type.list_size
    filled = lists.fill_null([0.0] * width) if lists.null_count else lists
    numbers = pc.cast(filled.flatten(), pa.string())
    offsets = pa.array(range(0, len(numbers) + 1, width), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, numbers), ", ")
    cells = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(lists.is_valid(), cells, None)
