"""Types with a meaning of their own are readable in the CSV, also within lists and structs."""

import csv
import datetime
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import read
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.inputs.cell_texts import as_cells
from thumbnail_tasks.inputs.parquet_reading import INTERVAL

KEY = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")
NOON = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)


class Opaque(pa.ExtensionType):  # type: ignore[misc]
    """A type that only its inventor knows."""

    def __init__(self) -> None:
        super().__init__(pa.binary(2), "inventor.opaque")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""


def through_csv(folder: Path, column: pa.Array) -> tuple[pa.Table, list[str], list[str]]:
    """The table as it is read, the cells in its CSV, and the names that the CSV lacks."""
    source = folder / "in.parquet"
    pq.write_table(pa.table({"video_id": ["a", "b"], "x": column}), source)
    table = read(source)
    pq.write_table(table, folder / "out.parquet")
    left_out = write_csv(pq.ParquetFile(folder / "out.parquet"), folder / "out.csv")
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return table, [row.get("x", "") for row in csv.DictReader(file)], left_out


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (pa.array([KEY.bytes, None], pa.uuid()), [str(KEY), ""]),
        (pa.array([1, None], pa.int8()).cast(pa.bool8()), ["True", ""]),
        (pa.array(['{"a": 1}', None]).cast(pa.json_()), ['{"a": 1}', ""]),
        (pa.array(pd.period_range("2020-01", periods=2, freq="M")), ["2020-01", "2020-02"]),
        (pa.array(pd.PeriodIndex(["2020Q1", None], freq="Q")), ["2020Q1", ""]),
        (pa.array(pd.interval_range(0, 2)), ["(0, 1]", "(1, 2]"]),
        (
            pa.array([NOON, None], pa.timestamp("ms", "Europe/Paris")),
            ["2026-11-28 13:00:00.000+0100", ""],
        ),
        (pa.array([NOON, None], pa.timestamp("ms", "JST")), ["2026-11-28 12:00:00.000Z", ""]),
        (
            pa.array([NOON, None], pa.timestamp("us", "Mars/Base")),
            ["2026-11-28 12:00:00.000000Z", ""],
        ),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values_are_kept_in_parquet_and_readable_in_the_csv(
    tmp_path: Path, column: pa.Array, cells: list[str]
) -> None:
    table, found, left_out = through_csv(tmp_path, column)
    assert table.schema.field("x").type == column.type
    assert table["x"].combine_chunks().equals(column)
    assert found == cells
    assert left_out == []
    again = pq.read_table(tmp_path / "out.parquet").schema.field("x")
    assert again.equals(
        pq.read_table(tmp_path / "in.parquet").schema.field("x"), check_metadata=True
    )


def times(zone: str) -> pa.Array:
    return pa.array([NOON], pa.timestamp("us", zone))


SPAN = pa.array([datetime.timedelta(days=1)], pa.duration("s"))
MONTH = pa.array(pd.period_range("2020-01", periods=1, freq="M"))
LEAVES: list[tuple[pa.Array, Any]] = [
    (times("Mars/Base"), "2026-11-28 12:00:00.000000Z"),
    (times("Europe/Paris"), "2026-11-28 13:00:00.000000+0100"),
    (pa.array([b"a"]), "a"),
    (pa.array([b"\xff"], pa.large_binary()), "\\xff"),
    (pa.array([b"ab"], pa.binary(2)), "ab"),
    (pa.array([0.1], pa.float32()), 0.1),
    (pa.array([0.1]), 0.1),
    (pa.array([1.5], pa.float16()), 1.5),
    (pa.array([2**63], pa.uint64()), 2**63),
    (pa.array([True]), True),
    (pa.array([Decimal("1.10")]), "1.10"),
    (SPAN, "1 days 00:00:00"),
    (pa.array([1], pa.time32("s")), "00:00:01"),
    (pa.array([datetime.date(2020, 8, 1)]), "2020-08-01"),
    (pa.array([KEY.bytes], pa.uuid()), str(KEY)),
    (pa.array([1], pa.int8()).cast(pa.bool8()), True),
    (MONTH, "2020-01"),
    (pa.array(pd.interval_range(0, 1)), "(0, 1]"),
    (pa.array(["a"]).dictionary_encode(), "a"),
    (pa.array(["a"], pa.string_view()), "a"),
    (pa.nulls(1), None),
    (pa.array([[]], pa.list_(pa.int8())), []),
    (pa.array([[0.1, None]], pa.list_(pa.float32())), [0.1, None]),
    (pa.array([{}], pa.struct([])), {}),
]


