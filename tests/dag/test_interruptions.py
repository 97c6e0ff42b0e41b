"""After kills, transient failures and a grown table, nothing is lost or done twice."""

import contextlib
from pathlib import Path

import psutil
import pytest

from tests.conftest import EXAMPLES, STAGE_TABLES, Answer, Server
from tests.dag.runs import (
    QUICKLY,
    files_of,
    interrupt,
    kill_after,
    read_attributes,
    run,
    sample_ids,
    start,
    wait_for,
    write_videos,
)

pytestmark = pytest.mark.dag

SMALL_SHARDS = ("--storage-shard-size", "3", "--workers", "2", *QUICKLY)


def flags(videos: Path) -> tuple[str, ...]:
    return ("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"), *SMALL_SHARDS)


@pytest.mark.slow
def test_repeated_kills_do_not_change_the_content(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(9))
    unbroken = run(tmp_path / "unbroken", *flags(videos))
    assert unbroken.code == 0, unbroken.printed
    for table in ("plans", "thumbnails", "words", "emotions"):
        process = start(tmp_path / "broken", *flags(videos))
        wait_for(tmp_path / "broken", f"{table}/*/*.parquet")
        kill_after(process, 0)
    last = run(tmp_path / "broken", *flags(videos))
    assert last.code == 0, last.printed
    assert last.attributes.equals(unbroken.attributes)


def test_finished_work_is_not_repeated_after_a_kill(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(6))
    data_dir = tmp_path / "data"
    process = start(data_dir, *flags(videos), environment={"HELD": str(videos)})
    wait_for(data_dir, "appearance/*/*.parquet")
    kill_after(process, 0)
    kept = {name: at for name, at in files_of(data_dir).items() if name.endswith(".parquet")}
    finished = run(data_dir, *flags(videos))
    assert finished.code == 0, finished.printed
    after = files_of(data_dir)
    assert {name: after[name] for name in kept if ".writing-" not in name} == {
        name: at for name, at in kept.items() if ".writing-" not in name
    }


def test_a_process_that_dies_is_reported_and_its_work_retried(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(6))
    held = tmp_path / "held"
    held.touch()
    process = start(tmp_path / "data", *flags(videos), environment={"HELD": str(held)})
    wait_for(tmp_path / "data", "appearance/*/*.parquet")
    for task in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            task.kill()
    held.unlink()
    printed, _ = process.communicate(timeout=600)
    assert "its process died unexpectedly with exit code -9: killed by SIGKILL" in printed
    assert "Finished work is kept; a first failure is tried again." in printed
    assert read_attributes(tmp_path / "data")["thumbnail_status"].to_pylist() == ["ok"] * 6


@pytest.mark.parametrize("workers", ["1", "3"])
def test_control_c_ends_the_run_at_once_and_the_same_command_resumes(
    tmp_path: Path, workers: str
) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(6))
    held = {"HELD": str(videos)}
    process = start(tmp_path / "data", *flags(videos), "--workers", workers, environment=held)
    wait_for(tmp_path / "data", "thumbnails/*/*.parquet")
    interrupt(process)
    finished = run(tmp_path / "data", *flags(videos))
    assert finished.code == 0, finished.printed


@pytest.mark.thorough
def test_a_grown_table_costs_only_what_is_new(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = run(data_dir, *flags(write_videos(tmp_path / "first.csv", sample_ids(4))))
    assert first.code == 0, first.printed
    before = files_of(data_dir)
    grown = run(data_dir, *flags(write_videos(tmp_path / "second.csv", sample_ids(6))))
    assert grown.code == 0, grown.printed
    assert "2 thumbnails to do in 1 shard, 4 already in shards" in grown.printed
    after = files_of(data_dir)
    for stage in STAGE_TABLES:
        old = {name for name in before if name.startswith(f"{stage}/")}
        assert all(after[name] == before[name] for name in old)
        assert len([name for name in after if name.startswith(f"{stage}/")]) == len(old) + 1
    assert len(grown.attributes) == 6


@pytest.mark.thorough
def test_transient_failures_are_retried_by_the_next_run_and_permanent_ones_are_not(
    tmp_path: Path, server: Server, picture: bytes
) -> None:
    good = server.lay_down("/vi/aaaaaaaaaaa/hqdefault.jpg", Answer(200, picture))
    ill = server.lay_down("/vi/bbbbbbbbbbb/hqdefault.jpg", Answer(503), Answer(200, picture))
    gone = f"{server.url}/vi/ccccccccccc/hqdefault.jpg"
    page = server.lay_down("/vi/ddddddddddd/hqdefault.jpg", Answer(200, b"<html>no</html>"))
    links = [good, ill.replace("hqdefault", "default"), gone, page, "", "ftp://a/b.jpg", good]
    videos = tmp_path / "videos.csv"
    videos.write_text("\n".join(["id;thumbnail_link ", *(f"{i};{u}" for i, u in enumerate(links))]))
    once = ("--thumbnails-retries", "0", *QUICKLY)

    first = run(tmp_path / "data", "--videos", str(videos), *once)
    assert first.code == 0, first.printed
    assert first.attributes["thumbnail_status"].to_pylist() == [
        *("ok", "http_error", "not_found", "not_an_image", "no_link", "invalid_link", "ok")
    ]
    asked = server.count.copy()

    second = run(tmp_path / "data", "--videos", str(videos), *once)
    assert second.code == 0, second.printed
    assert second.attributes["thumbnail_status"].to_pylist()[1] == "ok"
    assert dict(server.count - asked) == {"/vi/bbbbbbbbbbb/hqdefault.jpg": 1}

    third = run(tmp_path / "data", "--videos", str(videos), *once)
    assert "Nothing to do" in third.printed


def test_nothing_but_404s_is_an_error_and_loads_no_model(tmp_path: Path, server: Server) -> None:
    videos = tmp_path / "videos.csv"
    links = [f"{server.url}/vi/{name * 11}/default.jpg" for name in "abcd"]
    videos.write_text("\n".join(["thumbnail_link", *links]))
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--module", "tests.dag.without_models"),
    )
    assert finished.code != 0
    assert "none of 4 could be fetched (4 not_found)" in finished.printed
    assert "HTTP 404" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert not (tmp_path / "data" / "exports").exists()
