"""The join: one row of attributes for each row of the input."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.identified import join
from thumbnail_tasks import schemas
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.joining import join_shard
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.export.summary import Timing, summarize

IDS = OK, GONE = "aaaaaaaaaaa", "bbbbbbbbbbb"


def table(schema: pa.Schema, *rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema)


@pytest.fixture
def attributes() -> pa.Table:
    """One thumbnail with two faces, and one that could not be had."""
    return join_shard(
        table(
            schemas.THUMBNAILS,
            {"thumbnail_id": OK, "status": "ok", "width_px": 480},
            {"thumbnail_id": GONE, "status": "not_found"},
        ),
        table(
            schemas.TEXTS,
            {"thumbnail_id": OK, "ocr": "HI", "ocr_length": 1},
            {"thumbnail_id": GONE},
        ),
        table(
            schemas.embeddings(2), {"thumbnail_id": OK, "ocr_embed": [0, 1]}, {"thumbnail_id": GONE}
        ),
        table(schemas.FACES, {"thumbnail_id": OK}, {"thumbnail_id": OK}),
        table(
            schemas.EMOTIONS,
            {"thumbnail_id": OK, "emotion": "happy"},
            {"thumbnail_id": OK, "emotion": "sad"},
        ),
        table(schemas.APPEARANCE, {"thumbnail_id": OK, "edges": 0.25}, {"thumbnail_id": GONE}),
    )


def test_faces_are_counted_and_null_without_a_picture(attributes: pa.Table) -> None:
    assert attributes.schema == schemas.attributes(2)
    counts = ["face_count", "happy_count", "sad_count", "fear_count"]
    assert attributes.select(counts).to_pylist() == [
        {"face_count": 2, "happy_count": 1, "sad_count": 1, "fear_count": 0},
        dict.fromkeys(counts),
    ]


def test_nothing_is_exported_of_a_picture_that_crashed_a_later_stage() -> None:
    crashed = {"thumbnail_id": GONE, "status": "crashed_decoder"}
    face = {"thumbnail_id": GONE, "emotion": "happy"}
    attributes = join_shard(
        table(schemas.THUMBNAILS, {"thumbnail_id": OK, "status": "ok", "width_px": 480}, crashed),
        table(
            schemas.TEXTS,
            *(
                {"thumbnail_id": name, "ocr_raw": "HI", "ocr": "HI", "ocr_length": 1}
                for name in IDS
            ),
        ),
        table(
            schemas.embeddings(2),
            *({"thumbnail_id": name, "ocr_embed": [0, 1]} for name in IDS),
        ),
        table(schemas.FACES, {"thumbnail_id": GONE}),
        table(schemas.EMOTIONS, face),
        table(schemas.APPEARANCE, *({"thumbnail_id": name, "edges": 0.25} for name in IDS)),
    )
    left, nulled = attributes.to_pylist()
    known = {"thumbnail_id": GONE, "thumbnail_status": "crashed_decoder"}
    assert nulled == dict.fromkeys(schemas.attributes(2).names) | known
    assert (left["thumbnail_ocr"], left["face_count"], left["edges"]) == ("HI", 0, 0.25)


def test_tables_of_different_thumbnails_are_not_joined() -> None:
    thumbnails = table(schemas.THUMBNAILS, {"thumbnail_id": OK, "status": "ok"})
    others = table(schemas.TEXTS, {"thumbnail_id": GONE})
    with pytest.raises(StorageError, match="of different thumbnails"):
        join_shard(
            thumbnails,
            others,
            table(schemas.embeddings(2), {"thumbnail_id": OK}),
            schemas.FACES.empty_table(),
            schemas.EMOTIONS.empty_table(),
            table(schemas.APPEARANCE, {"thumbnail_id": OK}),
        )


def test_every_row_of_the_input_has_one_row(attributes: pa.Table) -> None:
    videos = pa.RecordBatch.from_pydict(
        {"video_id": [OK, None, GONE, "not an id", OK], "views": [1, 2, 3, 4, 5]}
    )
    joined = join(videos, attributes, from_folder=False)
    assert joined["views"].to_pylist() == [1, 2, 3, 4, 5]
    statuses = ["ok", "no_link", "not_found", "invalid_link", "ok"]
    assert joined["thumbnail_status"].to_pylist() == statuses
    assert joined["face_count"].to_pylist() == [2, None, None, None, 2]
    vectors = joined["thumbnail_ocr_embed"]
    assert vectors.to_pylist() == [[0, 1], None, None, None, [0, 1]]


def test_the_csv_is_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    cells = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "a=b", 'say "hi", you\nthere', "", None]
    names = {"text": pa.array(cells), "number": pa.array(range(-5, 5)), "vector": [[1.0]] * 10}
    pq.write_table(pa.table({**names, "list": [["=x"]] * 10}), tmp_path / "a.parquet")
    write_csv(tmp_path / "a.parquet", tmp_path / "a.csv", without=frozenset({"vector"}))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["text", "number", "list"]
    assert [row[0] for row in rows] == [
        *("'=1+1", "'+1", "'-1", "'@a", "'\tx", "'\rx", "a=b", 'say "hi", you\nthere', "", "")
    ]
    assert [row[1] for row in rows] == [str(number) for number in range(-5, 5)]
    assert rows[0][2] == '["=x"]'


def test_lists_of_numbers_are_json_in_the_csv(tmp_path: Path) -> None:
    shares = pa.array([[0.1, 0.9], None, [1 / 3, 2e-9], [None, 1.0]], pa.list_(pa.float32(), 2))
    for start in range(4):  # with and without the list that holds a null
        few = shares.slice(start, 3)
        table = pa.table({"row": range(len(few)), "shares": few})
        pq.write_table(table, tmp_path / "a.parquet")
        write_csv(tmp_path / "a.parquet", tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        for (_, cell), share in zip(rows, table["shares"].to_pylist(), strict=True):
            assert share == (pa.array(json.loads(cell), pa.float32()).to_pylist() if cell else None)


def test_dates_beyond_the_year_9999_are_texts_in_any_column(tmp_path: Path) -> None:
    moment = pa.array([400_000_000_000_000]).cast(pa.timestamp("ms"))
    nested = {
        "list": pa.ListArray.from_arrays([0, 1], moment),
        "pair": pa.FixedSizeListArray.from_arrays(moment, 1),
        "struct": pa.StructArray.from_arrays([moment], ["at"]),
        "map": pa.MapArray.from_arrays([0, 1], ["k"], moment),
    }
    pq.write_table(pa.table({"alone": moment, **nested}), tmp_path / "a.parquet")
    write_csv(tmp_path / "a.parquet", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        _, (alone, *cells) = csv.reader(file)
    text = "14645-06-30 15:06:40.000"
    assert alone == text
    assert [json.loads(cell) for cell in cells] == [[text], [text], {"at": text}, [["k", text]]]


def test_the_summary_counts_rows_thumbnails_texts_and_faces(attributes: pa.Table) -> None:
    timings = [Timing("DetectFaces", 2, 0.5), Timing("EmbedText", 0, 0.0)]
    said = summarize(3, attributes, timings, ["out.parquet"])
    for part in (
        "3 rows, 2 thumbnails: 1 ok, 1 not_found",
        "with text 100 %, with faces 100 %",
        "2 faces: 1 happy, 1 sad",
        "DetectFaces                    2       0.5         4.0",
        "out.parquet",
    ):
        assert part in said


def test_an_attribute_never_depends_on_the_row_order(attributes: pa.Table) -> None:
    shuffled = attributes.take(np.array([1, 0]))
    videos = pa.RecordBatch.from_pydict({"video_id": [GONE, OK]})
    one, other = (join(videos, each, from_folder=False) for each in (attributes, shuffled))
    assert one.equals(other)
