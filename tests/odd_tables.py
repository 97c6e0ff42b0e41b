"""Malformed tables of videos, each with its expected rows or error."""

import gzip
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

FORMULAS = (
    *("=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1"),
    *("\u00a0-1", "\u3000+1", "\ufeff=1", "\u200b@a", "\u202e=1", "\x00=1", "\x1b=1", "  \n\t =1"),
    *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20a", " \uff1d1", "\ttext", "\rtext", "\ntext"),
)
"""Cells that a spreadsheet may run as formulas, or split."""

NO_IDS = ("../../etc/passwd", "/etc/passwd", "..\\a", "NaN", "#NAME?", "null", "a\nb", "CON", "*")

NO_LINKS = (
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://a/\x1b[2J",
    "data:,a",
    "http://\x7f",
)


class OddCsv(NamedTuple):
    """A CSV that has rows."""

    name: str
    data: bytes
    header: list[str]
    rows: list[list[str]]
    """The cells as written, without quotes."""


class OddParquet(NamedTuple):
    """A Parquet file that has rows."""

    name: str
    table: pa.Table

    @property
    def data(self) -> bytes:
        return parquet(self.table)


class NoTable(NamedTuple):
    """A file that is refused."""

    name: str
    data: bytes
    said: str
    """A part of the error message."""


