"""Nights of pictures, failures and removals in any order: versions are what a server showed."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pictures.test_decoding import encoded
from tests.stages.test_refresh import draw
from thumbnail_tasks import schemas
from thumbnail_tasks.export.versions import TRIES, list_versions
from thumbnail_tasks.stages.checks import LISTED, list_due
from thumbnail_tasks.stages.plan import plan_thumbnails
from thumbnail_tasks.stages.refresh import find_checked, find_seen, judge_checks
from thumbnail_tasks.stages.wanted import WANTED

A = "aaaaaaaaaaa"
PICTURES = {
    "one": encoded(draw(1)),
    "one otherwise": encoded(draw(1), "JPEG"),
    "two": encoded(draw(2)),
    "three": encoded(draw(3)),
}
SHOWN = {"one otherwise": "one"}
"""What a picture shows, if it is not its name."""


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(number)


class Archive:
    """What the files of one thumbnail hold, night by night."""

    def __init__(self) -> None:
        self.tries: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []

    def night(self, number: int, shown: str) -> None:
        wanted = pa.Table.from_pylist([{"thumbnail_id": A, "url": "u", "row": 0}], WANTED)
        due = list_due(wanted["thumbnail_id"], self._known(), self._listed(), day(number))
        if len(due):
            stored = pa.Table.from_pylist([self.tries[-1]], schemas.THUMBNAILS)
            seen = find_seen(find_checked(due, wanted, self._listed()), stored)
            found = pa.Table.from_pylist([fetch(number, shown)], schemas.THUMBNAILS)
            checks = judge_checks(seen, found, lambda shard, name: self.tries[-1]["image"])
            self.checks += [row | {"check": str(number)} for row in checks.to_pylist()]
        _, to_do = plan_thumbnails(wanted, self._known(), self._listed())
        for row in to_do.to_pylist():
            about = {name: row[name] for name in ("attempt", "version")}
            received = [check for check in self.checks if check["check"] == row["check"]]
            result = fetch(number, shown)
            for check in received:
                result = {name: check[name] for name in ("fetched_at", "sha256", "image")}
                result |= {"status": "ok", "is_retriable": False}
            self.tries.append({"thumbnail_id": A, "shard": str(number)} | about | result)

    def _known(self) -> pa.Table:
        return pa.Table.from_pylist(self.tries[-1:], schemas.KNOWN)

    def _listed(self) -> pa.Table:
        return pa.Table.from_pylist(self.checks, LISTED)

    def versions(self) -> list[dict[str, Any]]:
        tries = pa.Table.from_pylist(self.tries, TRIES)
        return list(list_versions(tries, self._listed()).to_pylist())


def fetch(number: int, shown: str) -> dict[str, Any]:
    row = {"thumbnail_id": A, "url": "u", "fetched_at": day(number), "is_retriable": False}
    if shown in PICTURES:
        image = PICTURES[shown]
        digest = hashlib.sha256(image).hexdigest()
        return row | {"status": "ok", "image": image, "sha256": digest}
    return row | {"status": shown, "is_retriable": shown == "timed_out"}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*PICTURES, "not_found", "timed_out"]), min_size=1, max_size=9))
def test_versions_are_the_pictures_that_a_server_showed_one_after_the_other(
    nights: list[str],
) -> None:
    archive = Archive()
    expected: list[dict[str, Any]] = []
    is_never_fetched = False
    for number, shown in enumerate(nights):
        archive.night(number, shown)
        if is_never_fetched:
            continue  # a thumbnail that was missing at first is not asked for again
        if shown in PICTURES:
            picture = SHOWN.get(shown, shown)
            if not expected or expected[-1]["picture"] != picture:
                expected.append({"picture": picture, "first": number, "gone": None})
            expected[-1] |= {"last": number, "gone": None}
        elif shown == "not_found" and not expected:
            is_never_fetched = True
        elif shown == "not_found" and expected[-1]["gone"] is None:
            expected[-1]["gone"] = number

    found = archive.versions()
    assert [row["version"] for row in found] == list(range(1, len(expected) + 1))
    for row, version in zip(found, expected, strict=True):
        assert row["first_seen_at"] == day(version["first"])
        assert row["last_seen_at"] == day(version["last"])
        is_latest = version is expected[-1]
        gone = version["gone"] if is_latest else None
        assert row["removed_at"] == (None if gone is None else day(gone))
    if expected:
        assert archive.tries[-1]["version"] == len(expected)
        n_late = nights[: expected[0]["first"]].count("timed_out")
        assert len(archive.tries) == len(expected) + n_late
