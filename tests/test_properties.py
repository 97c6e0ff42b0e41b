"""Properties of every table: rows in = rows out, in order; one set of attributes per thumbnail.

Each is compared with a model in plain Python that shares no code with the package.
"""

import csv
import io
import json
import re
import string
import struct
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.identified import join, want
from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.joining import join_shard
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.inputs import csv_reading, reading
from thumbnail_tasks.inputs.formulas import escape_formulas, unescape_formulas
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails
from thumbnail_tasks.stages.checks import LISTED
from thumbnail_tasks.stages.plan import plan_thumbnails
from thumbnail_tasks.stages.texts import read_thresholds
from thumbnail_tasks.stages.vocabulary import build_vocabulary, count_vocabulary
from thumbnail_tasks.storage.naming import name_shard, table_of_shard

# The same examples in every run, and no files in the working tree.
always = settings(derandomize=True, database=None, deadline=None, max_examples=100)

CHARS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARS, max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "\n",
        "\r",
        "\r\n",
        '"',
        '""',
        ",",
        ";",
        "=1",
        "\uff0b1",
        "-5",
        "\ufeff@",
        "'=1",
        "a\rb",
    ]
)
NUMBERS = st.sampled_from(
    ["0", "-5", "007", "1.5", "1.50", "1e400", "nan", "-inf", "9" * 19, "True", "False", "true", ""]
)
IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=11, max_size=11)
FEW_IDS = st.sampled_from(["aaaaaaaaaaa", "-bbbbbbbbbb", "CCCCCCCCCCC", "_dddddddddd"])


def read(content: bytes) -> pa.Table:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(content)
        file.flush()
        files = [Path(file.name)]
        schema = reading.read_schema(files, "auto")
        return pa.Table.from_batches(reading.read_batches(files, "auto", schema), schema)


def cells_of(table: pa.Table) -> list[list[str]]:
    """A table's rows as text, as a CSV has them."""

    def text(cell: Any) -> str:
        if cell is None or isinstance(cell, bool):
            return "" if cell is None else str(cell)
        return str(pa.scalar(cell).cast(pa.string()).as_py())

    columns = [[text(cell) for cell in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def tables_of(cells: st.SearchStrategy[str], max_rows: int = 8) -> st.SearchStrategy[list[Any]]:
    """At least one row; all rows have the same number of cells."""
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=max_rows
        )
    )


# --- Reading ------------------------------------------------------------------------------


@always
@given(
    rows=tables_of(TEXTS),
    delimiter=st.sampled_from(",;"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
def test_a_quoted_csv_is_read_unchanged(
    rows: list[list[str]], delimiter: str, line_end: str, bom: str
) -> None:
    text = io.StringIO(newline="")
    header = ["video_id", *(f"column {number}" for number in range(1, len(rows[0])))]
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *rows])
    table = read((bom + text.getvalue()).encode())
    assert table.column_names == header
    assert cells_of(table) == rows


@always
@given(rows=tables_of(TEXTS))
def test_a_minimally_quoted_csv_is_read_unchanged(
    rows: list[list[str]],
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["video_id", *map(str, range(1, len(rows[0])))], *rows])
    assert cells_of(read(text.getvalue().encode())) == rows


@always
@given(rows=tables_of(NUMBERS))
def test_a_column_is_numeric_only_if_its_text_round_trips(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["video_id", *map(str, range(1, len(rows[0])))], *rows])
    assert cells_of(read(text.getvalue().encode())) == rows


