"""Odd tables through the real command: all rows, or one line; in bounded time and memory."""

import csv
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import QUICKLY, Finished, read_attributes, run, start, wait_for
from tests.inputs.test_odd_tables import is_harmless
from tests.odd_tables import FORMULAS, NO_IDS, NO_LINKS, odd_csvs, odd_parquets
from thumbnail_tasks import schemas

pytestmark = pytest.mark.dag

MAX_SECONDS = 30.0
MAX_MEGABYTES = 700.0
"""For a run that refuses its table; 150 of them are the command itself."""

OUR_NAMES = re.compile(
    r"(videos|vocabularies|thumbnail_ids/folder)/[0-9a-f]{12}\.parquet"
    r"|plans/folder-[0-9a-f]{8}/[0-9a-f]{12}-1\.parquet"
    r"|[a-z]+/[a-z0-9.-]+/[0-9a-f]{12}-[0-9a-f]{12}\.parquet"
    r"|text_vectors/[a-z0-9.-]+/[0-9a-f]{16}\.parquet"
    r"|embedded_texts/[a-z0-9.-]+/[0-9a-f]{8}/[0-9a-f]{12}\.parquet"
    r"|exports/attributes\.(parquet|csv)|runs/[0-9T-]+-[0-9a-f]{6}\.(json|parquet)"
)


class Measured(NamedTuple):
    """A run, with its time and memory."""

    finished: Finished
    seconds: float
    megabytes: float
    """Peak memory of one of its processes."""


def measure(data_dir: Path, *flags: str) -> Measured:
    """Run the command to its end, measured by a small process: see its code."""
    figures = data_dir.with_name("figures.json")
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "benchmarks" / "speed" / "watch.py"), str(figures)),
            *(str(Path(sys.executable).with_name("luigi")), "--module", "thumbnail_tasks"),
            *("ExportAttributes", "--storage-data-dir", str(data_dir), "--no-lock", *flags),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=2 * MAX_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    seconds, _, n_bytes = json.loads(figures.read_text())
    return Measured(Finished(process.returncode, printed, data_dir), seconds, n_bytes / 1e6)


def million_columns(path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(1_000_000))
    path.write_text(f"video_id,{names}\naaaaaaaaaaa{',' * 1_000_000}\n")


def one_line_of_200_mb(path: Path) -> None:
    write_repeatedly(path, b"video_id,title,", 200)


def a_cell_of_200_mb(path: Path) -> None:
    write_repeatedly(path, b"video_id,title\na,", 200)


def an_open_quote_and_200_mb(path: Path) -> None:
    write_repeatedly(path, b'video_id,title\na,"\n', 200)


def write_repeatedly(path: Path, start: bytes, n_megabytes: int) -> None:
    with path.open("wb") as file:
        file.write(start)
        for _ in range(n_megabytes):
            file.write(b"x" * 1_000_000)


def parquet_of_100_000_columns(path: Path) -> None:
    names = ["video_id", *(f"c{number}" for number in range(100_000))]
    pq.write_table(pa.table([["a"]] * len(names), names=names), path)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def zeros_without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (million_columns, "expected a header; found a first line of over 1 MiB"),
        (one_line_of_200_mb, "expected a CSV header; found: field larger than field limit"),
        (a_cell_of_200_mb, "line 2: expected cells of at most 16 MiB"),
        (an_open_quote_and_200_mb, "line 2: expected cells of at most 16 MiB"),
        (parquet_of_100_000_columns, "expected at most 10000 columns; found 100001"),
        (folder, "found no files"),
        (pipe, "found a pipe or a device"),
        (zeros_without_end, "found a pipe or a device"),
    ],
)
def test_the_worst_tables_are_refused_quickly_in_little_memory(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    videos = tmp_path / "videos.csv"
    make(videos)
    finished, seconds, megabytes = measure(tmp_path / "data", "--videos", str(videos))
    print(f"{make.__name__}: {seconds:.1f} s, {megabytes:.0f} MB")
    assert finished.code == 30, finished.printed
    (error,) = [line for line in finished.printed.splitlines() if line.startswith("ERROR")]
    assert str(videos) in error
    assert said in error
    assert "Traceback" not in finished.printed, finished.printed
    assert seconds < MAX_SECONDS
    assert megabytes < MAX_MEGABYTES
    assert not (tmp_path / "data" / "exports").exists()


@pytest.mark.thorough
def test_a_table_that_never_stops_growing_is_refused(tmp_path: Path) -> None:
    videos = tmp_path / "videos.csv"
    videos.write_text("video_id,title\n")
    is_over = threading.Event()

    def grow() -> None:
        with videos.open("a") as file:
            while not is_over.wait(0.001):
                file.write("aaaaaaaaaaa,b\n" * 1000)
                file.flush()

    grower = threading.Thread(target=grow)
    grower.start()
    try:
        finished, seconds, _ = measure(tmp_path / "data", "--videos", str(videos))
    finally:
        is_over.set()
        grower.join()
    assert finished.code != 0, finished.printed
    assert "changed while being read; run again" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert seconds < MAX_SECONDS
    assert not (tmp_path / "data" / "exports").exists()


@pytest.mark.thorough
def test_a_table_replaced_after_reading_is_left_to_the_next_run(tmp_path: Path) -> None:
    videos = tmp_path / "videos.csv"
    flags = ("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"), *QUICKLY)
    videos.write_text("video_id,title\nsample00001,one\n")
    process = start(tmp_path / "data", *flags, "--workers", "2")
    wait_for(tmp_path / "data", "videos/*.parquet")
    videos.write_text("video_id,title\nsample00001,one\nsample00002,two\n")
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    assert read_attributes(tmp_path / "data")["title"].to_pylist() == ["one"]
    following = run(tmp_path / "data", *flags)
    assert following.code == 0, following.printed
    assert "1 thumbnail to do in 1 shard, 1 already in shards" in following.printed
    assert following.attributes["title"].to_pylist() == ["one", "two"]


