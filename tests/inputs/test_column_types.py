"""Columns of several files get the narrowest type that holds every value."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import csv_file, read
from thumbnail_tasks.inputs.column_types import AS_PYTHON

LATE = datetime.datetime(9999, 12, 31, 23, 59, 59)
EARLY = datetime.datetime(1, 1, 1)
NOW = datetime.datetime(2026, 11, 28, 12, 30)


def months(folder: Path, *arrays: pa.Array) -> list[Path]:
    """A Parquet file for each array, which is its column ``x``."""
    paths = []
    for number, array in enumerate(arrays):
        paths.append(folder / f"{number}.parquet")
        ids = [f"a{number}-{row}" for row in range(len(array))]
        pq.write_table(pa.table({"video_id": ids, "x": array}), paths[-1])
    return paths


@pytest.mark.parametrize(
    ("first", "second", "dtype"),
    [
        (pa.array([1, 2]), pa.array([1.5, None]), pa.float64()),
        (pa.array([1.5]), pa.array([2], pa.int32()), pa.float64()),
        (pa.array([57527]), pa.nulls(1), pa.int64()),
        (pa.nulls(1), pa.array(["x"]), pa.string()),
        (pa.array([True]), pa.nulls(1), pa.bool_()),
        (pa.array([1], pa.int8()), pa.array([2], pa.uint16()), pa.int32()),
        (pa.array([2**40], pa.uint64()), pa.array([-1]), pa.int64()),
        (pa.array([float("nan")], pa.float32()), pa.array([0.1]), pa.float64()),
        (
            pa.array([NOW], pa.timestamp("us")),
            pa.array([NOW], pa.timestamp("ns")),
            pa.timestamp("ns"),
        ),
        (
            pa.array([LATE], pa.timestamp("us")),
            pa.array([NOW], pa.timestamp("ns")),
            pa.timestamp("us"),
        ),
        (
            pa.array([NOW], pa.timestamp("s")),
            pa.array([LATE], pa.timestamp("ms")),
            pa.timestamp("ms"),
        ),
        (pa.array([Decimal("1.10")]), pa.array([Decimal("22.125")]), pa.decimal128(5, 3)),
        (pa.array(["a"]).dictionary_encode(), pa.array(["b"]), pa.string()),
        (pa.array(["a"]), pa.array(["b"], pa.large_string()), pa.large_string()),
        (pa.array([[1]], pa.list_(pa.int32())), pa.array([[2**40]]), pa.list_(pa.int64())),
        (pa.array([[]], pa.list_(pa.null())), pa.array([["x"]]), pa.list_(pa.string())),
    ],
    ids=str,
)
def test_columns_of_parquet_files_keep_their_values(
    tmp_path: Path, first: pa.Array, second: pa.Array, dtype: pa.DataType
) -> None:
    values = pa.array(first.to_pylist() + second.to_pylist(), dtype)
    for order in (1, -1):
        column = read(*months(tmp_path, first, second)[::order])["x"]
        assert column.type == dtype
        assert sorted(map(repr, column.to_pylist())) == sorted(map(repr, values.to_pylist()))


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        (pa.array([2**53 + 1]), pa.array([0.5]), ["9007199254740993", "0.5"]),
        (pa.array([2**63], pa.uint64()), pa.array([-1]), ["9223372036854775808", "-1"]),
        (pa.array([True]), pa.array([1]), ["True", "1"]),
        (
            pa.array([datetime.date(2020, 8, 1)]),
            pa.array([NOW]),
            ["2020-08-01", "2026-11-28 12:30:00.000000"],
        ),
        (
            pa.array([LATE], pa.timestamp("us")),
            pa.array([1], pa.timestamp("ns")),
            ["9999-12-31 23:59:59.000000", "1970-01-01 00:00:00.000000001"],
        ),
    ],
    ids=str,
)
def test_what_no_other_type_holds_becomes_text(
    tmp_path: Path, first: pa.Array, second: pa.Array, texts: list[str]
) -> None:
    assert read(*months(tmp_path, first, second))["x"].to_pylist() == texts


def test_csv_and_parquet_files_have_one_type(tmp_path: Path) -> None:
    (parquet,) = months(tmp_path, pa.array([1.5]))
    assert read(parquet, csv_file(tmp_path, "video_id,x\na,2\n"))["x"].to_pylist() == [1.5, 2.0]
    assert read(parquet, csv_file(tmp_path, "video_id,x\na,\n"))["x"].to_pylist() == [1.5, None]
    assert read(parquet, csv_file(tmp_path, "video_id,x\na,007\n"))["x"].to_pylist() == [
        "1.5",
        "007",
    ]


@pytest.mark.parametrize(
    ("cells", "values", "metadata"),
    [
        (["57527.0", "0.5", ""], [57527.0, 0.5, None], AS_PYTHON),
        (["9.776509004164792e-05", "1e+16"], [9.776509004164792e-05, 1e16], AS_PYTHON),
        (["1.5", "2.25"], [1.5, 2.25], None),
        (["1", "2.5"], [1.0, 2.5], None),
        (["1", "2.0"], ["1", "2.0"], None),
        (["1.10", "2.0"], ["1.10", "2.0"], None),
        (["nan", "1.0"], ["nan", "1.0"], AS_PYTHON),
        (["1E5", "2.0"], ["1E5", "2.0"], None),
        (["-0.0", "1.0"], [-0.0, 1.0], AS_PYTHON),
    ],
)
def test_cells_become_numbers_where_the_same_text_is_written_back(
    tmp_path: Path, cells: list[str], values: list[Any], metadata: dict[bytes, bytes] | None
) -> None:
    rows = [f"a{number},{cell}" for number, cell in enumerate(cells)]
    table = read(csv_file(tmp_path, "\n".join(["video_id,x", *rows, ""])))
    if values[0] == "nan":
        assert str(table["x"].to_pylist()) == "[nan, 1.0]"
    else:
        assert table["x"].to_pylist() == values
    assert table.schema.field("x").metadata == metadata


def int96(path: Path, *values: datetime.datetime, nanosecond: int = 0) -> Path:
    array = pa.array(values, pa.timestamp("us"))
    if nanosecond:
        array = pa.array(array.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy() + nanosecond)
        array = array.cast(pa.timestamp("ns"))
    table = pa.table(
        {"video_id": ["a"] * len(values), "x": array, "y": pa.array([[x] for x in array])}
    )
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    return path


def test_int96_holds_any_year_or_nanoseconds(tmp_path: Path) -> None:
    late = read(int96(tmp_path / "late.parquet", LATE, NOW, EARLY))
    assert late["x"].to_pylist() == [LATE, NOW, EARLY]
    assert late["y"].to_pylist() == [[LATE], [NOW], [EARLY]]
    fine = read(int96(tmp_path / "fine.parquet", NOW, nanosecond=7))
    assert fine["x"].type == pa.timestamp("ns")
    assert fine["x"].cast(pa.int64()).to_pylist()[0] % 1000 == 7
