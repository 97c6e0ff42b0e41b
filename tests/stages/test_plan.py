"""Only new thumbnails and retriable failures are planned."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.identified import want
from tests.stages.test_checks import checks
from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.picture_folders import Picture
from thumbnail_tasks.stages.known import known_thumbnails
from thumbnail_tasks.stages.plan import plan_thumbnails
from thumbnail_tasks.stages.wanted import MAX_DESCRIPTION
from thumbnail_tasks.storage.parquet_target import ParquetTarget

A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"


def videos(*video_ids: str) -> pa.Table:
    return pa.table({"video_id": pa.array(video_ids, pa.string())})


def target_of(folder: Path, key: str) -> ParquetTarget:
    return ParquetTarget(f"{folder / key}.parquet", key)


def write_shard(folder: Path, shard: str, try_number: int, tries: dict[str, str | None]) -> None:
    """Write a shard's list and, with a status, its download."""
    rows = [{"thumbnail_id": name, "attempt": try_number, "url": "u"} for name in tries]
    listed = pa.Table.from_pylist(rows, schemas.SHARDS)
    target_of(folder, f"shards/source/{shard}").write(listed)
    done = [
        {"thumbnail_id": name, "status": status, "is_retriable": status == "timed_out"}
        for name, status in tries.items()
        if status
    ]
    if done:
        results = pa.Table.from_pylist(done, schemas.THUMBNAILS)
        target_of(folder, f"thumbnails/source/{shard}").write(results)


def plan(folder: Path, *video_ids: str) -> tuple[list[Any], list[Any]]:
    known = known_thumbnails(str(folder), "source")
    kept, to_do = plan_thumbnails(want(videos(*video_ids), None), known, checks())
    assert (kept.schema, to_do.schema) == (schemas.PLANS, schemas.SHARDS)
    return (
        [(row["thumbnail_id"], row["shard"]) for row in kept.to_pylist()],
        [(row["thumbnail_id"], row["attempt"]) for row in to_do.to_pylist()],
    )


def test_in_an_empty_folder_everything_is_planned_once_in_order(tmp_path: Path) -> None:
    assert plan(tmp_path, B, A, B) == ([], [(B, 1), (A, 1)])


def test_no_videos_make_an_empty_plan(tmp_path: Path) -> None:
    assert plan(tmp_path) == ([], [])


def test_a_thumbnail_brings_the_title_and_channel_of_its_first_video() -> None:
    table = pa.table(
        {
            "video_id": pa.array([A, B, A], pa.string()),
            "Title ": pa.array(["One", None, "Other"], pa.string()),
            "channel_title": pa.array(["Ch", "Ch", "Ch"], pa.string()),
        }
    )
    wanted = want(table, None)
    assert wanted["title_and_channel"].to_pylist() == ["One Ch", "Ch"]
    without = want(videos(A), None)
    assert without["title_and_channel"].to_pylist() == [""]


def test_a_thumbnail_brings_the_start_of_its_description() -> None:
    table = pa.table({"video_id": pa.array([A, B], pa.string()), "description": ["é" * 1000, None]})
    wanted = want(table, None)
    assert wanted["description"].to_pylist() == ["é" * MAX_DESCRIPTION, None]
    assert want(videos(A), None)["description"].to_pylist() == [None]


def test_a_planned_thumbnail_stays_in_its_shard(tmp_path: Path) -> None:
    write_shard(tmp_path, "one", 1, {A: "ok", B: "not_found"})
    assert plan(tmp_path, A, B, C) == ([(A, "one"), (B, "one")], [(C, 1)])


def test_a_shard_that_is_not_downloaded_yet_is_kept(tmp_path: Path) -> None:
    write_shard(tmp_path, "one", 1, {A: None})
    assert plan(tmp_path, A) == ([(A, "one")], [])


def test_retriable_failures_are_retried_and_the_last_try_counts(tmp_path: Path) -> None:
    write_shard(tmp_path, "one", 1, {A: "timed_out", B: "timed_out"})
    write_shard(tmp_path, "two", 2, {A: "ok"})
    assert plan(tmp_path, A, B) == ([(A, "two")], [(B, 2)])


@pytest.mark.parametrize(("revision", "n_to_do"), [("1-1", 0), ("1-2", 1), (None, 1)])
def test_a_changed_picture_of_a_folder_is_read_again(
    tmp_path: Path, revision: str | None, n_to_do: int
) -> None:
    rows = [{"thumbnail_id": A, "attempt": 1, "path": "p", "revision": "1-1"}]
    target = target_of(tmp_path, "shards/source/one")
    target.write(pa.Table.from_pylist(rows, schemas.SHARDS))
    pictures = {A: Picture("p", revision)} if revision else {}
    wanted = want(videos(A), pictures)
    _, to_do = plan_thumbnails(wanted, known_thumbnails(str(tmp_path), "source"), checks())
    assert len(to_do) == n_to_do


def test_a_picture_that_a_folder_lacks_is_planned_without_a_path() -> None:
    wanted = want(videos(A), {})
    (row,) = wanted.select(["thumbnail_id", "url", "path", "revision"]).to_pylist()
    assert row == {"thumbnail_id": A, "url": None, "path": None, "revision": None}


def test_a_changed_picture_is_planned_once_as_the_next_version(tmp_path: Path) -> None:
    write_shard(tmp_path, "one", 1, {A: "ok", B: "ok"})
    found = checks(
        {"thumbnail_id": A, "outcome": "changed", "version": 2, "check": "x"},
        {"thumbnail_id": B, "outcome": "same_picture", "version": 1, "check": "x"},
    )

    def plan_again() -> tuple[list[Any], list[Any]]:
        known = known_thumbnails(str(tmp_path), "source")
        kept, to_do = plan_thumbnails(want(videos(A, B), None), known, found)
        columns = ["thumbnail_id", "attempt", "version", "check"]
        return kept["thumbnail_id"].to_pylist(), to_do.select(columns).to_pylist()

    version_2 = {"thumbnail_id": A, "attempt": 2, "version": 2, "check": "x"}
    assert plan_again() == ([B], [version_2])

    listed = pa.Table.from_pylist([version_2], schemas.SHARDS)
    target_of(tmp_path, "shards/source/two").write(listed)
    assert plan_again() == ([A, B], [])  # also while it is not downloaded

    crashed = {"thumbnail_id": A, "status": "out_of_memory", "is_retriable": True}
    results = pa.Table.from_pylist([crashed], schemas.THUMBNAILS)
    target_of(tmp_path, "thumbnails/source/two").write(results)
    assert plan_again() == ([B], [version_2 | {"attempt": 3}])  # with the bytes of the same check