@pytest.mark.parametrize(("leaf", "value"), LEAVES, ids=lambda x: str(getattr(x, "type", "")))
def test_values_within_lists_and_structs_are_those_of_cells(leaf: pa.Array, value: Any) -> None:
    two = pa.StructArray.from_arrays([leaf, leaf], ["b", "c"])
    nested = {
        "list": (pa.ListArray.from_arrays([0, 1], leaf), [value]),
        "large": (pa.LargeListArray.from_arrays([0, 1], leaf), [value]),
        "view": (pa.ListViewArray.from_arrays([0], [1], leaf), [value]),
        "struct": (two, {"b": value, "c": value}),
        "list of structs": (
            pa.ListArray.from_arrays([0, 1], two),
            [{"b": value, "c": value}],
        ),
        "two of one name": (
            pa.StructArray.from_arrays([leaf, leaf], ["b", "b"]),
            [["b", value], ["b", value]],
        ),
        "map": (pa.MapArray.from_arrays([0, 1], ["k"], leaf), {"k": value}),
        "map of numbers": (pa.MapArray.from_arrays([0, 1], [7], leaf), [[7, value]]),
    }
    if not pa.types.is_floating(leaf.type):
        nested["pair"] = (pa.FixedSizeListArray.from_arrays(leaf, 1), [value])
    for name, (array, expected) in nested.items():
        cells = as_cells(array, pa.field("x", array.type)).to_pylist()
        assert [json.loads(cell) for cell in cells] == [expected], name


@pytest.mark.parametrize(
    "values",
    [
        [[("a", 1)], None, [], [("b", None), ("c", 3)]],
        [None, None],
        [[("a", 1)] * 3, [("b", 2)]],
    ],
)
def test_nulls_and_slices_of_nested_columns_keep_their_rows(values: list[Any]) -> None:
    pairs = pa.struct({"key": pa.string(), "value": pa.int64()})

    def as_pairs(values: Any) -> list[Any]:
        return list(map(list, values))

    arrays: list[tuple[pa.Array, Callable[[Any], Any]]] = [
        (
            pa.array(values, pa.map_(pa.string(), pa.int64())),
            lambda v: dict(v) if len({key for key, _ in v}) == len(v) else as_pairs(v),
        ),
        (pa.array(values, pa.map_(pa.binary(), pa.int64())), as_pairs),
        (
            pa.array(
                [
                    v and [dict(zip(("key", "value"), pair, strict=True)) for pair in v]
                    for v in values
                ],
                pa.list_(pairs),
            ),
            lambda v: [{"key": key, "value": value} for key, value in v],
        ),
    ]
    for array, make in arrays:
        for start in range(len(array)):
            cells = as_cells(array.slice(start), pa.field("x", array.type)).to_pylist()
            found = [cell if cell is None else json.loads(cell) for cell in cells]
            assert found == [None if v is None else make(v) for v in values[start:]]


def test_columns_without_a_text_for_a_value_are_left_out_of_the_csv(tmp_path: Path) -> None:
    name = {b"ARROW:extension:name": b"pandas.period"}
    frequency = {b"ARROW:extension:metadata": b'{"freq": "unknown"}'}
    nested = pa.struct([pa.field("a", pa.int64(), metadata=name | frequency)])
    opaque = pa.list_(pa.field("a", pa.binary(2), metadata={b"ARROW:extension:name": b"opaque"}))
    schema = pa.schema(
        [
            pa.field("first", pa.int64(), metadata=name | frequency),
            pa.field("id", pa.string()),
            pa.field("second", pa.int64(), metadata=name | frequency),
            pa.field("third", nested),
            pa.field("fourth", opaque),
        ]
    )
    table = pa.table([[1], ["a"], [1], [{"a": 1}], [[b"ab"]]], schema=schema)
    pq.write_table(table, tmp_path / "a.parquet")
    left_out = write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    assert left_out == ["first", "second", "third", "fourth"]
    assert (tmp_path / "a.csv").read_text() == '"id"\n"a"\n'


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_are_written_as_pandas_does(unit: Any) -> None:
    values = [0, 1, -1, 86_400, -2, 999, 1000, 1001, 10**6 + 1, 10**9 + 1, 10**12 - 1]
    cells = as_cells(pa.array([*values, None], pa.duration(unit)), pa.field("x", pa.null()))
    assert cells.to_pylist() == [*(str(pd.Timedelta(value, unit)) for value in values), None]


def test_bytes_of_an_unknown_type_are_left_out_of_the_csv(tmp_path: Path) -> None:
    column = pa.ExtensionArray.from_storage(Opaque(), pa.array([b"\xff\x00", None], pa.binary(2)))
    table, cells, left_out = through_csv(tmp_path, column)
    assert table.schema.field("x").metadata[b"ARROW:extension:name"] == b"inventor.opaque"
    assert cells == ["", ""]
    assert left_out == ["x"]


def test_an_interval_of_parquet_keeps_its_meaning(tmp_path: Path) -> None:
    # Arrow writes no INTERVAL: the bytes of one are written, and read with the name of the type.
    value = b"".join(part.to_bytes(4, "little") for part in (1, 2, 3500))
    metadata = {b"ARROW:extension:name": INTERVAL.encode()}
    field = pa.field("x", pa.binary(12), metadata=metadata)
    pq.write_table(pa.table([[value, None]], schema=pa.schema([field])), tmp_path / "a.parquet")
    write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == '"x"\n"P1M2DT3.5S"\n\n'
