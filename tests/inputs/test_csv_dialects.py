"""CSVs as Spark and MySQL, Excel and archives write them, and files that are not one dialect."""

import bz2
import csv
import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.inputs.test_reading import read
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs import csv_escapes, csv_reading

HEADER = ["video_id", "title", "tags"]

HARD_TITLES = (
    'The "Best" clip',
    'He said "hi, you"',
    '5"',
    '"',
    '""',
    '"a" and "b"',
    'a",b',
    'a "quoted\n"line, twice"',
    'a "quoted"\r\nline',
    "no quote, a comma",
    "plain",
    "",
)
"""Titles whose quotes, commas and line ends a reader of another dialect would cut."""

WITH_BACKSLASHES = (
    'a path C:\\new, and a "quote"',
    "one\\ntwo, as text",
    'ends with a backslash, "so" \\',
    'a backslash \\" before a quote',
)
"""Titles with backslashes; each dialect has its own way to write them."""


def as_spark(cell: str) -> str:
    """A cell as Spark writes it: a backslash before quotes, and doubled ones before these."""
    if not any(char in cell for char in '",\n\r'):
        return cell or '""'
    escaped = ""
    n_before = 0
    for char in cell + "$":
        if char == '"':
            escaped += "\\" * n_before + '\\"'
        elif char == "$" and n_before:
            escaped += "\\" * n_before
        elif char != "$":
            escaped += char
        n_before = n_before + 1 if char == "\\" else 0
    return f'"{escaped}"'


def as_mysql(cell: str | None) -> str:
    """A cell as MySQL's OUTFILE writes it, enclosed by quotes; None is null."""
    if cell is None:
        return "\\N"
    escaped = cell.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n")
    return f'"{escaped}"'


def table_of(titles: tuple[str | None, ...], write: Callable[[str], str]) -> bytes:
    rows = [",".join(HEADER)]
    for number, title in enumerate(titles):
        cells = [f"id{number:09}", title, '"x"|y']
        rows.append(",".join(write(cell) for cell in cells))  # type: ignore[arg-type]
    return ("\n".join(rows) + "\n").encode()


def titles_in(path: Path) -> list[str | None]:
    table = read(path)
    assert table.column_names == HEADER
    assert set(table["tags"].to_pylist()) == {'"x"|y'}
    titles: list[str | None] = table["title"].to_pylist()
    return titles


@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_quotes_after_backslashes_are_read_as_spark_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int, start: str
) -> None:
    monkeypatch.setattr(csv_escapes, "_BLOCK_BYTES", block_bytes)
    path = tmp_path / "videos.csv"
    titles = (*HARD_TITLES, *WITH_BACKSLASHES)
    path.write_bytes(start.encode() + table_of(titles, as_spark))
    assert titles_in(path) == list(titles)


@pytest.mark.parametrize("title", [*HARD_TITLES, *WITH_BACKSLASHES])
def test_each_title_alone_is_read_as_spark_wrote_it(tmp_path: Path, title: str) -> None:
    path = tmp_path / "videos.csv"
    path.write_bytes(table_of((title, "plain"), as_spark))
    assert titles_in(path) == [title, "plain"]


def test_backslashes_and_nulls_are_read_as_mysql_wrote_them(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    titles = (*HARD_TITLES, *WITH_BACKSLASHES, None)
    path.write_bytes(table_of(titles, as_mysql))
    assert titles_in(path) == [*titles[:-1], ""]


def test_backslashes_that_may_mean_one_or_two_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_bytes(table_of(('a "quote"', "two \\ lines, here"), as_mysql))
    with pytest.raises(InputError, match=r"line 3: expected quotes .* as Spark and MySQL write"):
        read(path)


def test_one_file_shows_the_dialect_of_all(tmp_path: Path) -> None:
    contents = {
        "a.csv": 'video_id,title,n\n"a","say \\"hi\\"",\\N\n',
        "b.csv": 'video_id,title,n\n"b","C:\\\\dir",\\N\n"c","one\\\ntwo",5\n',
        "c.csv": 'video_id,title,n\n"d","a ""doubled"" one",6\n',
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    table = read(*(tmp_path / name for name in contents))
    assert table["title"].to_pylist() == ['say "hi"', "C:\\dir", "one\ntwo", 'a "doubled" one']
    assert table["n"].to_pylist() == [None, None, 5, 6]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("a,b,c\nshort,x\n", 3),
        ('a,"two\nlines",c\n\nb,c,d,e\n', 5),
        ("a,b,c\n" * 50_000 + "long,x,y,z\n", 50_002),
    ],
)
def test_a_ragged_row_is_named_with_its_line(tmp_path: Path, rows: str, line: int) -> None:
    path = tmp_path / "videos.csv"
    path.write_text("video_id,title,tags\n" + rows, encoding="utf-8")
    with pytest.raises(InputError, match=rf"videos.csv: line {line}: expected a CSV with 3 cells"):
        read(path)


