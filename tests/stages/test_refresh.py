"""What a check finds: the same picture, another one, or none; and what is asked for."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.pictures.test_decoding import encoded
from tests.stages.test_checks import checks
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.checks import DUE
from thumbnail_tasks.stages.refresh import SEEN, find_checked, find_seen, judge_checks

A, B = "aaaaaaaaaaa", "bbbbbbbbbbb"


def draw(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture of twelve coloured squares."""
    squares = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    return np.kron(squares, np.ones((60, 80, 1), np.uint8))


def seen(**about: Any) -> pa.Table:
    defaults = {"thumbnail_id": A, "version": 1, "shard": "one", "check_number": 4}
    return pa.Table.from_pylist([defaults | about], SEEN)


def judge(stored: bytes, seen: pa.Table, **found: Any) -> dict[str, Any]:
    row = {"thumbnail_id": A, "status": "ok", "url": "u", "http_status": 200} | found
    if "sha256" not in row and row.get("image"):
        row["sha256"] = "of other bytes"
    table = judge_checks(
        seen, pa.Table.from_pylist([row], schemas.THUMBNAILS), lambda shard, name: stored
    )
    assert table.schema == schemas.CHECKS
    (check,) = table.to_pylist()
    assert check["check_number"] == 4
    return dict(check)


def test_another_picture_is_a_new_version_and_kept() -> None:
    new = encoded(draw(2), "JPEG")
    check = judge(encoded(draw(1), "JPEG"), seen(version=3), image=new, etag='"2"')
    assert (check["outcome"], check["version"], check["etag"]) == ("changed", 4, '"2"')
    assert check["image"] == new
    assert check["perceptual_distance"] > 16


def test_the_picture_encoded_otherwise_is_the_same_and_not_kept() -> None:
    check = judge(encoded(draw(1)), seen(), image=encoded(draw(1), "JPEG"))
    assert (check["outcome"], check["version"], check["image"]) == ("same_picture", 1, None)
    assert 0 < check["perceptual_distance"] < 10
    assert check["sha256"] == "of other bytes"


@pytest.mark.parametrize("name", ["seen_sha256", "stored_sha256"])
def test_the_same_bytes_are_not_compared(name: str) -> None:
    check = judge(b"not read", seen(**{name: "x"}), image=b"new", sha256="x")
    assert (check["outcome"], check["perceptual_distance"], check["image"]) == (
        *("same_bytes", None, None),
    )


def test_what_is_not_modified_is_what_was_seen() -> None:
    about = seen(seen_sha256="x", stored_sha256="y")
    check = judge(b"not read", about, status="not_modified", http_status=304, etag='"1"')
    assert (check["outcome"], check["sha256"], check["etag"]) == ("not_modified", "x", '"1"')


@pytest.mark.parametrize(
    ("status", "is_retriable"), [("not_found", False), ("timed_out", True), ("not_an_image", False)]
)
def test_without_a_picture_the_version_stays_and_the_reason_is_kept(
    status: str, is_retriable: bool
) -> None:
    check = judge(
        b"not read", seen(version=2), status=status, detail="why", is_retriable=is_retriable
    )
    assert (check["outcome"], check["version"], check["image"]) == (status, 2, None)
    assert (check["detail"], check["is_retriable"]) == ("why", is_retriable)


def find(*rows: dict[str, Any], version: int = 1) -> dict[str, Any]:
    """What was seen last of a thumbnail with these checks, fetched first with the ETag "1"."""
    due = pa.Table.from_pylist([{"thumbnail_id": A, "shard": "one", "version": version}], DUE)
    wanted = pa.table({"thumbnail_id": [B, A], "url": ["of b", "of a"]})
    row = {"thumbnail_id": A, "url": "u", "etag": '"1"', "sha256": "1"}
    stored = pa.Table.from_pylist([row], schemas.THUMBNAILS)
    earlier = checks(*({"thumbnail_id": A} | row for row in rows))
    found = find_seen(find_checked(due, wanted, earlier), stored)
    assert found.schema == SEEN
    return dict(found.to_pylist()[0])


def test_the_first_check_has_the_validators_of_the_fetch() -> None:
    row = find()
    assert (row["url"], row["check_number"]) == ("of a", 1)
    assert (row["seen_url"], row["seen_etag"], row["seen_sha256"]) == ("u", '"1"', "1")


def test_the_next_check_has_the_validators_of_the_last_that_found_the_picture() -> None:
    same = {"outcome": "same_picture", "url": "v", "etag": '"2"', "sha256": "2"}
    failed = {"outcome": "not_found", "check_number": 2, "url": "w"}
    row = find(same, failed)
    assert (row["check_number"], row["seen_url"], row["seen_etag"]) == (3, "v", '"2"')
    assert (row["stored_sha256"], row["seen_sha256"]) == ("1", "2")


def test_checks_of_an_earlier_version_do_not_count_for_the_next() -> None:
    row = find({"outcome": "same_bytes", "etag": '"0"', "version": 1}, version=2)
    assert (row["seen_etag"], row["version"], row["check_number"]) == ('"1"', 2, 2)
