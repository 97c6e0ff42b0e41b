"""Tables in the formats found in practice."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import REAL_TABLES
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs import csv_reading, reading
from thumbnail_tasks.inputs.columns import column_named
from thumbnail_tasks.inputs.files import find_files


def read(*files: Path, format: str = "auto") -> pa.Table:
    schema = reading.read_schema(files, format)
    return pa.Table.from_batches(reading.read_batches(files, format, schema), schema)


def csv_file(folder: Path, text: str, name: str = "videos.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_delimiters_line_ends_and_quotes_are_recognised(
    tmp_path: Path, delimiter: str, end: str
) -> None:
    text = f'video_id,title{end}a,"one{end}two, ""three"""{end}b,{end}'.replace(",", delimiter)
    table = read(csv_file(tmp_path, text))
    assert table["title"].to_pylist() == [f'one{end}two{delimiter} "three"', ""]


def test_a_stray_carriage_return_ends_no_row(tmp_path: Path) -> None:
    table = read(csv_file(tmp_path, "video_id,title\r\na,one\rtwo\r\nb,\r three\r\n"))
    assert table["title"].to_pylist() == ["one\rtwo", "\r three"]


def test_a_stray_carriage_return_at_a_blocks_end_ends_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reading, "_BLOCK_BYTES", 64)
    rows = [f"a{i},{'x' * (i % 7)}\r{'y' * (i % 5)}" for i in range(200)]
    table = read(csv_file(tmp_path, "\r\n".join(["video_id,title", *rows])))
    assert table["title"].to_pylist() == [row.partition(",")[2] for row in rows]


def test_a_byte_order_mark_an_index_and_a_space_in_the_header_are_removed(tmp_path: Path) -> None:
    table = read(csv_file(tmp_path, "\ufeff,thumbnail_link ,description \n0,http://a/b.jpg,c\n"))
    assert table.column_names == ["Unnamed: 0", "thumbnail_link ", "description "]
    assert column_named(table.schema, "description") == "description "


def test_a_column_is_typed_only_where_nothing_is_lost(tmp_path: Path) -> None:
    header = "video_id,views,code,day,score,shown,empty,price"
    rows = ["1,10,007,17.14.11,1.5,True,,1.10", "2,,7,17.15.11,2.25,False,,2"]
    table = read(csv_file(tmp_path, "\n".join([header, *rows])))
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "video_id": "string",
        "views": "int64",
        "code": "string",
        "day": "string",
        "score": "double",
        "shown": "bool",
        "empty": "string",
        "price": "string",
    }
    assert table["views"].to_pylist() == [10, None]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    first = csv_file(tmp_path, "video_id,views\na,1\n", "us.csv")
    second = csv_file(tmp_path, "views;video_id;likes\nmany;b;2\n", "gb.csv")
    table = read(first, second)
    assert table.to_pydict() == {
        "video_id": ["a", "b"],
        "views": ["1", "many"],
        "likes": [None, 2],
    }


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table({"video_id": ["a"], "tags": [["x", "y"]], "views": pa.array([1], pa.int16())})
    pq.write_table(table, tmp_path / "videos.parquet")
    assert read(tmp_path / "videos.parquet").equals(table)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty one"),
        (b" \n\n", "found an empty one"),
        (b"\x7fELF\x00\x01", "found a binary file"),
        ("video_id,title\n".encode("utf-16"), "found UTF-16"),
        (b"key,url\n1,2\n", "no column 'thumbnail_link' or 'video_id'"),
        (b"video_id~title\na|b\n", "found: video_id~title"),
        (b"video_id,title\na\n", "with 2 cells in each row"),
        (b"video_id,title\na,\xff\xfe\n", "UTF-8"),
        (b"video_id,video_id\na,b\n", "occurs more than once"),
        (b"PAR1 and then nothing", "expected a Parquet file"),
    ],
)
def test_a_file_that_is_no_table_is_reported(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "videos.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path}.*{said.replace('|', '.')}"):
        read(path)


def test_lists_and_texts_do_not_mix(tmp_path: Path) -> None:
    pq.write_table(pa.table({"video_id": ["a"], "tags": [["x"]]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"b\.csv: column 'tags' is string here and list"):
        read(tmp_path / "a.parquet", csv_file(tmp_path, "video_id,tags\nb,y\n", "b.csv"))


def test_a_csv_read_as_parquet_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a Parquet file"):
        read(csv_file(tmp_path, "video_id\na\n"), format="parquet")


def test_files_are_found_by_name_glob_and_list(tmp_path: Path) -> None:
    for name in ("us.csv", "gb.csv", "a,b.csv"):
        csv_file(tmp_path, "video_id\na\n", name)
    assert find_files(f"{tmp_path}/[ug]?.csv") == [tmp_path / "gb.csv", tmp_path / "us.csv"]
    both = f"{tmp_path}/us.csv,{tmp_path}/gb.csv"
    assert find_files(both) == [tmp_path / "us.csv", tmp_path / "gb.csv"]
    assert find_files(f"{tmp_path}/a,b.csv") == [tmp_path / "a,b.csv"]


@pytest.mark.parametrize(
    ("videos", "said"), [("no.csv", "no such file"), ("no/*.csv", "no such file")]
)
def test_a_pattern_without_files_is_reported(videos: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_files(videos)


@pytest.mark.parametrize(("name", "n_rows"), REAL_TABLES.items())
def test_no_row_of_a_real_table_is_lost(shared_data: Path, name: str, n_rows: int) -> None:
    assert len(read(shared_data / "videos" / name)) == n_rows
