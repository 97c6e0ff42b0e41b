"""What is compacted is what the shards' own files say, and is never used once they changed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.quarantine import without_picture
from thumbnail_tasks.stages import known
from thumbnail_tasks.stages.known import compact_known, known_thumbnails, list_outdated
from thumbnail_tasks.storage.parquet_target import ParquetTarget

A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact from the first shard on."""
    monkeypatch.setattr(known, "MIN_SHARDS", 1)


def target_of(folder: Path, key: str) -> ParquetTarget:
    return ParquetTarget(f"{folder / key}.parquet", key)


def write_list(folder: Path, shard: str, attempt: int, *ids: str) -> None:
    rows = [{"thumbnail_id": each, "attempt": attempt} for each in ids]
    listed = pa.Table.from_pylist(rows, schemas.SHARDS)
    target_of(folder, f"shards/s/{shard}").write(listed)


def write_results(folder: Path, shard: str, **statuses: str) -> None:
    rows = [{"thumbnail_id": each, "status": status} for each, status in statuses.items()]
    done = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    target_of(folder, f"thumbnails/s/{shard}").write(done)


def read(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Shard, number of the try and status of each thumbnail."""
    known._last.clear()  # as in another run
    rows = known_thumbnails(str(folder), "s").to_pylist()
    return {row["thumbnail_id"]: (row["shard"], row["attempt"], row["status"]) for row in rows}


def compacted(folder: Path) -> list[Path]:
    return sorted((folder / "known" / "s").glob("*.parquet"))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two finished shards, compacted; the second has a second try of one thumbnail."""
    write_list(tmp_path, "one", 1, A, B)
    write_results(tmp_path, "one", **{A: "ok", B: "timed_out"})
    write_list(tmp_path, "two", 2, B)
    write_results(tmp_path, "two", **{B: "ok"})
    before = read(tmp_path)
    compact_known(str(tmp_path), "s")
    assert len(compacted(tmp_path)) == 1
    assert read(tmp_path) == before == {A: ("one", 1, "ok"), B: ("two", 2, "ok")}
    return tmp_path


def test_nothing_is_known_of_an_empty_folder(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    compact_known(str(tmp_path), "s")
    assert compacted(tmp_path) == []


def test_finished_shards_are_not_read_again(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    read_file = ParquetTarget.read

    def note(target: ParquetTarget, columns: Any = None) -> pa.Table:
        opened.append(Path(target.path).parent.parent.name)
        return read_file(target, columns)

    monkeypatch.setattr(ParquetTarget, "read", note)
    assert len(read(archive)) == 2
    assert opened == ["known"]


def test_a_run_reads_files_that_stay_as_they_are_once(archive: Path) -> None:
    first = known_thumbnails(str(archive), "s")
    assert known_thumbnails(str(archive), "s") is first
    write_list(archive, "new", 1, C)
    assert len(known_thumbnails(str(archive), "s")) == 3


def test_a_new_shard_is_known_beside_the_compacted_ones(archive: Path) -> None:
    write_list(archive, "new", 1, C)
    assert read(archive)[C] == ("new", 1, None)
    compact_known(str(archive), "s")
    assert len(compacted(archive)) == 1  # it is not downloaded yet
    write_results(archive, "new", **{C: "not_found"})
    compact_known(str(archive), "s")
    assert len(compacted(archive)) == 2
    assert read(archive)[C] == ("new", 1, "not_found")


def test_a_quarantined_picture_is_noticed(archive: Path) -> None:
    target = target_of(archive, "thumbnails/s/one")
    target.write(without_picture(target.read(), A, "crashed_decoder", "why"))
    assert read(archive)[A] == ("one", 1, "crashed_decoder")
    compact_known(str(archive), "s")
    assert len(compacted(archive)) == 2
    assert read(archive)[A] == ("one", 1, "crashed_decoder")


@pytest.mark.parametrize("kind", ["shards", "thumbnails"])
def test_a_lost_file_is_noticed(archive: Path, kind: str) -> None:
    Path(target_of(archive, f"{kind}/s/one").path).unlink()
    expected = {"shards": None, "thumbnails": ("one", 1, None)}
    assert read(archive).get(A) == expected[kind]
    assert read(archive)[B] == ("two", 2, "ok")


def test_a_damaged_compacted_file_is_moved_aside_and_the_shards_are_read(archive: Path) -> None:
    (path,) = compacted(archive)
    path.write_bytes(path.read_bytes()[:-100])
    assert read(archive) == {A: ("one", 1, "ok"), B: ("two", 2, "ok")}
    assert compacted(archive) == []


def test_a_compacted_file_is_outdated_when_all_its_shards_have_changed(archive: Path) -> None:
    write_results(archive, "one", **{A: "ok", B: "not_found"})
    assert list_outdated(str(archive), "s") == []
    write_results(archive, "two", **{B: "not_found"})
    outdated = [Path(entry.address) for entry in list_outdated(str(archive), "s")]
    assert outdated == compacted(archive)


def test_few_shards_are_not_compacted(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MIN_SHARDS", 64)
    write_list(archive, "new", 1, C)
    write_results(archive, "new", **{C: "ok"})
    compact_known(str(archive), "s")
    assert len(compacted(archive)) == 1


def strip(folder: Path, key: str, *names: str) -> None:
    """Make a file one of an earlier version, which had no such columns."""
    target = target_of(folder, key)
    table, about = target.read(), target.read_metadata()
    target.write(table.drop_columns(names), about)


def test_files_of_an_earlier_version_are_read(archive: Path) -> None:
    before = read(archive)
    for shard in ("one", "two"):
        strip(archive, f"shards/s/{shard}", "version", "check")
        strip(archive, f"thumbnails/s/{shard}", "version", "fetched_at", "etag", "last_modified")
    (path,) = compacted(archive)
    path.unlink()
    assert read(archive) == before
    compact_known(str(archive), "s")
    (path,) = compacted(archive)
    strip(archive, f"known/s/{path.stem}", "version", "fetched_at")
    assert read(archive) == before
    known._last.clear()
    assert known_thumbnails(str(archive), "s").schema == schemas.KNOWN


def test_only_what_was_answered_by_a_time_is_known_as_of_it(tmp_path: Path) -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 11, number, tzinfo=UTC)

    def write(shard: str, attempt: int, **fetched: datetime | None) -> None:
        write_list(tmp_path, shard, attempt, *fetched)
        rows = [
            {"thumbnail_id": each, "status": "ok", "fetched_at": at} for each, at in fetched.items()
        ]
        done = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
        target_of(tmp_path, f"thumbnails/s/{shard}").write(done)

    write("one", 1, **{A: day(1), B: None, C: day(3)})
    write("two", 2, **{A: day(5)})
    write_list(tmp_path, "waiting", 3, A)

    def shards(until: datetime | None) -> dict[str, str]:
        known = known_thumbnails(str(tmp_path), "s", until)
        return dict(zip(known["thumbnail_id"].to_pylist(), known["shard"].to_pylist(), strict=True))

    assert shards(day(2)) == {A: "one", B: "one"}
    assert shards(day(4)) == {A: "one", B: "one", C: "one"}
    assert shards(day(5)) == {A: "two", B: "one", C: "one"}
    assert shards(None) == {A: "waiting", B: "one", C: "one"}
    compact_known(str(tmp_path), "s")
    assert shards(day(4)) == {A: "one", B: "one", C: "one"}
