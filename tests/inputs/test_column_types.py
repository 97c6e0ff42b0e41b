"""Columns of several files get the narrowest type that holds every value."""

import datetime
import re
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tests.inputs.test_reading import csv_file, read
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.cell_texts import as_texts
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


def periods(frequency: str, *texts: str) -> pa.Array:
    return pa.array(pd.PeriodIndex(texts, freq=frequency))


def interval(closed: Any, left: float = 0) -> pa.Array:
    return pa.array(pd.IntervalIndex.from_tuples([(left, 1)], closed=closed))


def types_of(value: object) -> str:
    """The name of an example: the types of its arrays, and the cells of its CSVs."""
    if not isinstance(value, list):
        return str(value or "")
    return "+".join(str(getattr(part, "type", part)) for part in value)


KEY = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")
DAY = datetime.timedelta(days=1)
TRUE8 = pa.array([1], pa.int8()).cast(pa.bool8())
MARS, UTC = (pa.array([NOW], pa.timestamp("us", zone)) for zone in ("Mars/Base", "UTC"))
WIDE = pa.array([Decimal(5)], pa.decimal256(76, 0))
FINE = pa.array([Decimal("1.5")], pa.decimal128(38, 37))


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        ([periods("M", "2024-03"), "2024-04"], ["2024-03", "2024-04"]),
        ([periods("M", "2024-03"), "650"], ["2024-03", "650"]),
        ([periods("M", "2024-03"), pa.array(["x"])], ["2024-03", "x"]),
        ([periods("M", "2024-03"), pa.array([650])], ["2024-03", "650"]),
        ([periods("M", "2024-03"), periods("D", "2024-03-01")], ["2024-03", "2024-03-01"]),
        (
            [pa.array([DAY], pa.duration("s")), pa.array([DAY], pa.duration("ns")), "1 day"],
            ["1 days 00:00:00", "1 days 00:00:00", "1 day"],
        ),
        ([pa.array([DAY], pa.duration("s")), pa.array([5])], ["1 days 00:00:00", "5"]),
        (
            [pa.array([10**12], pa.duration("s")), pa.array([1], pa.duration("ns"))],
            ["11574074 days 01:46:40", "0 days 00:00:00.000000001"],
        ),
        ([pa.array([KEY.bytes], pa.uuid()), "x"], [str(KEY), "x"]),
        ([pa.array([KEY.bytes], pa.uuid()), pa.array(["x"])], [str(KEY), "x"]),
        ([TRUE8, pa.array([7])], ["True", "7"]),
        ([interval("right"), "x"], ["(0, 1]", "x"]),
        ([interval("right"), pa.array(["x"])], ["(0, 1]", "x"]),
        ([interval("left"), interval("right")], ["[0, 1)", "(0, 1]"]),
        ([interval("left"), interval("left", 0.5)], ["[0, 1)", "[0.5, 1)"]),
        ([MARS, "x"], ["2026-11-28 12:30:00.000000Z", "x"]),
        ([MARS, UTC], ["2026-11-28 12:30:00.000000Z"] * 2),
        ([WIDE, FINE], ["5", f"1.5{'0' * 36}"]),
        ([WIDE, FINE, "x"], ["5", f"1.5{'0' * 36}", "x"]),
        ([pa.array([Decimal("1.5")], pa.decimal256(76, 70)), pa.array([2**40])], None),
        ([pa.array([b"a"]), pa.array([1])], ["a", "1"]),
        ([pa.array([0.1], pa.float32()), "x"], ["0.1", "x"]),
        ([pa.array([NOW.time()], pa.time32("ms")), "x"], ["12:30:00.000", "x"]),
    ],
    ids=types_of,
)
def test_values_become_the_text_that_the_csv_has(
    tmp_path: Path, parts: list[pa.Array | str], texts: list[str] | None
) -> None:
    files = mixed(tmp_path, *parts)
    for order in (1, -1):
        column = read(*files[::order])["x"]
        assert column.type == pa.string()
        assert texts is None or column.to_pylist() == texts[::order]
    alone = [part for part in parts if not isinstance(part, str)]
    for part, text in zip(alone, texts or [], strict=False):
        assert as_texts(part, pa.field("x", part.type)).to_pylist() == [text]


def mixed(folder: Path, *parts: pa.Array | str) -> list[Path]:
    """A Parquet file for each array, and a CSV for each text, its only cell."""
    paths = []
    for number, part in enumerate(parts):
        if isinstance(part, str):
            text = f"video_id,x\na,{part}\n"
            paths.append(csv_file(folder, text, f"{number}.csv"))
        else:
            paths.append(months(folder, part)[0].rename(folder / f"part{number}.parquet"))
    return paths