def parquet(table: pa.Table) -> bytes:
    """The bytes of a Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="none")
    return file.getvalue()


def odd_csvs() -> list[OddCsv]:
    """All CSVs that have rows."""
    key_title = ["video_id", "title"]

    def titled(name: str, body: str, *titles: str, start: str = "video_id,title\n") -> OddCsv:
        """Rows named a, b, … with these titles."""
        rows = [[chr(ord("a") + number), title] for number, title in enumerate(titles)]
        return OddCsv(name, (start + body).encode(), key_title, rows)

    def quoted(name: str, header: list[str], rows: list[list[str]]) -> OddCsv:
        cells = ([cell.replace('"', '""') for cell in row] for row in (header, *rows))
        text = "".join('"{}"\r\n'.format('","'.join(row)) for row in cells)
        return OddCsv(name, text.encode(), header, rows)

    big = "x" * 10_000_000
    padding = "".join("a,b\n" for _ in range(2000))
    nul_rows = [["a", "b"]] * 2000 + [["c\0", "\0"]]
    numbers = ["007", "1e400", "1.10", "+5", "-0", "0x1F", "1_000", "1,5", "\u0661\u0662", "-5"]
    return [
        OddCsv("an_index", b",video_id\n0,a\n", ["Unnamed: 0", "video_id"], [["0", "a"]]),
        OddCsv("semicolons", b"video_id;title\na;b,c\n", key_title, [["a", "b,c"]]),
        OddCsv("tabs", b"video_id\ttitle\na\tb,c\n", key_title, [["a", "b,c"]]),
        OddCsv("tabs_in_commas", b"video_id,title\na,b\tc\n", key_title, [["a", "b\tc"]]),
        titled("excels_hint", "a;b,c\n", "b,c", start="sep=;\nvideo_id;title\n"),
        titled("excels_hint_and_bom", "a\tb\r\n", "b", start="\ufeffSEP=\t\r\nvideo_id\ttitle\r\n"),
        titled("quoted_newlines", 'a,"b\n\nc"\nb,"\n"\n', "b\n\nc", "\n"),
        titled("quoted_crlf", 'a,"b\r\nc"\n', "b\r\nc"),
        titled("quoted_quotes", 'a,""""\nb,"""b"""\nc,""\n', '"', '"b"', ""),
        titled("quotes_within", 'a,5" disk\nb,b "c" d\n', '5" disk', 'b "c" d'),
        titled("text_behind_quotes", 'a,"b"|"c"|"d"\n', 'b|"c"|"d"'),
        titled("backslashes", 'a,\\n\nb,\\"\n', "\\n", '\\"'),
        titled("spaces_around", "a, b \n", " b "),
        titled("no_line_end", "a,b", "b"),
        titled("crlf", "a,b\r\nb,c\r\n", "b", "c", start="video_id,title\r\n"),
        titled("lf_and_crlf", "a,b\r\nb,c\nc,d", "b", "c", "d"),
        titled("cr", "a,b\rb,c\r", "b", "c", start="video_id,title\r"),
        titled("cr_and_quoted_lf", 'a,"b\nc"\rb,d\r', "b\nc", "d", start="video_id,title\r"),
        titled("stray_cr", "a,b\rc\nb,\r\r d\n", "b\rc", "\r\r d"),
        titled("stray_cr_at_the_end", "a,b\r", "b\r"),
        titled("blank_lines", "\na,b\n\r\n\nb,c\n\n", "b", "c"),
        titled("a_bom", "a,\ufeffb\n", "\ufeffb", start="\ufeffvideo_id,title\n"),
        titled("a_bom_and_quotes", '"a","b"\n', "b", start='\ufeff"video_id","title"\n'),
        titled(
            "noncharacters", "a,\ufdd0\nb,\uffff\U0001f600e\u0301\n", "\ufdd0", "\uffff😀e\u0301"
        ),
        titled("marks", "a,\u202eb\u200b\n", "\u202eb\u200b"),
        titled("a_comment", "a,b\n# two,cells\n", "b")._replace(
            rows=[["a", "b"], ["# two", "cells"]]
        ),
        titled("a_header_again", "a,b\nvideo_id,title\n")._replace(rows=[["a", "b"], key_title]),
        titled("duplicates", "a,b\na,b\na,c\n")._replace(rows=[["a", "b"], ["a", "b"], ["a", "c"]]),
        titled("empty_cells", ",\n")._replace(rows=[["", ""]]),
        titled("10_MB", f"a,{big}\nb,c\n", big, "c"),
        titled("nuls", f"{padding}c\0,\0\n")._replace(rows=nul_rows),
        OddCsv("one_column", b'video_id\na\n\n""\n', ["video_id"], [["a"], [""]]),
        OddCsv("more_delimiters", b"video_id,\na,\n", ["video_id", "Unnamed: 1"], [["a", ""]]),
        OddCsv("a_loud_header", b" VIDEO_ID ,T\na,b\n", [" VIDEO_ID ", "T"], [["a", "b"]]),
        quoted("like_headers", ["video_id", "Title", "title ", "TITLE"], [["a", "b", "c", "d"]]),
        quoted("harmful_header", ["=1+1", "\uff20a", "a\n\tb", 'a"b', "video_id"], [list("abcde")]),
        quoted("marks_in_a_header", ["video_id", "\u200btitle", "\u202ea"], [["a", "b", "c"]]),
        quoted("formulas", key_title, [[text, text] for text in FORMULAS if "\0" not in text]),
        quoted("no_ids", key_title, [[text, ""] for text in NO_IDS]),
        quoted("no_links", ["thumbnail_link", "likes"], [[text, "-5"] for text in NO_LINKS]),
        quoted("numbers", ["video_id", *map(str, numbers)], [["a", *numbers]] * 2),
        quoted("truths", ["video_id", "a", "b"], [["a", "True", "true"], ["b", "False", "TRUE"]]),
        quoted("nans", ["video_id", "a", "b"], [["a", "nan", "inf"], ["b", "nan", "-inf"]]),
    ]


def odd_parquets() -> list[OddParquet]:
    """All Parquet files that have rows."""
    a, b = "a" * 11, "b" * 11
    keys = {
        "dictionary": pa.array([a, b]).dictionary_encode(),
        "large_string": pa.array([a, b], pa.large_string()),
        "string_view": pa.array([a, b], pa.string_view()),
        "binary": pa.array([a.encode(), b.encode()]),
        "fixed_size_binary": pa.array([a.encode(), b.encode()], pa.binary(11)),
        "number": pa.array([1, None]),
        "timestamp": pa.array([1, 2], pa.timestamp("ns")),
        "null": pa.nulls(2),
    }
    harm = ["=1", "\uff0d1"]
    odd_types = {
        "dictionary": pa.array(harm).dictionary_encode(),
        "numbers_in_a_dictionary": pa.array([-5, 5]).dictionary_encode(),
        "large_string": pa.array(harm, pa.large_string()),
        "string_view": pa.array(harm, pa.string_view()),
        "binary": pa.array([b"=1", b"\xff\0"]),
        "large_binary": pa.array([b"=1", None], pa.large_binary()),
        "fixed_size_binary": pa.array([b"=1", b"\xff\0"], pa.binary(2)),
        "decimal": pa.array([Decimal("-1.10"), None]),
        "timestamp_ns": pa.array([1, -1], pa.timestamp("ns")),
        "timestamp_in_a_zone": pa.array([datetime(2017, 11, 14), None], pa.timestamp("us", "UTC")),
        "the_year_146138": pa.array([2**62, -(2**62)], pa.timestamp("us")),
        "before_christ": pa.array([-1_000_000, 0], pa.date32()),
        "time": pa.array([1, 2], pa.time64("ns")),
        "duration": pa.array([-2, 1], pa.duration("us")),
        "half": pa.array([-1.5, 1], pa.float16()),
        "unsigned": pa.array([2**64 - 1, 0], pa.uint64()),
        "negative": pa.array([-5, 5]),
        "not_finite": pa.array([float("nan"), float("-inf")]),
        "truth": pa.array([True, None]),
        "null": pa.nulls(2),
        "list": pa.array([harm, None]),
        "large_list": pa.array([harm, []], pa.large_list(pa.string())),
        "vector": pa.array([[-1.5, 1.0], None], pa.list_(pa.float32(), 2)),
        "struct": pa.array([{"=a": "=1", "b": b"\xff", "c": date(2017, 11, 14)}, None]),
        "map": pa.array([[("=k", "=1")], []], pa.map_(pa.string(), pa.string())),
        "uuid": pa.array([b"=" * 16, b"\xff" * 16], pa.uuid()),
        "=header": pa.array(["a", "b"]),
        "": pa.array(["a", "b"]),
    }
    return [
        *(OddParquet(f"keys_of_{name}", pa.table({"video_id": key})) for name, key in keys.items()),
        OddParquet("odd_types", pa.table({"video_id": [a, b], **odd_types})),
        OddParquet("formulas", pa.table({"thumbnail_link": FORMULAS, "video_id": FORMULAS})),
        OddParquet("like_headers", pa.table({"video_id": ["a"], "Title": ["b"], "title ": ["c"]})),
    ]


def no_tables() -> list[NoTable]:
    """All files that are refused."""
    text = b"video_id,title\na,b\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("videos.csv", text)
    good = parquet(
        pa.table({"video_id": ["a" * 11] * 1000, "title": [str(n) for n in range(1000)]})
    )
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    not_utf8 = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")
    )
    many = [f"c{number}" for number in range(10_000)]
    million = ",".join(["video_id", *(f"c{number}" for number in range(1_000_000))]).encode()

    def key_and(**column: pa.Array) -> bytes:
        return parquet(pa.table({"video_id": pa.array(["a"]), **column}))

    two_titles = pa.table([["a"], ["b"], ["c"]], names=["video_id", "title", "title"])
    return [
        NoTable("empty", b"", "found an empty one"),
        NoTable("blanks", b" \r\n\n\t\n", "found an empty one"),
        NoTable("header_only", b"video_id,title\n", "expected rows; found only a header"),
        NoTable("header_without_a_line_end", b"video_id,title", "found only a header"),
        NoTable("header_and_blank_lines", b"video_id,title\n\n\r\n", "found only a header"),
        NoTable("utf_16", text.decode().encode("utf-16"), "found UTF-16"),
        NoTable("utf_16_without_bom", text.decode().encode("utf-16-be"), "or UTF-16"),
        NoTable("utf_32", text.decode().encode("utf-32"), "found UTF-16"),
        NoTable(
            "latin_1",
            text + "b,é\n".encode("latin-1"),
            "line 3, column 'title': expected text in UTF-8; found the byte 0xe9",
        ),
        NoTable(
            "cp1252",
            text + "b,“c”\n".encode("cp1252"),
            "line 3, column 'title': expected text in UTF-8; found the byte 0x93",
        ),
        NoTable("a_lone_surrogate", text + b"b,\xed\xa0\x80\n", "UTF-8; found the byte 0xed"),
        NoTable(
            "late_latin_1",
            text * 60_000 + b"b,\xe9\n",
            "line 120001, column 'title': expected text in UTF-8; found the byte 0xe9",
        ),
        NoTable("a_late_ff", text * 60_000 + b"b,\xff\n", "found the byte 0xff"),
        NoTable("gzip_cut", gzip.compress(text)[:-9], "cannot be read: Truncated"),
        NoTable("zip", packed.getvalue(), "found a zip file of videos.csv. Unpack"),
        NoTable("elf", b"\x7fELF\2\1\1\0", "found a binary file"),
        NoTable("no_key", b"key,url\n1,2\n", "no column 'thumbnail_link' or 'video_id'"),
        NoTable("a_key_with_a_mark", "\u200bvideo_id\na\n".encode(), r"found: \u200bvideo_id"),
        NoTable("two_boms", "\ufeff\ufeffvideo_id\na\n".encode(), r"found: \ufeffvideo_id"),
        NoTable("escapes_in_a_header", b"key,\x1b[2J\n1,2\n", r"found: key, \x1b[2J"),
        NoTable("a_newline_in_a_header", b'key,"\n\nERROR"\n1,2\n', r"found: key, \n\nERROR"),
        NoTable("a_comment_first", b"# videos\nvideo_id,title\na,b\n", "found: # videos"),
        NoTable("a_blank_line_first", b"\nvideo_id,title\na,b\n", "found: an empty line"),
        NoTable("a_short_row", text + b"b\n", "with 2 cells in each row; found"),
        NoTable("a_long_row", text + b"b,c,\x1b[2J\n", r"got 3: b,c,\x1b[2J"),
        NoTable("delimiters_behind_rows", b"video_id,title\na,b,\n", "got 3: a,b,"),
        NoTable("cr_and_lf", text + b"b,c\rd,e\n", "with 2 cells in each row"),
        NoTable("two_of_one_name", b"video_id,a,a\na,b,c\n", "column 'a' occurs more than once"),
        NoTable("two_keys", b"video_id,Video_ID \na,b\n", "found: 'video_id', 'Video_ID '"),
        NoTable("an_open_quote", text + b'b,"c\n', "line 3: expected a second quote"),
        NoTable(
            "an_open_quote_in_a_header", b'video_id,"title\na,b\n', "line 1: expected a second"
        ),
        NoTable("an_open_quote_far_up", text + b'b,"c\nc,"d"\nd,e\n', "line 3: expected a quoted"),
        NoTable(
            "40_MB_in_a_cell", text + b"b," + b"x" * 40_000_000, "line 3: expected cells of at"
        ),
        NoTable("40_MB_in_a_row", text + b"x," * 20_000_000, "found"),
        NoTable("a_long_name", b"video_id," + b"x" * 200_000 + b"\na,b\n", "expected a CSV header"),
        NoTable("a_long_first_line", b"video_id," * 200_000, "a first line of over 1 MiB"),
        NoTable("a_million_columns", million + b"\n", "a first line of over 1 MiB"),
        NoTable(
            "10_001_columns",
            ",".join(["video_id", *many]).encode() + b"\n",
            "expected at most 10000 columns; found 10001",
        ),
        NoTable("our_column", b"video_id,face_count\na,1\n", "columns face_count would be over"),
        NoTable("our_text", b"video_id,thumbnail_ocr\na,b\n", "columns thumbnail_ocr would be"),
        NoTable("parquet_cut", good[:-9], "expected a Parquet file; found"),
        NoTable("parquet_start", good[:4], "expected a Parquet file; found"),
        NoTable(
            "parquet_footer",
            good[:footer] + b"\xff" * 40 + good[footer + 40 :],
            "expected a Parquet file; found",
        ),
        NoTable("parquet_page", good[:40] + b"\xff" * 90 + good[130:], "expected a Parquet file;"),
        NoTable("parquet_rows", parquet(pa.table({"video_id": pa.array([], pa.string())})), "rows"),
        NoTable(
            "parquet_no_key", parquet(pa.table({"key": ["a"]})), "of a Parquet file); found: key"
        ),
        NoTable("parquet_twice", parquet(two_titles), "column 'title' occurs more than once"),
        NoTable("parquet_ours", key_and(edges=pa.array([1.0])), "columns edges would be over"),
        NoTable("parquet_utf8", key_and(a=not_utf8), "expected a Parquet file; found: In column 1"),
        NoTable(
            "parquet_columns",
            parquet(pa.table([["a"]] * 10_001, names=["video_id", *many])),
            "expected at most 10000 columns; found 10001",
        ),
        NoTable(
            "parquet_list_of_keys",
            parquet(pa.table({"video_id": [["a"]]})),
            "column 'video_id': expected text; found list",
        ),
        NoTable(
            "parquet_title_of_fields",
            key_and(Title=pa.array([{"a": 1}])),
            "column 'Title': expected text; found struct",
        ),
        NoTable(
            "parquet_title_of_bytes",
            key_and(title=pa.array([b"\xff"])),
            "column 'title': expected text; found binary",
        ),
    ]
