"""A picture that crashes keeps its row, without any value."""

import datetime

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.quarantine import (
    find_quarantined,
    null_rows,
    pick_rows,
    without_picture,
)

NONE = pa.chunked_array([], pa.string())


@pytest.fixture
def thumbnails() -> pa.Table:
    rows = [
        {
            "thumbnail_id": name,
            "url": f"{name}.jpg",
            "status": "ok",
            "http_status": 200,
            "width_px": 9,
            "image": name.encode(),
        }
        for name in "abc"
    ]
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_one_row_loses_its_picture_and_the_others_stay_unchanged(
    thumbnails: pa.Table, name: str
) -> None:
    left = without_picture(thumbnails, name, "crashed_decoder", "killed")
    assert left.schema == schemas.THUMBNAILS
    known = {"thumbnail_id": name, "url": f"{name}.jpg", "http_status": 200}
    reason = {"status": "crashed_decoder", "detail": "killed", "is_retriable": False}
    assert left.to_pylist() == [
        dict.fromkeys(schemas.THUMBNAILS.names) | known | reason
        if row["thumbnail_id"] == name
        else row
        for row in thumbnails.to_pylist()
    ]
    assert find_quarantined(left).to_pylist() == [name]


def test_what_is_known_of_the_fetch_stays(thumbnails: pa.Table) -> None:
    at = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    row = thumbnails.slice(0, 1).to_pylist()[0]
    fetch = {"version": 2, "fetched_at": at, "etag": '"1"', "last_modified": "then"}
    fetched = pa.Table.from_pylist([row | fetch], schemas.THUMBNAILS)
    (left,) = without_picture(fetched, "a", "crashed_decoder", "killed").to_pylist()
    assert {name: left[name] for name in fetch} == fetch


def test_a_file_of_an_earlier_version_keeps_its_columns(thumbnails: pa.Table) -> None:
    old = thumbnails.drop_columns(["version", "fetched_at", "etag", "last_modified"])
    left = without_picture(old, "b", "crashed_decoder", "killed")
    assert left.schema == old.schema
    assert left["status"].to_pylist() == ["ok", "crashed_decoder", "ok"]


def test_out_of_memory_may_be_retried(thumbnails: pa.Table) -> None:
    left = without_picture(thumbnails, "b", "out_of_memory", "killed")
    assert left["is_retriable"].to_pylist() == [None, True, None]
    assert find_quarantined(left).to_pylist() == ["b"]


def test_rows_of_one_thumbnail_are_picked_from_every_table(thumbnails: pa.Table) -> None:
    words = pa.table({"thumbnail_id": ["a", "b", "b", "c"], "text": ["1", "2", "3", "4"]})
    vocabulary = pa.table({"word": ["x", "y"]})
    tables = [thumbnails, words, vocabulary]
    picked = pick_rows(tables, range(1, 3), NONE)
    assert picked[0].equals(thumbnails.slice(1))
    assert picked[1]["text"].to_pylist() == ["2", "3", "4"]
    assert picked[2].equals(vocabulary)
    assert pick_rows(tables, range(3), NONE)[1].equals(words)
    assert [len(table) for table in pick_rows(tables, range(0), NONE)] == [0, 0, 2]


def test_of_crashed_rows_only_the_id_is_picked(thumbnails: pa.Table) -> None:
    words = pa.table({"thumbnail_id": ["a", "b"], "text": ["1", "2"]})
    first, second = pick_rows([thumbnails, words], range(3), pa.chunked_array([["b"]]))
    assert first["thumbnail_id"].to_pylist() == ["a", "b", "c"]
    assert first["image"].to_pylist() == [b"a", None, b"c"]
    assert first["status"].to_pylist() == ["ok", None, "ok"]
    assert second["text"].to_pylist() == ["1"]


def test_rows_become_null_in_every_column_whatever_its_type() -> None:
    table = schemas.embeddings(2).empty_table()
    assert null_rows(table, pa.chunked_array([], pa.bool_())).equals(table)
    table = pa.table([["a", "b"], [[1, 2], [3, 4]]], schema=schemas.embeddings(2))
    nulled = null_rows(table, pa.chunked_array([[False, True]]))
    assert nulled.to_pylist() == [
        {"thumbnail_id": None, "ocr_embed": None},
        {"thumbnail_id": "b", "ocr_embed": [3, 4]},
    ]
