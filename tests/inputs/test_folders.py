"""Folders as tables, as Spark, Hive and DuckDB write them: their files and their columns."""

import gzip
import logging
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import csv_file
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.files import digest_files, find_files
from thumbnail_tasks.inputs.reading import read_batches, read_schema


def read(videos: str) -> pa.Table:
    files = find_files(videos)
    schema = read_schema(files, "auto")
    return pa.Table.from_batches(read_batches(files, "auto", schema), schema)


def write(path: Path, *ids: str, **columns: str | int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"video_id": list(ids), **{k: [v] * len(ids) for k, v in columns.items()}})
    pq.write_table(table, path)


@pytest.fixture
def spark(tmp_path: Path) -> Path:
    """A table as Spark writes it, partitioned by country and month."""
    folder = tmp_path / "videos.parquet"
    write(folder / "country=US/month=1/part-00000-a.c000.snappy.parquet", "a", "b")
    write(folder / "country=MX/month=12/part-00000-b.c000.snappy.parquet", "c")
    write(folder / "country=__HIVE_DEFAULT_PARTITION__/month=2/part-0.parquet", "d")
    write(folder / "country=Cura%C3%A7ao %2F B/month=2/part-0.parquet", "e")
    (folder / "_SUCCESS").touch()
    (folder / "country=US/month=1/.part-00000-a.c000.snappy.parquet.crc").write_bytes(b"crc")
    (folder / "_spark_metadata").mkdir()
    (folder / "_spark_metadata/0").write_text("v1")
    return folder


EXPECTED = [
    {"video_id": "a", "country": "US", "month": 1},
    {"video_id": "b", "country": "US", "month": 1},
    {"video_id": "c", "country": "MX", "month": 12},
    {"video_id": "d", "country": None, "month": 2},
    {"video_id": "e", "country": "Curaçao / B", "month": 2},
]


@pytest.mark.parametrize(
    "videos", ["{}", "{}/", "{}/*/*/*.parquet", "{}/**/*.parquet", "{}/country=*"]
)
def test_a_partitioned_folder_is_a_table_with_the_columns_of_its_folders(
    spark: Path, videos: str
) -> None:
    table = read(videos.format(spark))
    assert table.sort_by("video_id").to_pylist() == EXPECTED
    assert str(table.schema.field("month").type) == "int64"


def test_a_list_of_partitions_has_their_columns(spark: Path) -> None:
    table = read(f"{spark}/country=US,{spark}/country=MX/month=12/part-00000-b.c000.snappy.parquet")
    assert table["country"].to_pylist() == ["US", "US", "MX"]


def test_other_folder_names_are_another_table(spark: Path) -> None:
    before = digest_files(find_files(str(spark)), "auto")
    (spark / "country=MX").rename(spark / "country=BR")
    assert digest_files(find_files(str(spark)), "auto") != before


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "2"], "int64"),
        (["01", "02"], "string"),
        (["2026-01-31", "2026-02-28"], "string"),
        (["1.50", "2"], "string"),
        (["True", "False"], "bool"),
        (["a=b", "c"], "string"),
        (["", "x"], "string"),
    ],
)
def test_values_of_folders_have_the_type_that_loses_nothing(
    tmp_path: Path, values: list[str], dtype: str
) -> None:
    for number, value in enumerate(values):
        write(tmp_path / f"t/key={value}/{number}.parquet", str(number))
    table = read(str(tmp_path / "t"))
    assert str(table.schema.field("key").type) == dtype
    assert [str(value) for value in table.sort_by("video_id")["key"].to_pylist()] == values


def test_a_file_with_the_column_of_its_folder_keeps_its_own(tmp_path: Path) -> None:
    write(tmp_path / "year=2024/month=01/a.parquet", "a", year=2024, month=1)
    assert read(str(tmp_path)).to_pylist() == [{"video_id": "a", "year": 2024, "month": 1}]


def test_a_file_that_contradicts_its_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "country=US/a.parquet", "a", country="MX")
    with pytest.raises(InputError, match=r"a.parquet: column 'country': expected US, as its"):
        read(str(tmp_path))


def test_files_without_the_folder_have_null_there(tmp_path: Path) -> None:
    write(tmp_path / "country=US/a.parquet", "a")
    write(tmp_path / "b.parquet", "b")
    table = read(str(tmp_path)).sort_by("video_id")
    assert table["country"].to_pylist() == ["US", None]


def test_a_folder_of_packed_csvs_is_a_table(tmp_path: Path) -> None:
    for country in ("US", "MX"):
        path = tmp_path / f"videos/country={country}/part-00000.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(f"video_id,views\n{country}1,5\n".encode()))
    rows = read(str(tmp_path / "videos")).to_pylist()
    assert rows == [
        {"video_id": "MX1", "views": 5, "country": "MX"},
        {"video_id": "US1", "views": 5, "country": "US"},
    ]


