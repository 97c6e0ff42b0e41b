"""The type of a column of several files: the narrowest that loses nothing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

AS_PYTHON: Final = {b"text": b"python"}
"""Metadata of a column of floats whose cells were written as Python and pandas write them: ``1.0``
and ``9.8e-05``, where Arrow writes ``1`` and ``0.000098``. The export's CSV writes them so again.
"""


_PLAIN_EXTENSIONS: Final = frozenset({"arrow.bool8", "arrow.json"})
"""Extension types whose values are those of an ordinary type: bool, and text."""

_UNITS: Final = ("ns", "us", "ms", "s")


class Kind(NamedTuple):
    """A type that the cells of a CSV column may have, and how its values are written."""

    dtype: pa.DataType
    metadata: dict[bytes, bytes] | None = None


CSV_KINDS: Final = (
    *(Kind(pa.int64()), Kind(pa.float64()), Kind(pa.float64(), AS_PYTHON)),
    Kind(pa.bool_()),
)
"""The types of CSV columns other than text, the narrowest first."""

_BOOLEANS: Final = pa.array(["True", "False"])


def is_lossless(cells: pa.Array, kind: Kind) -> bool:
    """Whether every cell, as a value of this kind, is written back as the same text."""
    if kind.dtype == pa.bool_():
        return bool(pc.all(pc.is_in(cells, _BOOLEANS)).as_py())
    try:
        return bool(write_numbers(cells.cast(kind.dtype), kind.metadata).equals(cells))
    except pa.ArrowInvalid:
        return False


def write_numbers(numbers: pa.Array, metadata: dict[bytes, bytes] | None) -> pa.Array:
    """Numbers as texts; ``metadata`` of their column says whether as Python writes them."""
    if not (metadata and metadata.items() >= AS_PYTHON.items()):
        return numbers.cast(pa.string())
    texts = [None if number is None else repr(number) for number in numbers.to_pylist()]
    return pa.array(texts, pa.string())


def promote(dtypes: Iterable[pa.DataType]) -> list[pa.DataType]:
    """Types that may hold the values of all these types, the best first; empty if only text does.

    Whether a type holds certain values is found out by ``holds``: an int64 beyond 2**53 does not
    fit into a double, nor the year 9999 into nanoseconds.
    """
    schemas = [pa.schema([("", _without_encoding(dtype))]) for dtype in dtypes]
    try:
        best = pa.unify_schemas(schemas, promote_options="permissive").field("").type
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # the latter for more than 76 digits
        return []
    if pa.types.is_timestamp(best):
        coarser = [pa.timestamp(unit, best.tz) for unit in _UNITS[1:]]
    elif pa.types.is_duration(best):
        coarser = [pa.duration(unit) for unit in _UNITS[_UNITS.index(best.unit) + 1 :]]
    else:
        coarser = []
    return [best, *(dtype for dtype in coarser if dtype != best)]


def holds(dtype: pa.DataType, columns: Iterable[pa.Array]) -> bool:
    """Whether all values are the same as values of ``dtype``, one of ``promote``'s."""
    return all(_is_exact(column, dtype) for column in columns)


def _is_exact(column: pa.Array, dtype: pa.DataType) -> bool:
    try:
        cast = column.cast(dtype)  # fails if a value is out of range, or not exact
        is_rounded = pa.types.is_decimal(column.type) and pa.types.is_floating(dtype)
        return not is_rounded or bool(cast.cast(column.type).equals(column))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return False


def _without_encoding(dtype: pa.DataType) -> pa.DataType:
    """The type of the values of a dictionary, a view, or an extension type that adds nothing."""
    if isinstance(dtype, pa.Bool8Type):
        return pa.bool_()
    if isinstance(dtype, pa.JsonType):
        return _without_encoding(dtype.storage_type)
    if pa.types.is_dictionary(dtype):
        return _without_encoding(dtype.value_type)
    if dtype == pa.string_view():
        return pa.string()
    return pa.binary() if dtype == pa.binary_view() else dtype


def is_encoded_text(dtype: pa.DataType) -> bool:
    """Whether values are texts in a dictionary or a view."""
    is_extension = isinstance(dtype, pa.BaseExtensionType)
    return not is_extension and _without_encoding(dtype) == pa.string() != dtype


def common_kind(
    csv_kinds: Sequence[Sequence[Kind]], parquet_dtypes: Sequence[pa.DataType]
) -> Iterator[Kind]:
    """Kinds that may hold the values of a column of several files, the best first.

    Args:
        csv_kinds: The possible kinds in each CSV file, from ``CSV_KINDS``.
        parquet_dtypes: The type in each Parquet file.
    """
    if not csv_kinds:
        yield from map(Kind, promote(parquet_dtypes))
        return
    for kind in csv_kinds[0]:
        is_shared = all(kind in others for others in csv_kinds)
        if is_shared and kind.dtype in promote([kind.dtype, *parquet_dtypes]):
            yield kind


def extension_of(field: pa.Field) -> tuple[str, bytes, pa.DataType]:
    """The extension type of a column: its name, its serialized parameters, the type of its storage.

    Name and parameters are empty if it has none. Arrow gives columns of extension types that nobody
    has registered the type of their storage.
    """
    if isinstance(field.type, pa.BaseExtensionType):
        is_python = isinstance(field.type, pa.ExtensionType)
        parameters = field.type.__arrow_ext_serialize__() if is_python else b""
        return field.type.extension_name, parameters, field.type.storage_type
    metadata = field.metadata or {}
    name = metadata.get(b"ARROW:extension:name", b"").decode(errors="replace")
    return name, metadata.get(b"ARROW:extension:metadata", b""), field.type


def is_extended(field: pa.Field) -> bool:
    """Whether values, or values within them, mean something else than their storage."""
    name, _, storage = extension_of(field)
    inner = (storage.field(number) for number in range(storage.num_fields))
    return (bool(name) and name not in _PLAIN_EXTENSIONS) or any(map(is_extended, inner))


def meaning_of(field: pa.Field) -> Sequence[object]:
    """What is equal for two columns, if equal values in them mean the same."""
    name, parameters, storage = extension_of(field)
    inner = (storage.field(number) for number in range(storage.num_fields))
    return field.type, name, parameters, list(map(meaning_of, inner))