@always
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=30, max_size=60),
    block_bytes=st.integers(128, 400),
)
def test_block_boundaries_make_no_difference(rows: list[tuple[str, str]], block_bytes: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("video_id", "title"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reading, "_BLOCK_BYTES", block_bytes)
        assert cells_of(read(text.getvalue().encode())) == [list(row) for row in rows]


@settings(always, max_examples=400)
@given(
    body=st.lists(st.sampled_from(['"', '""', "a", ",", "\n", "é", " "]), max_size=24).map("".join)
)
def test_no_text_is_misread_silently(body: str) -> None:
    """Either the cells that Python's reader finds, or an error if it raises one.

    Except for text after a quoted cell, which is allowed if the quotes are on one line.
    """
    lines = io.StringIO("video_id,title\n" + body, newline="")
    try:
        expected = [row for row in list(csv.reader(lines, strict=True))[1:] if row]
    except csv.Error as error:
        assume("expected after" not in str(error))
        expected = [[]]
    if all(len(row) == 2 for row in expected):
        assert cells_of(read(b"video_id,title\n" + body.encode())) == expected
    else:
        with pytest.raises(InputError):
            read(b"video_id,title\n" + body.encode())


@settings(always, max_examples=200)
@given(body=st.binary(max_size=60))
def test_any_bytes_give_a_table_or_a_one_line_error(body: bytes) -> None:
    try:
        found = ",".join(read(b"video_id,title\n" + body).column_names)
    except InputError as error:
        found = str(error)
    assert found == "video_id,title" or (found.startswith("/") and found.isprintable())


# --- Planning -----------------------------------------------------------------------------


@st.composite
def rows_and_meaning(draw: st.DrawFn) -> tuple[str | None, str | None, str | None, str | None]:
    """A link, an id, the YouTube id they mean, and the link of another host that they mean."""
    video_id, other_id = draw(FEW_IDS | IDS), draw(FEW_IDS | IDS)
    name = draw(st.sampled_from(["default", "hqdefault", "0"]))
    kinds = ["link", "both", "id", "other", "bad_link", "bad_id", "nothing"]
    kind = draw(st.sampled_from([*kinds, "no_link", "page", "page_as_id"]))
    youtube = f" https://i{draw(st.sampled_from(['', '3']))}.ytimg.com/vi/{video_id}/{name}.jpg"
    other = f"http://host.example/{other_id}/a.jpg"
    blank = draw(st.sampled_from([None, "", " \t"]))
    return {
        "link": (youtube, blank, video_id, None),
        "both": (youtube, other_id, video_id, None),
        "id": (blank, f"{video_id} ", video_id, None),
        "other": (other, other_id, None, other),
        "bad_link": ("javascript:a", blank, None, None),
        "no_link": (draw(st.sampled_from(["javascript:a", "nan", "{}"])), video_id, video_id, None),
        "page": (f"www.youtube.com/watch?v={video_id}&t=1", other_id, video_id, None),
        "page_as_id": (blank, f"https://youtu.be/{video_id}", video_id, None),
        "bad_id": (blank, "../etc/passwd", None, None),
        "nothing": (blank, blank, None, None),
    }[kind]


def table_of(rows: list[Any]) -> pa.Table:
    links, ids, *_ = zip(*rows, strict=True)
    text = pa.string()
    titles = [f"title {number}" for number in range(len(rows))]
    columns = [pa.array(links, text), pa.array(ids, text), pa.array(titles, text)]
    return pa.table(columns, names=["thumbnail_link", "video_id", "title"])


@always
@given(rows=st.lists(rows_and_meaning(), min_size=1, max_size=20))
def test_each_row_names_its_thumbnail_and_each_thumbnail_is_wanted_once_in_order(
    rows: list[Any],
) -> None:
    videos = table_of(rows)
    meant = identify_thumbnails(videos, from_folder=False).to_pylist()
    assert len(meant) == len(rows)
    ids_of_links: dict[str, str] = {}
    for (link, name, video_id, other), row in zip(rows, meant, strict=True):
        if other:
            assert ids_of_links.setdefault(other, row["thumbnail_id"]) == row["thumbnail_id"]
            assert re.fullmatch("url-[0-9a-f]{16}", row["thumbnail_id"])
        else:
            assert row["thumbnail_id"] == video_id
        is_named = any(cell and cell.strip() for cell in (link, name))
        expected = None if video_id or other else "invalid_link" if is_named else "no_link"
        assert row["status"] == expected
    assert len(set(ids_of_links.values())) == len(ids_of_links)

    firsts: dict[str, int] = {}
    for number, (_, _, video_id, other) in enumerate(rows):
        if thumbnail_id := (video_id or (other and ids_of_links[other])):
            firsts.setdefault(thumbnail_id, number)
    wanted = want(videos, None).to_pylist()
    assert [row["thumbnail_id"] for row in wanted] == list(firsts)
    assert [row["title_and_channel"] for row in wanted] == [
        f"title {number}" for number in firsts.values()
    ]


KNOWN = pa.schema(
    [
        *(schemas.SHARDS.field(name) for name in ("thumbnail_id", "attempt", "revision")),
        *(schemas.KNOWN.field(name) for name in ("version", "fetched_at")),
        ("shard", pa.string()),
        *(schemas.THUMBNAILS.field(name) for name in ("status", "is_retriable")),
    ]
)


@always
@given(
    ids=st.lists(IDS, unique=True, max_size=12),
    known=st.lists(
        st.tuples(st.sampled_from(["ok", "timed_out", "not_found", None]), st.integers(1, 3)),
        max_size=12,
    ),
    size=st.integers(1, 5),
)
def test_a_thumbnail_is_kept_or_planned_in_exactly_one_shard(
    ids: list[str], known: list[tuple[str | None, int]], size: int
) -> None:
    wanted = want(pa.table({"video_id": pa.array(ids, pa.string())}), None)
    tries: list[dict[str, Any]] = [
        {
            "thumbnail_id": name,
            "attempt": attempt,
            "shard": f"old-{attempt}",
            "status": status,
            "is_retriable": None if status is None else status == "timed_out",
        }
        for name, (status, attempt) in zip(reversed(ids), known, strict=False)
    ]
    kept, to_do = plan_thumbnails(wanted, pa.Table.from_pylist(tries, KNOWN), LISTED.empty_table())
    again = {row["thumbnail_id"]: row["attempt"] for row in tries if row["is_retriable"]}
    shards = {row["thumbnail_id"]: row["shard"] for row in tries if not row["is_retriable"]}
    expected = [(name, shards[name]) for name in ids if name in shards]
    assert [tuple(row.values()) for row in kept.to_pylist()] == expected
    assert [(row["thumbnail_id"], row["attempt"]) for row in to_do.to_pylist()] == [
        (name, again.get(name, 0) + 1) for name in ids if name not in shards
    ]
    cut = [to_do.slice(start, size) for start in range(0, len(to_do), size)]
    names = [name_shard("0123456789ab", shard) for shard in cut]
    assert len(set(names)) == len(cut)
    for name, shard in zip(names, cut, strict=True):
        assert re.fullmatch("0123456789ab-[0-9a-f]{12}", name)
        assert table_of_shard(name) == "0123456789ab"
        assert name == name_shard("0123456789ab", pa.Table.from_pylist(shard.to_pylist()))


# --- Joining ------------------------------------------------------------------------------


@st.composite
def shards_with_faces(draw: st.DrawFn) -> dict[str, list[str] | None]:
    """The emotions of each thumbnail's faces; None for one without a picture."""
    ids = draw(st.lists(IDS, unique=True, min_size=1, max_size=6))
    emotions = st.lists(st.sampled_from(schemas.EMOTION_LABELS), max_size=4)
    return {name: draw(st.none() | emotions) for name in ids}


def joined(shard: dict[str, list[str] | None]) -> pa.Table:
    """Possible results of the stages, joined; numbers and texts follow from the id."""
    oks = {name for name, emotions in shard.items() if emotions is not None}
    faces = [
        {"thumbnail_id": name, "face_index": number, "emotion": emotion}
        for name, emotions in shard.items()
        for number, emotion in enumerate(emotions or [])
    ]

    def rows(schema: pa.Schema, **found: Any) -> pa.Table:
        return pa.Table.from_pylist(
            [
                {"thumbnail_id": name, **({key: make(name) for key, make in found.items()})}
                if name in oks
                else {"thumbnail_id": name, "status": "not_found"}
                for name in shard
            ],
            schema,
        )

    return join_shard(
        rows(schemas.THUMBNAILS, status=lambda name: "ok", sha256=str.lower),
        schemas.WORDS.empty_table(),
        rows(schemas.TEXTS, ocr=str.upper, ocr_length=len),
        rows(schemas.embeddings(2), ocr_embed=lambda name: [float(ord(name[0])), 0.0]),
        pa.Table.from_pylist(faces, schemas.FACES),
        pa.Table.from_pylist(faces, schemas.EMOTIONS),
        rows(schemas.APPEARANCE, edges=lambda name: ord(name[1]) / 128),
        thresholds=read_thresholds(),
    )


@always
@given(shard=shards_with_faces(), data=st.data())
def test_every_row_has_its_thumbnails_attributes_whatever_the_order(
    shard: dict[str, list[str] | None], data: st.DataObject
) -> None:
    attributes = joined(shard)
    ids = data.draw(st.lists(st.sampled_from([*shard, None, "no id"]), min_size=1, max_size=15))
    shuffled = attributes.take(data.draw(st.permutations(range(len(attributes)))))
    videos = pa.record_batch({"video_id": pa.array(ids, pa.string()), "row": range(len(ids))})
    table = join(videos, shuffled, from_folder=False)
    assert table["row"].to_pylist() == list(range(len(ids)))
    assert table.column_names == ["video_id", "row", *schemas.attributes(2).names]
    for name, row in zip(ids, table.to_pylist(), strict=True):
        emotions = shard.get(name or "")
        reason = {None: "no_link", "no id": "invalid_link"}
        assert row["video_id"] == name
        assert row["thumbnail_status"] == (
            "ok" if emotions is not None else reason.get(name, "not_found")
        )
        counts = Counter(emotions)
        ours = {key: value for key, value in row.items() if key not in ("video_id", "row")}
        if emotions is None:
            ours.pop("thumbnail_status")
            assert ours.pop("thumbnail_id") == (name if name in shard else None)
            assert set(ours.values()) == {None}
            continue
        assert name is not None
        assert ours["face_count"] == len(emotions)
        assert {label: ours[f"{label}_count"] for label in schemas.EMOTION_LABELS} == {
            label: counts[label] for label in schemas.EMOTION_LABELS
        }
        found = [ours[key] for key in ("thumbnail_id", "thumbnail_sha256", "thumbnail_ocr")]
        assert found == [name, name.lower(), name.upper()]
        assert ours["thumbnail_ocr_embed"] == [ord(name[0]), 0]
        assert ours["edges"] == ord(name[1]) / 128


# --- Exporting ----------------------------------------------------------------------------


MARKED = st.lists(st.sampled_from("''''=+-@＝－ \n\r\t\0\u200b\xa0aZ1_.(é")).map("".join)
"""Texts of which many begin with apostrophes, signs, blanks, or all of them."""


def is_key(text: str) -> bool:
    return text[:1] in tuple("+-@") and all(
        char.isascii() and (char.isalnum() or char in "_.-") for char in text[1:]
    )


def starts_a_formula(text: str) -> bool:
    """Whether a sign comes first, also in a key, or a tab or the end of a line."""
    unseen = ("Zs", "Zl", "Zp", "Cc", "Cf")
    seen = next((char for char in text if unicodedata.category(char) not in unseen), "")
    return seen in tuple("=+-@＝＋－＠") or text[:1] in tuple("\t\r\n")


def escaped(text: str) -> str:
    is_marked = starts_a_formula(text.lstrip("'")) and not is_key(text)
    return "'" + text if is_marked else text


@settings(always, max_examples=500)
@given(texts=st.lists(MARKED | TEXTS | st.text(st.characters(exclude_categories=["Cs"]))))
def test_marks_of_formulas_can_be_taken_away(texts: list[str]) -> None:
    for dtype in (pa.string(), pa.large_string()):
        array = pa.array([*texts, None], dtype)
        cells = escape_formulas(array)
        assert unescape_formulas(cells).equals(array)
        assert cells.to_pylist() == [*map(escaped, texts), None]
    assert all(is_key(cell) or not starts_a_formula(cell) for cell in cells.to_pylist()[:-1])


@always
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "text": st.none() | TEXTS | MARKED.map(lambda text: text.replace("\0", "")),
                "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
                "part": st.none() | st.floats(allow_nan=False),
                "texts": st.none() | st.lists(TEXTS, max_size=3),
                "vector": st.none() | st.lists(st.floats(width=32), min_size=2, max_size=2),
            }
        ),
        max_size=8,
    )
)
def test_the_csv_has_the_rows_of_the_parquet_file_and_no_formula(
    rows: list[dict[str, Any]],
) -> None:
    schema = pa.schema(
        {
            "text": pa.string(),
            "whole": pa.int64(),
            "part": pa.float64(),
            "texts": pa.list_(pa.string()),
            "vector": pa.list_(pa.float32(), 2),
        }
    )
    table = pa.Table.from_pylist(rows, schema)
    coded = table["text"].combine_chunks().dictionary_encode()
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, "a.parquet"), Path(folder, "a.csv")
        pq.write_table(table.append_column("coded", coded), source)
        write_csv(pq.ParquetFile(source), path, without=frozenset({"not_there"}))
        with path.open(encoding="utf-8", newline="") as file:
            header, *cells = csv.reader(file, strict=True)
    assert header == [*schema.names, "coded"]
    assert len(cells) == len(rows)
    texts_read = unescape_formulas(pa.array([text for text, *_ in cells], pa.string()))
    assert texts_read.to_pylist() == [row["text"] or "" for row in rows]
    for row, (text, whole, part, texts, vector, coded_text) in zip(rows, cells, strict=True):
        plain = row["text"] or ""
        assert text == coded_text == escaped(plain)
        assert (int(whole) if whole else None) == row["whole"]
        assert (float(part) if part else None) == row["part"]
        assert (json.loads(texts) if texts else None) == row["texts"]
        assert _single(vector[1:-1].split(", ") if vector else []) == _single(row["vector"] or [])


