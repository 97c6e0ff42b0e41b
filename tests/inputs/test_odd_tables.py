"""Odd tables: all rows in order with unchanged cells, or a one-line error."""

import csv
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.identified import join, want
from tests.odd_tables import NoTable, OddCsv, OddParquet, no_tables, odd_csvs, odd_parquets
from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.inputs import reading
from thumbnail_tasks.inputs.files import find_files
from thumbnail_tasks.inputs.picture_folders import Picture
from thumbnail_tasks.stages.videos import ReadVideos
from thumbnail_tasks.stages.vocabulary import build_vocabulary
from thumbnail_tasks.storage.parquet_target import ParquetTarget

CSVS, PARQUETS, NO_TABLES = odd_csvs(), odd_parquets(), no_tables()
WITH_ROWS: list[OddCsv | OddParquet] = [*CSVS, *PARQUETS]


def names_of(odd: Sequence[OddCsv | OddParquet | NoTable]) -> list[str]:
    return [f"{type(one).__name__}-{one.name}" for one in odd]


def read(*files: Path | str) -> pa.Table:
    """The output of ReadVideos for these files."""
    folder = Path(files[0]).parent
    task = ReadVideos(data_dir=str(folder / "data"), videos=",".join(map(str, files)))
    task.run()
    return task.output().read()


@pytest.fixture
def large_cells() -> Iterator[None]:
    """Let Python's CSV reader accept cells of 10 MB."""
    before = csv.field_size_limit(20_000_000)
    yield
    csv.field_size_limit(before)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    return tmp_path / "videos.csv"


def is_harmless(cell: str) -> bool:
    """Whether no spreadsheet runs or splits a cell; not the package's implementation."""
    if re.fullmatch(r"[-+@][\w.-]*", cell, re.ASCII):
        return True  # an id or a number, which calls nothing
    seen = next((char for char in cell if unicodedata.category(char)[0] not in "ZC"), "")
    return unicodedata.normalize("NFKC", seen) not in tuple("=+-@") and cell[:1] not in tuple(
        "\t\r\n"
    )


@pytest.mark.parametrize("odd", CSVS, ids=names_of(CSVS))
def test_every_cell_of_a_csv_is_unchanged(videos: Path, odd: OddCsv) -> None:
    videos.write_bytes(odd.data)
    table = read(videos)
    assert table.column_names == odd.header
    columns = [[_text(cell) for cell in column.to_pylist()] for column in table.columns]
    assert [list(row) for row in zip(*columns, strict=True)] == odd.rows


def _text(cell: object) -> str:
    """A cell as Arrow writes it."""
    if isinstance(cell, bool) or cell is None:
        return {None: "", True: "True", False: "False"}[cell]
    return str(pa.scalar(cell).cast(pa.string()).as_py())


