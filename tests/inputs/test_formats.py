"""Files that are no tables are named for what they are, with what to do."""

import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from tests.inputs.test_reading import read
from thumbnail_tasks.errors import InputError

TABLE = pa.table({"video_id": ["abcdefghij1"]})


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("videos.csv"))
    return file.getvalue()


def feather() -> bytes:
    file = io.BytesIO()
    pa.feather.write_feather(TABLE, file)
    return file.getvalue()


def orc() -> bytes:
    file = io.BytesIO()
    pa.orc.write_table(TABLE, file)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(TABLE, file)
    return file.getvalue()


def sqlite() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table videos (video_id text)")
        return database.serialize()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 62756817\n"
WORKBOOK = zipped(xl__workbook_dot_xml="<workbook/>")

NO_TABLES: dict[str, tuple[bytes, str, str]] = {
    "lfs": (POINTER, "a Git LFS pointer", "git lfs pull"),
    "html": (b"\n<!DOCTYPE html>\n<html><head>", "an HTML page", "download the table itself"),
    "html_with_a_comment": (b"<!-- saved\n--><HTML>", "an HTML page", "download the table itself"),
    "xml": (b'<?xml version="1.0"?>\n<feed/>', "an XML file", "Save it as CSV in UTF-8"),
    "xlsx": (WORKBOOK, "an Excel workbook", "Save it as CSV in UTF-8"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "an Excel workbook", "Save it as"),
    "ods": (
        zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet", content_dot_xml="<a/>"),
        "an OpenDocument spreadsheet",
        "Save it as CSV in UTF-8",
    ),
    "zip": (zipped(USvideos_dot_csv="a"), "a zip file of USvideos.csv", "Unpack it"),
    "zip_cut": (WORKBOOK[:-20], "a zip file", "Unpack it"),
    "tar": (tarred(), "a packed file", "Unpack it"),
    "tar_gz": (gzip.compress(tarred()), "a packed file", "Unpack it"),
    "feather": (feather(), "an Arrow (Feather) file", "Write it as Parquet"),
    "orc": (orc(), "an ORC file", "Write it as Parquet"),
    "sqlite": (sqlite(), "an SQLite database", "Export its table as CSV"),
    "pickle": (pickle.dumps({"a": 1}), "a Python pickle", "Write it as Parquet"),
    "parquet_gz": (gzip.compress(parquet()), "one packed with gzip", "Unpack it"),
    "html_gz": (gzip.compress(b"<html>"), "an HTML page", "download the table itself"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "as CSV"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture", "--images-dir takes pictures"),
    "png": (b"\x89PNG\r\n\x1a\n", "a picture", "--images-dir takes pictures"),
    "empty_gz": (gzip.compress(b""), "an empty one", ""),
    "links": (
        b"https://i.ytimg.com/vi/abcdefghij1/hqdefault.jpg\nhttps://i.ytimg.com/vi/b/0.jpg\n",
        "a list without one: https://i.ytimg.com/vi/abcdefghij1/hqdefault.jpg",
        "Put a line above it: thumbnail_link",
    ),
    "links_with_commas": (
        b"http://a.example/b.jpg?u=1,2&w=3\nhttp://a.example/c.jpg\n",
        "a list without one: http://a.example/b.jpg?u=1,2&w=3",
        "Put a line above it: thumbnail_link",
    ),
    "watch_links": (
        b"youtube.com/watch?v=abcdefghij1\n",
        "a list without one",
        "Put a line above it: thumbnail_link",
    ),
    "ids": (
        b"abcdefghij1\n-bcdefghij2\n_bcdefghij3",
        "a list without one: abcdefghij1",
        "Put a line above it: video_id",
    ),
    "rows_without_a_header": (
        b"1,a title,https://i.ytimg.com/vi/abcdefghij1/hqdefault.jpg\n2,b,c\n",
        "a table without one",
        "Put a line above it: column_1,column_2,thumbnail_link",
    ),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_a_file_that_is_no_table_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    data, found, remedy = NO_TABLES[name]
    path = tmp_path / "videos.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: expected ")
    assert f"found {found}" in message
    assert remedy in message
    assert len(message) < 400
    assert "\n" not in message


@pytest.mark.parametrize(
    "header",
    ["ORCID,video_id", "[video_id],id", "{a},video_id", "BZhang,video_id", "GIF8,video_id"],
)
def test_a_header_that_looks_like_another_format_is_a_header(tmp_path: Path, header: str) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(f"{header}\na,b\n")
    assert read(path).column_names == header.split(",")
