"""Numbers about text and faces, against boxes whose areas and places are known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbnail_tasks import schemas
from thumbnail_tasks.export.measures import count_words, measure_faces, measure_text

A, B = "aaaaaaaaaaa", "bbbbbbbbbbb"

Box = tuple[float, float, float, float]


def pictures(*sizes: tuple[int | None, int | None, float | None]) -> pa.Table:
    """Pictures of these widths, heights and aspect ratios without bars."""
    names = ("width_px", "height_px", "aspect_ratio")
    rows = [
        {"thumbnail_id": name, **dict(zip(names, size, strict=True))}
        for name, size in zip((A, B), sizes, strict=False)
    ]
    types = (pa.string(), pa.int32(), pa.int32(), pa.float32())
    schema = pa.schema(list(zip(("thumbnail_id", *names), types, strict=True)))
    return pa.Table.from_pylist(rows, schema)


SQUARE = (100, 100, 1.0)
WITH_BARS = (480, 360, 480 / 270)
"""YouTube's hqdefault: bars of 45 pixels above and below."""


def box_columns(box: Box | None) -> dict[str, float]:
    return {} if box is None else dict(zip(("x_min", "y_min", "x_max", "y_max"), box, strict=True))


def words(*found: tuple[str, str | None, float | None, Box | None]) -> pa.Table:
    """Rows of a thumbnail, a text, a confidence and a box; without a text a line in Thai."""
    rows = [
        {
            "thumbnail_id": name,
            "text": text,
            "confidence": confidence,
            "script": "Latin" if text else "Thai",
            **box_columns(box),
        }
        for name, text, confidence, box in found
    ]
    return pa.Table.from_pylist(rows, schemas.WORDS)


def texts(*ocr: str | None, unread: Sequence[int | None] = (0, 0)) -> pa.Table:
    rows = [
        {"thumbnail_id": name, "ocr": text, "unread_lines": n}
        for name, text, n in zip((A, B), ocr, unread, strict=False)
    ]
    return pa.Table.from_pylist(rows, schemas.TEXTS)


def measured(*args: Any, measure: Any = measure_text) -> list[dict[str, Any]]:
    columns = measure(*args)
    fields = {field.name: field.type for field in schemas.attributes(1)}
    assert {name: column.type for name, column in columns.items()} == {
        name: fields[name] for name in columns
    }
    rows: list[dict[str, Any]] = pa.table(columns).to_pylist()
    return rows


def all_of(table: pa.Table) -> pa.ChunkedArray:
    return table["text"].is_valid()


@pytest.mark.parametrize(
    ("text", "n_words"),
    [
        ("", 0),
        (" ", 0),
        ("I QUIT", 2),
        ("don't & won't!", 2),
        ("... 10,000.50 $ — 24/7", 2),
        ("AC/DC #1 50% C++", 4),
        ("naïve façade", 2),
        ("ÇA ВСЁ हिन्दी 한국어", 4),
        ("東京 Tokyo", 3),
        ("東京タワー2026年", 7),
    ],
)
def test_words_are_counted_as_a_person_does(text: str, n_words: int) -> None:
    assert count_words(pa.chunked_array([[text, None]])).to_pylist() == [n_words, None]


def test_text_is_placed_on_the_picture_without_its_bars() -> None:
    found = words((A, "HI", 0.9, (0, 45, 240, 315)))  # the left half
    (row,) = measured(pictures(WITH_BARS), texts("HI"), found, all_of(found))
    assert row == {
        "word_count": 1,
        "text_area_share": 0.5,
        "text_center_x": 0.25,
        "text_center_y": 0.5,
        "ocr_confidence_mean": pytest.approx(0.9),
    }


def test_centre_is_weighted_by_area_and_confidence_is_not() -> None:
    found = words((A, "BIG", 0.8, (0, 0, 100, 30)), (A, "low", 1.0, (0, 90, 100, 100)))
    (row,) = measured(pictures(SQUARE), texts("BIG low"), found, all_of(found))
    assert row["text_center_y"] == pytest.approx((0.15 * 0.3 + 0.95 * 0.1) / 0.4)
    assert row["ocr_confidence_mean"] == pytest.approx(0.9)


def test_boxes_over_each_other_and_beyond_the_picture_count_once_and_within() -> None:
    found = words((A, "A", 1.0, (-50, 0, 50, 100)), (A, "B", 1.0, (25, 0, 75, 100)))
    (row,) = measured(pictures(SQUARE), texts("A B"), found, all_of(found))
    assert row["text_area_share"] == pytest.approx(0.75)