def test_hives_files_without_a_suffix_are_read(tmp_path: Path) -> None:
    write(tmp_path / "country=US/000000_0", "a")
    assert read(str(tmp_path)).to_pylist() == [{"video_id": "a", "country": "US"}]


def test_a_folder_of_months_is_read_whole_and_other_files_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "2026").mkdir()
    csv_file(tmp_path, "video_id\na\n", "01.csv")
    csv_file(tmp_path / "2026", "video_id\nb\n", "02.csv")
    csv_file(tmp_path, "read me", "README.md")
    with caplog.at_level(logging.WARNING):
        assert read(str(tmp_path))["video_id"].to_pylist() == ["a", "b"]
    assert "not used: README.md" in caplog.text


def test_a_folder_of_two_formats_is_refused_with_a_pattern(tmp_path: Path) -> None:
    csv_file(tmp_path, "video_id\na\n", "USvideos.csv")
    csv_file(tmp_path, "{}", "US_category_id.json")
    with pytest.raises(InputError, match=r"found 1 \*\.csv, 1 \*\.json.*--videos '.*/\*\.csv'"):
        find_files(str(tmp_path))


def test_a_folder_that_spark_is_writing_is_refused(spark: Path) -> None:
    (spark / "_temporary/0").mkdir(parents=True)
    with pytest.raises(InputError, match=r"expected a finished table; found .*_temporary"):
        find_files(str(spark))


def test_a_glob_that_matches_folders_takes_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    csv_file(tmp_path / "2026", "video_id\na\n", "a.csv")
    assert read(f"{tmp_path}/**")["video_id"].to_pylist() == ["a"]


def test_folders_behind_links_are_read_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    csv_file(elsewhere, "video_id\nb\n", "b.csv")
    folder = tmp_path / "videos"
    folder.mkdir()
    csv_file(folder, "video_id\na\n", "a.csv")
    (folder / "march").symlink_to(elsewhere)
    (folder / "again").symlink_to(folder)
    assert read(str(folder))["video_id"].to_pylist() == ["a", "b"]


def test_a_pipe_in_a_folder_does_not_block(tmp_path: Path) -> None:
    csv_file(tmp_path, "video_id\na\n", "a.csv")
    os.mkfifo(tmp_path / "pipe")
    assert find_files(str(tmp_path)) == [tmp_path / "a.csv"]
    os.mkfifo(tmp_path / "b.csv")
    with pytest.raises(InputError, match=r"b\.csv: expected .*found a pipe or a device"):
        find_files(str(tmp_path))


@pytest.mark.parametrize("name", ["_delta_log", ".hoodie"])
def test_a_folder_with_replaced_files_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "part-0.parquet", "a")
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=re.escape(f"({name}), some of whose files")):
        find_files(str(tmp_path))


@pytest.mark.parametrize(
    ("folder", "columns"),
    [
        ("Country=US", {"country": "DE"}),
        ("country=__HIVE_DEFAULT_PARTITION__", {"country": "DE"}),
        ("year=2024", {"year": 2023}),
        ("country=US/country=DE", {}),
    ],
)
def test_a_folder_that_says_something_else_than_its_file_is_refused(
    tmp_path: Path, folder: str, columns: dict[str, str | int]
) -> None:
    write(tmp_path / folder / "a.parquet", "a", **columns)
    with pytest.raises(InputError, match=r"a\.parquet: .*expected"):
        read(str(tmp_path))


def test_a_folders_name_that_is_no_utf8_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "key=100%FF/a.parquet", "a")
    assert read(str(tmp_path))["key"].to_pylist() == ["100%FF"]


def test_a_table_that_is_named_twice_is_read_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.csv").write_text("video_id\nx\n")
    (tmp_path / "b.csv").write_text("video_id\ny\n")
    files = find_files(f"{tmp_path}/*.csv,{tmp_path}/b.csv")
    assert files == [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert f"named several times, read once: {tmp_path}/b.csv" in caplog.text


@pytest.mark.parametrize("pattern", ["", "/*.csv", "/part-00000.csv,{folder}/part-00001.csv"])
def test_an_empty_part_has_no_rows(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "part-00000.csv").touch()  # of a partition without rows
    (tmp_path / "part-00001.csv").write_text("video_id\nx\n")
    videos = f"{tmp_path}{pattern.format(folder=tmp_path)}"
    assert read(videos).to_pylist() == [{"video_id": "x"}]


def test_a_folder_of_empty_parts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part-00000.csv").touch()
    with pytest.raises(InputError, match=r"part-00000.csv: expected .* found an empty one"):
        read(str(tmp_path))
