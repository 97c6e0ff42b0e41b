"""Which thumbnails are due, and which version of each is known, from shards and checks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.stages.test_known import target_of, write_list
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.checks import (
    LISTED,
    check_target,
    find_versions,
    last_of_each,
    list_due,
    name_checks,
    read_checks,
    read_received,
)

A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"
TODAY = datetime(2026, 11, 29, tzinfo=UTC)
WEEK_AGO = TODAY - timedelta(7)


def ago(days: float) -> datetime:
    return TODAY - timedelta(days)


def known(**fetched: datetime | None) -> pa.Table:
    """Pictures fetched at some times."""
    rows = [
        {"thumbnail_id": name, "shard": "one", "attempt": 1, "status": "ok", "fetched_at": at}
        for name, at in fetched.items()
    ]
    return pa.Table.from_pylist(rows, schemas.KNOWN)


def checks(*rows: dict[str, Any]) -> pa.Table:
    defaults = {"check": "file", "version": 1, "is_retriable": False, "check_number": 1}
    return pa.Table.from_pylist([defaults | row for row in rows], LISTED)


def due(ids: list[str], known: pa.Table, checks: pa.Table) -> list[str]:
    table = list_due(pa.chunked_array([ids]), known, checks, WEEK_AGO)
    return list(table["thumbnail_id"].to_pylist())


def test_the_longest_unseen_is_asked_for_first_and_an_unknown_time_before_all() -> None:
    seen = known(**{A: ago(8), B: ago(6), C: ago(30), "old": None})
    assert due([A, B, C, "old", "new"], seen, checks()) == ["old", C, A]


@pytest.mark.parametrize(
    ("outcome", "is_retriable", "is_due"),
    [
        ("not_modified", False, False),
        ("same_picture", False, False),
        ("not_found", False, False),
        ("timed_out", True, True),
    ],
)
def test_a_check_counts_unless_it_failed_transiently(
    outcome: str, is_retriable: bool, is_due: bool
) -> None:
    check = {"thumbnail_id": A, "outcome": outcome, "fetched_at": ago(1)}
    found = checks(check | {"is_retriable": is_retriable})
    assert due([A], known(**{A: ago(30)}), found) == [A] * is_due


@pytest.mark.parametrize("status", ["not_found", None])
def test_only_pictures_are_asked_for_again(status: str | None) -> None:
    row = {"thumbnail_id": A, "shard": "one", "attempt": 1, "status": status}
    without = pa.Table.from_pylist([row], schemas.KNOWN)
    assert due([A], without, checks()) == []


def test_the_last_check_is_that_of_the_highest_number_whatever_the_clock_said() -> None:
    first = {"thumbnail_id": A, "check_number": 1, "fetched_at": ago(-300)}
    second = {"thumbnail_id": A, "check_number": 2, "fetched_at": ago(20)}
    assert last_of_each(checks(first, second))["check_number"].to_pylist() == [2]
    assert due([A], known(**{A: ago(30)}), checks(first, second)) == [A]


def test_the_latest_version_is_that_of_the_last_change() -> None:
    changes: list[dict[str, Any]] = [
        {"thumbnail_id": A, "outcome": "changed", "version": 2, "check": "x"},
        {"thumbnail_id": A, "outcome": "changed", "version": 3, "check_number": 2, "check": "y"},
        {"thumbnail_id": A, "outcome": "not_modified", "version": 3, "check_number": 3},
        {"thumbnail_id": B, "outcome": "same_bytes"},
    ]
    found = find_versions(pa.chunked_array([[B, A]]), checks(*changes))
    assert found.select(["version", "check"]).to_pylist() == [
        {"version": None, "check": None},
        {"version": 3, "check": "y"},
    ]


def write_checks(folder: Path, *rows: dict[str, Any]) -> str:
    table = pa.Table.from_pylist(list(rows), schemas.CHECKS)
    name = name_checks(table)
    check_target(str(folder), "s", name).write(table)
    return name


def test_files_are_read_in_the_order_of_the_checks(tmp_path: Path) -> None:
    assert read_checks(str(tmp_path), "s").equals(LISTED.empty_table())
    later = write_checks(tmp_path, {"thumbnail_id": A, "check_number": 2, "image": b"2"})
    first = write_checks(tmp_path, {"thumbnail_id": A, "check_number": 1, "image": b"1"})
    found = read_checks(str(tmp_path), "s")
    assert found.schema == LISTED
    assert found["check"].to_pylist() == [first, later]


def test_a_damaged_file_is_moved_aside(tmp_path: Path) -> None:
    name = write_checks(tmp_path, {"thumbnail_id": A, "check_number": 1})
    path = Path(check_target(str(tmp_path), "s", name).path)
    path.write_bytes(path.read_bytes()[:-9])
    assert len(read_checks(str(tmp_path), "s")) == 0
    assert not path.exists()


def test_a_shard_has_the_pictures_that_a_check_fetched(tmp_path: Path) -> None:
    about = {"outcome": "changed", "url": "u", "http_status": 200, "fetched_at": ago(1)}
    name = write_checks(
        tmp_path,
        {"thumbnail_id": A, "image": b"new", "etag": '"2"', **about},
        {"thumbnail_id": B, "image": b"of another shard", **about},
    )
    rows = [{"thumbnail_id": A, "check": name}, {"thumbnail_id": C, "check": None}]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    (received,) = read_received(shard, str(tmp_path), "s").items()
    assert received[0] == A
    assert (received[1].status, received[1].image, received[1].etag) == ("ok", b"new", '"2"')
    assert received[1].fetched_at == ago(1)


def test_what_a_lost_file_had_is_fetched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"thumbnail_id": A, "check": "lost"}]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    assert read_received(shard, str(tmp_path), "s") == {}
    assert "is lost; 1 changed thumbnails are fetched again" in caplog.text


def test_a_list_of_an_earlier_version_names_no_checks(tmp_path: Path) -> None:
    write_list(tmp_path, "one", 1, A)
    listed = target_of(tmp_path, "shards/s/one").read().drop_columns(["check", "version"])
    assert read_received(listed, str(tmp_path), "s") == {}