@pytest.fixture
def images_dir(tmp_path: Path, picture: bytes) -> Path:
    """A folder with the one picture that the tables' ids name."""
    path = tmp_path / "images"
    path.mkdir()
    (path / "a.jpg").write_bytes(picture)
    return path


def assert_all_is_there(finished: Finished, n_rows: int) -> None:
    """All rows exist, the CSV is harmless, and no file name comes from the input."""
    assert finished.code == 0, finished.printed
    table = finished.attributes
    assert len(table) == n_rows
    assert table["thumbnail_status"].null_count == 0
    assert "ok" in table["thumbnail_status"].to_pylist()
    with (finished.data_dir / "exports" / "attributes.csv").open(newline="") as file:
        before = csv.field_size_limit(20_000_000)
        header, *rows = csv.reader(file, strict=True)
        csv.field_size_limit(before)
    assert len(rows) == n_rows
    types = [table.schema.field(name.removeprefix("'")).type for name in header]
    assert all(map(is_harmless, header))
    for row in rows:
        for dtype, cell in zip(types, row, strict=True):
            is_number = pa.types.is_primitive(dtype) or pa.types.is_decimal(dtype)
            assert is_number or is_harmless(cell), (dtype, cell)
    for path in finished.data_dir.rglob("*"):
        name = str(path.relative_to(finished.data_dir))
        assert path.is_dir() or OUR_NAMES.fullmatch(name) or name.startswith("."), name


@pytest.mark.thorough
def test_all_odd_csvs_together_are_one_table(tmp_path: Path, images_dir: Path) -> None:
    odd = odd_csvs()
    files = [tmp_path / f"{number:0>3} =1+1 é.csv" for number in range(len(odd))]
    for path, table in zip(files, odd, strict=True):
        path.write_bytes(table.data)
    flags = ("--videos", ",".join(map(str, files)), "--images-dir", str(images_dir), *QUICKLY)
    finished = run(tmp_path / "data", *flags)
    assert_all_is_there(finished, sum(len(table.rows) for table in odd))
    ids = finished.attributes["Unnamed: 0"].to_pylist()  # only of the first table
    assert ids[0] == 0
    starts = itertools.accumulate((len(table.rows) for table in odd), initial=0)
    keys = [name for name in finished.attributes.column_names if name.strip().lower() == "video_id"]
    assert keys == ["video_id"]
    found = finished.attributes["video_id"].to_pylist()
    for begin, table in zip(starts, odd, strict=False):
        if key := next((name for name in table.header if name.strip().lower() == "video_id"), None):
            place = table.header.index(key)
            expected = [row[place] for row in table.rows]
            assert found[begin : begin + len(table.rows)] == expected, table.name


def test_odd_types_and_harmful_cells_of_a_parquet_file_go_through(
    tmp_path: Path, images_dir: Path
) -> None:
    (odd,) = (odd.table for odd in odd_parquets() if odd.name == "odd_types")
    harm = [*FORMULAS, *NO_IDS, *NO_LINKS]
    ids = ["a", *harm, *["a"] * (len(harm) % 2 == 0)]
    columns = {
        name: pa.chunked_array(odd[name].chunks * (len(ids) // 2)) for name in odd.schema.names
    }
    coded = pa.array(ids).dictionary_encode()
    table = pa.table(columns | {"video_id": pa.array(ids), "title": coded})
    pq.write_table(table, tmp_path / "videos.parquet")
    flags = (
        "--videos",
        str(tmp_path / "videos.parquet"),
        "--images-dir",
        str(images_dir),
        *QUICKLY,
    )
    finished = run(tmp_path / "data", *flags)
    assert_all_is_there(finished, len(ids))
    ours = schemas.exported(512).names
    assert finished.attributes.column_names == [*table.column_names, *ours]
    assert finished.attributes["video_id"].to_pylist() == ids