def _single(numbers: Iterable[str | float]) -> list[str]:
    """Numbers as 32-bit floats, rounded by Python; NaN equals itself."""
    return [repr(struct.unpack("f", struct.pack("f", float(number)))) for number in numbers]


# --- The vocabulary -----------------------------------------------------------------------

SENTENCES = st.lists(st.text("ab", min_size=1, max_size=16), max_size=5).map(" ".join)


@always
@given(text=st.text("abcz'_0 .-s", max_size=30))
def test_words_of_ascii_are_those_of_any_text(text: str) -> None:
    ascii_words = count_vocabulary([text])
    assert count_vocabulary([f"{text} ¡"]) == ascii_words


@given(
    rows=st.lists(st.tuples(st.none() | SENTENCES, st.none() | SENTENCES), max_size=10),
    data=st.data(),
)
def test_a_vocabulary_counts_distinct_texts_in_any_order(
    rows: list[tuple[str | None, str | None]], data: st.DataObject
) -> None:
    def words_of(texts: set[str | None]) -> Counter[str]:
        return Counter(
            word for text in texts for word in set((text or "").split()) if 3 <= len(word) <= 14
        )

    titles = words_of({title for title, _ in rows})
    descriptions = words_of({description for _, description in rows})
    trusted = {word for word, count in descriptions.items() if count > 1} | set(titles)
    shuffled = data.draw(st.permutations(rows * 2))
    text = pa.string()
    videos = pa.table(
        {
            "title": pa.array([title for title, _ in shuffled], text),
            "Description ": pa.array([description for _, description in shuffled], text),
        }
    )
    assert [tuple(row.values()) for row in build_vocabulary([videos]).to_pylist()] == [
        (word, titles[word] + descriptions[word]) for word in sorted(trusted)
    ]