def test_unread_lines_are_text_and_dropped_words_are_not() -> None:
    found = words((A, None, 0.9, (0, 0, 100, 10)), (A, "junk", 0.1, (0, 50, 100, 100)))
    (row,) = measured(pictures(SQUARE), texts(None, unread=[1]), found, pa.array([False, False]))
    assert row["text_area_share"] == pytest.approx(0.1)
    assert (row["word_count"], row["ocr_confidence_mean"]) == (None, None)


def test_a_picture_without_text_is_not_one_that_was_not_read() -> None:
    found = words()
    rows = measured(
        pictures(SQUARE, SQUARE), texts("", None, unread=[0, None]), found, all_of(found)
    )
    nothing = dict.fromkeys(("text_center_x", "text_center_y", "ocr_confidence_mean"))
    assert rows == [
        {"word_count": 0, "text_area_share": 0, **nothing},
        {"word_count": None, "text_area_share": None, **nothing},
    ]


def test_words_without_boxes_have_no_area() -> None:
    found = words((A, "HI", None, None))
    (row,) = measured(pictures(SQUARE), texts("HI"), found, all_of(found))
    assert (row["word_count"], row["text_area_share"], row["text_center_x"]) == (1, None, None)
    assert row["ocr_confidence_mean"] is None


def faces(*found: tuple[str, Box, Mapping[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Rows of a thumbnail, a box, and columns of its emotion."""
    boxes = [{"thumbnail_id": name, **box_columns(box)} for name, box, _ in found]
    emotions = [
        {"thumbnail_id": name} | dict.fromkeys(schemas.EMOTION_LABELS, 0.0) | dict(about)
        for name, _, about in found
    ]
    return (
        pa.Table.from_pylist(boxes, schemas.FACES),
        pa.Table.from_pylist(emotions, schemas.EMOTIONS),
    )


def test_faces_are_measured() -> None:
    found = faces(
        (A, (0, 0, 20, 20), {"happy": 0.5, "sad": 0.5}),
        (A, (60, 40, 100, 80), {"happy": 1.0}),
        (A, (0, 0, 10, 10), {"angry": 1.0, "is_blurred": True, "is_turned": True}),
    )
    first, second = measured(pictures(SQUARE, SQUARE), *found, measure=measure_faces)
    emotions = {f"{label}_mean": 0.0 for label in schemas.EMOTION_LABELS}
    assert first == pytest.approx(
        {
            "face_area_share": 0.04 + 0.16,
            "largest_face_share": 0.16,
            "largest_face_center_x": 0.8,
            "largest_face_center_y": 0.6,
            "doubtful_face_count": 1,
            **emotions,
            "happy_mean": 0.75,
            "sad_mean": 0.25,
        }
    )
    assert second == dict.fromkeys(first) | {"face_area_share": 0, "doubtful_face_count": 0}


def test_without_a_face_that_can_be_judged_there_is_no_emotion() -> None:
    found = faces((A, (0, 0, 20, 20), {"happy": 1.0, "is_too_small": True}))
    (row,) = measured(pictures(SQUARE), *found, measure=measure_faces)
    assert (row["happy_mean"], row["doubtful_face_count"]) == (None, 1)
    assert row["largest_face_share"] == pytest.approx(0.04)


def test_of_equal_faces_the_first_is_the_largest() -> None:
    found = faces((A, (0, 0, 20, 20), {}), (A, (50, 50, 70, 70), {}))
    (row,) = measured(pictures(SQUARE), *found, measure=measure_faces)
    assert row["largest_face_center_x"] == pytest.approx(0.1)


edges = st.integers(0, 20)


@given(st.lists(st.tuples(st.booleans(), edges, edges, edges, edges), max_size=8))
def test_covered_share_is_that_of_the_covered_pixels(
    drawn: list[tuple[bool, int, int, int, int]],
) -> None:
    boxes: list[tuple[str, tuple[int, int, int, int]]] = [
        (B if on_second else A, (min(x), min(y), max(x), max(y)))
        for on_second, *corners in drawn
        for x, y in [(corners[:2], corners[2:])]
    ]
    covered = {A: np.zeros((20, 20), bool), B: np.zeros((20, 20), bool)}
    for name, (left, top, right, bottom) in boxes:
        covered[name][top:bottom, left:right] = True
    found = faces(*((name, box, {}) for name, box in boxes))
    size = (20, 20, 1.0)
    rows = measured(pictures(size, size), *found, measure=measure_faces)
    assert [row["face_area_share"] for row in rows] == pytest.approx(
        [covered[A].mean(), covered[B].mean()]
    )