@pytest.mark.parametrize(
    "title", ['ends with \\"', "\\", '\\""', '"\\', 'say \\"hi\\" again', "C:\\", "\\N"]
)
def test_doubled_quotes_with_backslashes_beside_them_stay_doubled_quotes(
    tmp_path: Path, title: str
) -> None:
    path = tmp_path / "videos.csv"
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([HEADER, ["id1", title, '"x"|y'], ["id2", title, '"x"|y']])
    path.write_text(text.getvalue(), encoding="utf-8")
    assert titles_in(path) == [title, title]


def test_any_text_written_with_doubled_quotes_is_read_as_python_reads_it(tmp_path: Path) -> None:
    chance = random.Random(17)
    for number in range(200):
        titles = ["".join(chance.choices('ab\\",\n', k=chance.randrange(9))) for _ in range(5)]
        path = tmp_path / f"{number}.csv"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [HEADER, *(["id", title, '"x"|y'] for title in titles)]
        )
        path.write_text(text.getvalue(), encoding="utf-8")
        assert titles_in(path) == titles


def test_any_text_that_spark_writes_is_read_back(tmp_path: Path) -> None:
    chance = random.Random(18)
    n_read = 0
    for number in range(200):
        titles = ["".join(chance.choices('ab\\",\n', k=chance.randrange(9))) for _ in range(5)]
        titles += ["one \\n, two"]  # without it, \\ could be MySQL's
        path = tmp_path / f"{number}.csv"
        path.write_bytes(table_of(tuple(titles), as_spark))
        if csv_escapes.find_escapes({path: ","})[path] is csv_escapes.Escapes.SPARK:
            assert titles_in(path) == titles
            n_read += 1
    assert n_read > 100  # in the others nothing needs a backslash


@pytest.mark.parametrize("wrong", ['"a ""b"" c"', 'a 5" disk', '"b"|"c"'])
def test_both_kinds_of_quotes_in_a_file_are_refused_with_the_line(
    tmp_path: Path, wrong: str
) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(f'video_id,title\na,{wrong}\nb,"the \\"best\\" clip"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"videos.csv: line 3: .*found both"):
        read(path)


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, "zstd", asbytes=True))


@pytest.mark.parametrize("pack", [gzip.compress, zstd, bz2.compress])
@pytest.mark.parametrize("suffix", [".csv.gz", ".csv"])
def test_a_packed_csv_is_unpacked_while_it_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[bytes], bytes],
    suffix: str,
) -> None:
    monkeypatch.setattr(csv_reading, "_BLOCK_BYTES", 1000)
    titles = tuple(f"title {number}, with a comma" for number in range(5000))
    data = table_of(titles, lambda cell: '"{}"'.format(cell.replace('"', '""')))
    data = data.replace(b'"video_id","title","tags"', b"video_id,title,tags")
    half = data.index(b"id000002500") - 1
    path = tmp_path / f"videos{suffix}"
    path.write_bytes(pack(data[:half]) + pack(data[half:]))  # as two packed files, concatenated
    assert titles_in(path) == list(titles)


@pytest.mark.parametrize("pack", [gzip.compress, zstd, bz2.compress])
def test_a_packed_file_that_is_cut_off_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "videos.csv.gz"
    packed = pack(table_of(tuple(map(str, range(20_000))), str))
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"videos.csv.gz: cannot be read: "):
        read(path)


@pytest.mark.parametrize(
    ("encoding", "byte"), [("shift-jis", "0x93"), ("cp1251", "0xd1"), ("latin-1", "0xff")]
)
@pytest.mark.parametrize("n_before", [0, 30_000])
def test_a_line_in_another_encoding_is_named_with_its_column(
    tmp_path: Path, encoding: str, byte: str, n_before: int
) -> None:
    word = {"shift-jis": "日本語", "cp1251": "СРОЧНО", "latin-1": "ÿes"}[encoding]
    path = tmp_path / "videos.csv"
    lines = ["video_id,title,tags", 'a,"two\nlines – und so weiter",x'] + ["b,é,y"] * n_before
    path.write_bytes("\n".join(lines).encode() + b"\nc,z," + word.encode(encoding) + b"\nd,e,f\n")
    line = n_before + 4
    with pytest.raises(
        InputError, match=rf"videos.csv: line {line}, column 'tags': .* found the byte {byte}"
    ):
        read(path)


def test_a_header_in_another_encoding_is_line_1(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_bytes("video_id,größe\na,1\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"line 1: .*found the byte 0xf6"):
        read(path)
