"""The versions of thumbnails, from drawn histories."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tests.stages.test_checks import checks
from thumbnail_tasks import schemas
from thumbnail_tasks.export.versions import TRIES, list_versions

A, B = "aaaaaaaaaaa", "bbbbbbbbbbb"


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 3, tzinfo=UTC)


def history(tries: list[dict[str, Any]], *found: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = [{"thumbnail_id": A, "status": "ok", "shard": "s"} | row for row in tries]
    numbered = [
        {"thumbnail_id": A, "check_number": number + 1} | row for number, row in enumerate(found)
    ]
    versions = list_versions(pa.Table.from_pylist(rows, TRIES), checks(*numbered))
    assert versions.schema == schemas.VERSIONS
    return [tuple(row.values()) for row in versions.to_pylist()]


FIRST = {"version": 1, "fetched_at": day(1), "sha256": "1"}


def test_a_picture_is_seen_until_the_last_check_that_found_it() -> None:
    found = history(
        [FIRST],
        {"outcome": "not_modified", "fetched_at": day(8)},
        {"outcome": "same_picture", "fetched_at": day(15), "sha256": "of other bytes"},
        {"outcome": "timed_out", "fetched_at": day(22), "is_retriable": True},
    )
    assert found == [(A, 1, day(1), day(15), "1", None, None, "s")]


def test_a_changed_picture_is_another_version() -> None:
    found = history(
        [FIRST, {"version": 2, "fetched_at": day(8), "sha256": "2"}],
        {"outcome": "changed", "version": 2, "fetched_at": day(8), "perceptual_distance": 30},
        {"outcome": "same_bytes", "version": 2, "fetched_at": day(15)},
    )
    assert found == [
        (A, 1, day(1), day(1), "1", None, None, "s"),
        (A, 2, day(8), day(15), "2", 30, None, "s"),
    ]


def test_a_removed_picture_keeps_its_version_with_the_day_of_its_removal() -> None:
    gone = [{"outcome": "not_found", "fetched_at": day(number)} for number in (8, 15)]
    assert history([FIRST], *gone) == [(A, 1, day(1), day(1), "1", None, day(8), "s")]


def test_a_picture_that_came_back_is_not_removed() -> None:
    gone = {"outcome": "placeholder", "fetched_at": day(8)}
    back = {"outcome": "not_modified", "fetched_at": day(15)}
    assert history([FIRST], gone, back) == [(A, 1, day(1), day(15), "1", None, None, "s")]
    again = gone | {"fetched_at": day(22)}
    assert history([FIRST], gone, back, again)[0][-2] == day(22)


def test_tries_without_a_picture_are_no_versions() -> None:
    assert history([{"status": "not_found", "fetched_at": day(1)}]) == []
    late = {"status": "timed_out", "fetched_at": day(1)}
    assert history([late, FIRST | {"fetched_at": day(2)}]) == [
        (A, 1, day(2), day(2), "1", None, None, "s")
    ]


def test_a_picture_that_crashes_a_model_was_seen() -> None:
    crashed = {"status": "crashed_decoder", "version": 1, "fetched_at": day(1)}
    assert history([crashed]) == [(A, 1, day(1), day(1), None, None, None, None)]


def test_the_shard_of_a_version_is_one_that_has_its_picture() -> None:
    crashed = {"status": "out_of_memory", "version": 1, "fetched_at": day(1), "shard": "z"}
    assert history([crashed, FIRST | {"shard": "a"}])[0][-1] == "a"


def test_a_picture_of_an_earlier_version_of_the_package_has_no_first_day() -> None:
    found = history([{"sha256": "1"}], {"outcome": "same_bytes", "fetched_at": day(8)})
    assert found == [(A, 1, None, day(8), "1", None, None, "s")]


def test_thumbnails_are_listed_by_id() -> None:
    found = history([FIRST | {"thumbnail_id": B}, FIRST])
    assert [row[0] for row in found] == [A, B]
