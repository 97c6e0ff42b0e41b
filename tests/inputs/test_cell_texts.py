"""Types with a meaning of their own are readable in the CSV."""

import csv
import datetime
import uuid
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import read
from thumbnail_tasks.export.spreadsheet_csv import write_csv
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
    left_out = write_csv(folder / "out.parquet", folder / "out.csv")
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
    write_csv(tmp_path / "a.parquet", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == '"x"\n"P1M2DT3.5S"\n\n'
