"""The join: one row of attributes for each row of the input."""

import datetime
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from tests.identified import join
from thumbnail_tasks import schemas
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.export.joining import join_shard
from thumbnail_tasks.stages.texts import Thresholds

IDS = OK, GONE = "aaaaaaaaaaa", "bbbbbbbbbbb"
ALL_WORDS = Thresholds(0, 0, 0, 1)


def table(schema: pa.Schema, *rows: Mapping[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema)


@pytest.fixture
def attributes() -> pa.Table:
    """One thumbnail with two faces, and one that could not be fetched."""
    return join_shard(
        table(
            schemas.THUMBNAILS,
            {"thumbnail_id": OK, "status": "ok", "width_px": 480},
            {"thumbnail_id": GONE, "status": "not_found"},
        ),
        table(schemas.WORDS, {"thumbnail_id": OK, "text": "HI", "confidence": 0.75}),
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
        thresholds=ALL_WORDS,
    )


def test_faces_are_counted_and_null_without_a_picture(attributes: pa.Table) -> None:
    assert attributes.schema == schemas.attributes(2)
    counts = ["face_count", "happy_count", "sad_count", "fear_count"]
    assert attributes.select(counts).to_pylist() == [
        {"face_count": 2, "happy_count": 1, "sad_count": 1, "fear_count": 0},
        dict.fromkeys(counts),
    ]


def test_objects_are_counted_by_class_the_most_frequent_first() -> None:
    names = ("people", "nothing", "unknown", "gone")
    ids = [{"thumbnail_id": name} for name in names]
    statuses = ["ok", "ok", "ok", "crashed_decoder"]
    classes: dict[str, list[str | None]] = {
        "people": ["tie", "person", "cat", "person"],
        "unknown": [None],
        "gone": ["person"],
    }
    attributes = join_shard(
        table(schemas.THUMBNAILS, *(a | {"status": b} for a, b in zip(ids, statuses, strict=True))),
        schemas.WORDS.empty_table(),
        table(schemas.TEXTS, *ids),
        table(schemas.embeddings(2), *ids),
        schemas.FACES.empty_table(),
        schemas.EMOTIONS.empty_table(),
        table(schemas.APPEARANCE, *ids),
        table(
            schemas.OBJECTS,
            *({"thumbnail_id": name, "class": kind} for name in classes for kind in classes[name]),
        ).select(["thumbnail_id", "class"]),
        thresholds=ALL_WORDS,
    )
    assert attributes.schema == schemas.attributes(2, has_objects=True)
    assert attributes["object_counts"].to_pylist() == [
        [("person", 2), ("tie", 1), ("cat", 1)],
        [],
        None,  # was not looked at
        None,
    ]
    assert attributes["person_count"].to_pylist() == [2, 0, None, None]


def test_without_text_there_is_no_vector() -> None:
    names = [{"thumbnail_id": name} for name in IDS]
    attributes = join_shard(
        table(schemas.THUMBNAILS, *(name | {"status": "ok"} for name in names)),
        schemas.WORDS.empty_table(),
        table(schemas.TEXTS, names[0] | {"ocr": ""}, names[1] | {"ocr": "HI"}),
        table(
            schemas.embeddings(2),
            names[0] | {"ocr_embed": [0, 0]},
            names[1] | {"ocr_embed": [0, 1]},
        ),
        schemas.FACES.empty_table(),
        schemas.EMOTIONS.empty_table(),
        table(schemas.APPEARANCE, *names),
        thresholds=ALL_WORDS,
    )
    assert attributes["thumbnail_ocr_embed"].to_pylist() == [None, [0, 1]]


def test_nothing_is_exported_of_a_picture_that_crashed_a_later_stage() -> None:
    crashed = {"thumbnail_id": GONE, "status": "crashed_decoder"}
    face = {"thumbnail_id": GONE, "emotion": "happy"}
    attributes = join_shard(
        table(schemas.THUMBNAILS, {"thumbnail_id": OK, "status": "ok", "width_px": 480}, crashed),
        schemas.WORDS.empty_table(),
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
        thresholds=ALL_WORDS,
    )
    left, nulled = attributes.to_pylist()
    known = {"thumbnail_id": GONE, "thumbnail_status": "crashed_decoder"}
    assert nulled == dict.fromkeys(schemas.attributes(2).names) | known
    assert (left["thumbnail_ocr"], left["face_count"], left["edges"]) == ("HI", 0, 0.25)


def join_one(thumbnails: pa.Table) -> dict[str, object]:
    """The attributes of one thumbnail on which nothing was found."""
    (row,) = join_shard(
        thumbnails,
        schemas.WORDS.empty_table(),
        table(schemas.TEXTS, {"thumbnail_id": OK}),
        table(schemas.embeddings(2), {"thumbnail_id": OK, "ocr_embed": [0, 0]}),
        schemas.FACES.empty_table(),
        schemas.EMOTIONS.empty_table(),
        table(schemas.APPEARANCE, {"thumbnail_id": OK}),
        thresholds=ALL_WORDS,
    ).to_pylist()
    return dict(row)


def test_a_version_has_its_number_and_the_time_of_its_fetch() -> None:
    at = datetime.datetime(2026, 11, 1, 3, tzinfo=datetime.UTC)
    row = {"thumbnail_id": OK, "status": "ok", "version": 3, "fetched_at": at}
    joined = join_one(table(schemas.THUMBNAILS, row))
    assert (joined["thumbnail_version"], joined["thumbnail_changed_count"]) == (3, 2)
    assert joined["thumbnail_first_seen_at"] == at


def test_thumbnails_of_an_earlier_version_of_the_package_are_first_versions() -> None:
    new = ["version", "fetched_at", "etag", "last_modified"]
    old = table(schemas.THUMBNAILS, {"thumbnail_id": OK, "status": "ok"}).drop_columns(new)
    joined = join_one(old)
    assert (joined["thumbnail_version"], joined["thumbnail_changed_count"]) == (1, 0)
    assert joined["thumbnail_first_seen_at"] is None


def test_a_thumbnail_without_attributes_keeps_its_id_and_has_a_status(
    attributes: pa.Table,
) -> None:
    unknown = "ccccccccccc"
    videos = pa.RecordBatch.from_pydict({"video_id": [unknown, OK]})
    joined = join(videos, attributes, from_folder=False)
    assert joined["thumbnail_id"].to_pylist() == [unknown, OK]
    assert joined["thumbnail_status"].to_pylist() == ["not_fetched", "ok"]
    assert joined["face_count"].to_pylist() == [None, 2]


def test_tables_of_different_thumbnails_are_not_joined() -> None:
    thumbnails = table(schemas.THUMBNAILS, {"thumbnail_id": OK, "status": "ok"})
    others = table(schemas.TEXTS, {"thumbnail_id": GONE})
    with pytest.raises(StorageError, match="of different thumbnails"):
        join_shard(
            thumbnails,
            schemas.WORDS.empty_table(),
            others,
            table(schemas.embeddings(2), {"thumbnail_id": OK}),
            schemas.FACES.empty_table(),
            schemas.EMOTIONS.empty_table(),
            table(schemas.APPEARANCE, {"thumbnail_id": OK}),
            thresholds=ALL_WORDS,
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


def test_an_attribute_never_depends_on_the_row_order(attributes: pa.Table) -> None:
    shuffled = attributes.take(np.array([1, 0]))
    videos = pa.RecordBatch.from_pydict({"video_id": [GONE, OK]})
    one, other = (join(videos, each, from_folder=False) for each in (attributes, shuffled))
    assert one.equals(other)