@pytest.mark.parametrize("odd", PARQUETS, ids=names_of(PARQUETS))
def test_a_parquet_file_is_unchanged(videos: Path, odd: OddParquet) -> None:
    videos.write_bytes(odd.data)
    table = read(videos)
    assert table.schema.names == odd.table.schema.names
    for name in table.schema.names:
        one, other = _plain(table[name]), _plain(odd.table[name])
        assert one.type == other.type
        assert one.equals(other) or str(one) == str(other), name  # nan is not equal to itself


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; a dictionary may have another order."""
    whole = column.combine_chunks()
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


@pytest.mark.usefixtures("large_cells")
@pytest.mark.parametrize("odd", WITH_ROWS, ids=names_of(WITH_ROWS))
@pytest.mark.parametrize("pictures", [None, {"a": Picture("a.jpg", "1-1")}], ids=["web", "folder"])
def test_the_export_has_the_same_rows_and_is_harmless(
    videos: Path, tmp_path: Path, odd: OddCsv | OddParquet, pictures: dict[str, Picture] | None
) -> None:
    videos.write_bytes(odd.data)
    table = read(videos)
    wanted = want(table, pictures)
    build_vocabulary([table])
    (batch,) = table.combine_chunks().to_batches()
    known = [{"thumbnail_id": name, "thumbnail_status": "ok"} for name in wanted[0].to_pylist()]
    attributes = pa.Table.from_pylist(known, schemas.attributes(2))
    joined = join(batch, attributes, from_folder=pictures is not None)
    assert len(joined) == len(table)
    assert joined["thumbnail_status"].null_count == 0
    ParquetTarget(str(tmp_path / "attributes.parquet")).write(joined)
    write_csv(pq.ParquetFile(tmp_path / "attributes.parquet"), tmp_path / "attributes.csv")

    with (tmp_path / "attributes.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert [name.removeprefix("'") for name in header] == joined.column_names
    assert len(rows) == len(table)
    for number, name in enumerate(header):
        cells = [row[number] for row in rows]
        dtype = joined.schema.field(number).type
        if pa.types.is_dictionary(dtype):
            dtype = dtype.value_type
        if pa.types.is_primitive(dtype) and not pa.types.is_temporal(dtype):
            assert not any(cell.startswith("'") for cell in cells), name  # numbers stay numbers
        elif not pa.types.is_duration(dtype) and not pa.types.is_decimal(dtype):
            assert all(map(is_harmless, (name, *cells))), name
        if pa.types.is_string(dtype):
            texts = [text or "" for text in joined.column(number).to_pylist()]
            assert [cell.removeprefix("'") for cell in cells] == texts


@pytest.mark.parametrize("odd", NO_TABLES, ids=names_of(NO_TABLES))
def test_a_file_that_is_no_table_gives_a_one_line_error(videos: Path, odd: NoTable) -> None:
    videos.write_bytes(odd.data)
    with pytest.raises(InputError, match=re.escape(odd.said)) as refused:
        read(videos)
    assert str(videos) in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 600
    assert not list((videos.parent / "data").rglob("*.parquet"))


def test_columns_of_several_files_match_despite_capitals_and_spaces(tmp_path: Path) -> None:
    contents = {
        "a.csv": "thumbnail_link,Title\nhttp://a/a.jpg,one\n",
        "b.csv": "title ,THUMBNAIL_LINK \n2,http://b/b.jpg\n",
        "c.csv": "thumbnail_link,Title,title \nhttp://c/c.jpg,three,3\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    assert read(*(tmp_path / name for name in ("a.csv", "b.csv"))).to_pydict() == {
        "thumbnail_link": ["http://a/a.jpg", "http://b/b.jpg"],
        "Title": ["one", "2"],
    }
    assert read(*(tmp_path / name for name in contents)).to_pydict() == {
        "thumbnail_link": ["http://a/a.jpg", "http://b/b.jpg", "http://c/c.jpg"],
        "Title": ["one", None, "three"],
        "title ": [None, 2, 3],
    }


def test_texts_of_a_parquet_file_stay_texts_beside_numbers_of_a_csv(tmp_path: Path) -> None:
    table = pa.table({"video_id": ["a"], "code": ["007"], "likes": [1]})
    ParquetTarget(str(tmp_path / "a.parquet")).write(table)
    (tmp_path / "b.csv").write_text("video_id,code,likes\nb,7,2\n")
    table = read(tmp_path / "a.parquet", tmp_path / "b.csv")
    assert table.to_pydict() == {"video_id": ["a", "b"], "code": ["007", "7"], "likes": [1, 2]}


def test_incompatible_types_of_several_files_are_reported(tmp_path: Path) -> None:
    for name, cell in (("a.parquet", pa.array([b"\xff"])), ("b.parquet", pa.array([1]))):
        ParquetTarget(str(tmp_path / name)).write(pa.table({"video_id": ["a"], "about": cell}))
    with pytest.raises(InputError, match=r"a\.parquet: column 'about': expected string or text"):
        read(tmp_path / "a.parquet", tmp_path / "b.parquet")


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def broken_link(path: Path) -> None:
    path.symlink_to("no/such/file")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (folder, "found no files"),
        (pipe, "found a pipe or a device"),
        (device, "found a pipe or a device"),
        (broken_link, "or a broken link"),
    ],
)
@pytest.mark.parametrize("named", ["{}", "{}*", "{},{}"])
def test_a_special_file_does_not_block(
    videos: Path, make: Callable[[Path], None], said: str, named: str
) -> None:
    make(videos)
    with pytest.raises(InputError, match=f"{videos}: expected .*{said}"):
        find_files(named.replace("{}", str(videos)))


def test_a_list_of_files_may_be_longer_than_a_name(tmp_path: Path) -> None:
    files = [tmp_path / f"{number:0>100}.csv" for number in range(60)]
    for path in files:
        path.write_text("video_id\na\n")
    assert find_files(",".join(map(str, files))) == files
    with pytest.raises(InputError, match="no such file"):
        find_files("a" * 5000)


Change = Callable[[Path], None]


def vanish(path: Path) -> None:
    path.unlink()


def grow(path: Path) -> None:
    with path.open("a") as file:
        file.write("b,2\n")


def become_another(path: Path) -> None:
    path.write_text("video_id,views\na,many\n")


@pytest.mark.parametrize("step", ["read_schema", "read_batches"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (vanish, "cannot be read: No such file"),
        (grow, "changed while being read; run again"),
        (become_another, "changed while being read|expected int64 or text; found string"),
    ],
)
def test_a_table_that_changes_while_it_is_read_is_refused(
    videos: Path, monkeypatch: pytest.MonkeyPatch, step: str, change: Change, said: str
) -> None:
    videos.write_text("video_id,views\na,1\n")
    read_schema, read_batches = reading.read_schema, reading.read_batches

    def schema_then_change(files: list[Path], format: str) -> pa.Schema:
        schema = read_schema(files, format)
        change(videos)
        return schema

    def batches_then_change(*about: Any) -> Iterator[pa.RecordBatch]:
        yield from read_batches(*about)
        change(videos)

    hooks = {"read_schema": schema_then_change, "read_batches": batches_then_change}
    monkeypatch.setattr(reading, step, hooks[step])
    with pytest.raises(InputError, match=said):
        read(videos)
    assert not list((videos.parent / "data").rglob("*.parquet"))
