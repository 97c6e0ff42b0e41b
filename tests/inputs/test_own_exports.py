"""An export of ours, given back as input, is the table that it was made from."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import read
from thumbnail_tasks import schemas
from thumbnail_tasks.export.spreadsheet_csv import write_csv

TITLES = (
    *("=1+1", "'=1+1", "''=1", "+100 days", "-1", "-abc", "'-abc", "@handle", "@SUM(1)", "'tis"),
    *("'", "", "\t=1", "two\nlines", "=two\nlines", "СРОЧНО", " =1", "\u200b=1", "\uff1d1"),
)

VIDEOS = pa.table(
    {
        "video_id": [f"-b{number:09}" for number in range(len(TITLES))],
        "=title": TITLES,
        "'=title": TITLES[::-1],
        "title": TITLES,
        "views": list(range(-3, len(TITLES) - 3)),
        "score": [number / 7 for number in range(len(TITLES))],
    }
)


def export_of(videos: pa.Table) -> pa.Table:
    attributes = schemas.attributes(width=2, has_objects=True)
    nulls = [pa.nulls(len(videos), field.type) for field in attributes]
    return pa.table([*videos.columns, *nulls], schema=pa.schema([*videos.schema, *attributes]))


@pytest.mark.parametrize("n_times", [1, 3])
def test_the_csv_given_back_has_the_values_of_the_input(tmp_path: Path, n_times: int) -> None:
    parquet, path = tmp_path / "attributes.parquet", tmp_path / "attributes.csv"
    table = VIDEOS
    for _ in range(n_times):
        pq.write_table(export_of(table), parquet)
        export = pq.ParquetFile(parquet)
        write_csv(export, path, without=frozenset({"thumbnail_ocr_embed"}))
        table = read(path)
    assert table.column_names == VIDEOS.column_names
    assert table.to_pylist() == VIDEOS.to_pylist()


def test_the_parquet_given_back_has_the_values_of_the_input(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "attributes.parquet"
    pq.write_table(export_of(VIDEOS), path)
    assert read(path).equals(VIDEOS)
    assert "an export of this package: its columns thumbnail_id to" in caplog.text


def test_a_table_that_is_no_export_keeps_its_apostrophes(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("video_id", "title"), ("a", "'=1"), ("b", "'-abc")])
    assert read(path)["title"].to_pylist() == ["'=1", "'-abc"]
