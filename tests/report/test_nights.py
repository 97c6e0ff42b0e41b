"""What is new, gone and changed since an earlier night."""

from typing import Any

import pandas as pd
import pyarrow as pa

from thumbnail_tasks.report.nights import Before, columns_to_compare, compare_nights

BEFORE: list[dict[str, Any]] = [
    {"thumbnail_id": "same", "thumbnail_status": "ok", "thumbnail_sha256": "a", "title": "A"},
    {"thumbnail_id": "same", "thumbnail_status": "ok", "thumbnail_sha256": "a", "title": "again"},
    {"thumbnail_id": "other", "thumbnail_status": "ok", "thumbnail_sha256": "b", "title": "B"},
    {"thumbnail_id": "read", "thumbnail_status": "ok", "thumbnail_sha256": "c", "title": "C"},
    {"thumbnail_id": "lost", "thumbnail_status": "ok", "thumbnail_sha256": "d", "title": "D"},
    {"thumbnail_id": "gone", "thumbnail_status": "ok", "thumbnail_sha256": "e", "title": "E"},
    {"thumbnail_id": None, "thumbnail_status": "no_link", "title": "F"},
]
NOW: list[dict[str, Any]] = [
    {"thumbnail_id": "new", "thumbnail_status": "ok", "thumbnail_sha256": "f"},
    {"thumbnail_id": "same", "thumbnail_status": "ok", "thumbnail_sha256": "a"},
    {"thumbnail_id": None, "thumbnail_status": "no_link"},
    {"thumbnail_id": "other", "thumbnail_status": "ok", "thumbnail_sha256": "B"},
    {"thumbnail_id": "read", "thumbnail_status": "ok", "thumbnail_sha256": "c"},
    {"thumbnail_id": "lost", "thumbnail_status": "not_found"},
]
TEXTS = {"same": ("HELLO", "HELLO"), "read": ("STDP", "STOP"), "other": (None, "HI")}


def compare(known: list[str]) -> dict[str, Any]:
    before = [
        row | {"thumbnail_ocr": TEXTS.get(row["thumbnail_id"] or "", ("", ""))[0]} for row in BEFORE
    ]
    now = pd.DataFrame(NOW)
    now["thumbnail_ocr"] = [TEXTS.get(key or "", ("", ""))[1] for key in now["thumbnail_id"]]
    rows = pa.Table.from_pylist(before)
    return compare_nights(now, Before("2026-11-28", rows, pa.array(known)))


def test_new_gone_and_changed_thumbnails_are_found() -> None:
    found = compare(["new", "same", "other", "read", "lost"])
    assert found == {
        "date": "2026-11-28",
        "new": [0],
        "status": [5],
        "picture": [3],
        "text": [4],
        "texts": {4: "STDP"},
        "gone": [["gone", "E"]],
        "n_gone": 1,
    }


def test_what_a_sample_leaves_out_is_not_gone() -> None:
    assert compare(["new", "same", "other", "read", "lost", "gone"])["n_gone"] == 0


def test_only_the_columns_that_are_compared_are_read() -> None:
    names = ["Video Title", "thumbnail_id", "thumbnail_status", "thumbnail_sha256", "thumbnail_ocr"]
    schema = pa.schema([(name, pa.string()) for name in [*names, "views"]])
    assert set(columns_to_compare(schema)) == set(names)