@pytest.mark.parametrize(
    ("parts", "dtype"),
    [
        ([pa.array([DAY], pa.duration("s")), pa.array([DAY], pa.duration("ns"))], "duration[ns]"),
        ([pa.array([10**12], pa.duration("s")), pa.array([0], pa.duration("ns"))], "duration[us]"),
        ([TRUE8, pa.array([True])], "bool"),
        ([TRUE8, "False"], "bool"),
        ([TRUE8, TRUE8], "extension<arrow.bool8>"),
        ([pa.array(["{}"]).cast(pa.json_()), pa.array(["x"])], "string"),
    ],
    ids=types_of,
)
def test_types_that_mean_the_same_become_one(
    tmp_path: Path, parts: list[pa.Array | str], dtype: str
) -> None:
    for order in (1, -1):
        assert str(read(*mixed(tmp_path, *parts)[::order])["x"].type) == dtype


@pytest.mark.parametrize(
    "values",
    [
        pa.array([["a"]]),
        pa.array([[1.5, 2]], pa.list_(pa.float32(), 2)),
        pa.array([{"a": 1}]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([1]),
        pa.array([Decimal("1.5")]),
        pa.array([b"\xff"]),
        UTC,
        periods("M", "2024-03"),
        interval("left"),
        pa.array([KEY.bytes], pa.uuid()),
        TRUE8,
    ],
    ids=lambda array: str(array.type),
)
@pytest.mark.parametrize(
    "nothing",
    ["", pa.nulls(1), pa.nulls(1, pa.string()), pa.nulls(1, pa.float64()), None],
    ids=["csv", "null", "string", "double", "json"],
)
def test_a_column_without_a_value_does_not_decide_on_the_type(
    tmp_path: Path, values: pa.Array, nothing: pa.Array | str | None
) -> None:
    if nothing is None:
        other = csv_file(tmp_path, '{"video_id": "b", "x": null}\n', "b.json")
    else:
        (other,) = mixed(tmp_path, nothing)
    (path,) = months(tmp_path, values)
    for files in ([path, other], [other, path]):
        column = read(*files)["x"]
        assert column.type == values.type
        assert column.drop_null().combine_chunks().equals(values)
        assert column.null_count == 1


@pytest.mark.parametrize(
    ("cell", "value"), [("5", 5), ("1.5", 1.5), ("True", True), ("007", "007"), ("", None)]
)
@pytest.mark.parametrize("nothing", [pa.nulls(1), pa.nulls(1, pa.string()), MARS[:0]], ids=str)
def test_cells_of_a_csv_decide_beside_a_file_without_a_value(
    tmp_path: Path, cell: str, value: object, nothing: pa.Array
) -> None:
    json = csv_file(tmp_path, '{"video_id": "b", "x": null}\n', "b.json")
    column = read(*mixed(tmp_path, cell, nothing), json)["x"]
    assert [each for each in column.to_pylist() if each] == [value] * (value is not None)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (pa.array([["a"]]), pa.array(["b"]), "is string here and list<element: string> in another"),
        (
            pa.StructArray.from_arrays([periods("M", "2024-03")], ["p"]),
            pa.StructArray.from_arrays([periods("D", "2024-03-01")], ["p"]),
            'of pandas.period {"freq": "D"} here and',
        ),
        (pa.array([b"\xff"]), pa.array([1]), "Invalid UTF8 payload; give it one type in all files"),
    ],
    ids=str,
)
def test_what_is_no_text_is_refused_with_a_remedy(
    tmp_path: Path, first: pa.Array, second: pa.Array, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        read(*months(tmp_path, first, second))
    assert "give it one type" in str(refused.value)


def test_a_column_that_is_never_null_may_be_missing_in_another_file(tmp_path: Path) -> None:
    (other,) = months(tmp_path, pa.array([1]))
    schema = pa.schema([("video_id", pa.string()), pa.field("y", pa.int64(), nullable=False)])
    pq.write_table(pa.table([["a"], [5]], schema=schema), tmp_path / "a.parquet")
    table = read(tmp_path / "a.parquet", other)
    pq.write_table(table, tmp_path / "all.parquet")
    assert table["y"].to_pylist() == [5, None]


def test_types_keep_their_meaning_where_pandas_has_not_registered_them(tmp_path: Path) -> None:
    files = mixed(tmp_path, periods("M", "2024-03", "2024-04"), periods("D", "2024-03-01"))
    (tmp_path / "more").mkdir()
    files += mixed(tmp_path / "more", interval("left"))
    code = (
        "import sys; from pathlib import Path; from tests.inputs.test_reading import read; "
        "paths = [Path(name) for name in sys.argv[1:]]; "
        "print(read(paths[0])['x'].type, read(*paths)['x'].to_pylist())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed == "int64 ['2024-03', '2024-04', '2024-03-01', '[0, 1)']\n"


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
