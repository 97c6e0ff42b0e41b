"""Status messages are text on luigid's page, and tracking links keep the other task details."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import run, sample_ids, start, wait_for, write_videos
from tests.docker.box import Luigid

pytestmark = [pytest.mark.dag, pytest.mark.model]

LINK = "https://box.example/runs"


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    scheduler = Luigid(tmp_path)
    with scheduler.running(subprocess.DEVNULL):
        yield scheduler


def environment(luigid: Luigid) -> dict[str, str]:
    return {**luigid.environment, "PYTHONPATH": str(ROOT), "SECONDS_A_BATCH": "2"}


def flags(luigid: Luigid, videos: Path) -> tuple[str, ...]:
    return (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--workers", "2", "--scheduler-port", str(luigid.port)),
        *("--runs-link", LINK, "--module", "tests.dag.quick"),
    )


@pytest.mark.thorough
def test_the_name_of_a_table_is_text_on_the_page(luigid: Luigid, watched: Watched) -> None:
    videos = write_videos(
        luigid.folder / "<img src=x onerror=console.error('ran')>.csv", sample_ids(2)
    )
    finished = run(luigid.folder / "data", *flags(luigid, videos), environment=environment(luigid))
    assert finished.code == 0, finished.printed
    page = watched.page
    page.goto(f"http://127.0.0.1:{luigid.port}/static/visualiser/index.html")
    page.locator("input[type=search]").fill("ReadVideos")
    page.locator("#taskTable tbody tr", has_text="ReadVideos").locator(".statusMessage").click()
    message = page.locator("#statusMessageModal pre")
    page.wait_for_timeout(1500)  # the page requests the message again and inserts it as HTML
    expect(message).to_contain_text(str(videos))
    assert message.locator("img").count() == 0
    assert [error for error in watched.errors if "ran" in error] == []


@pytest.mark.thorough
def test_a_linked_task_keeps_its_resources(luigid: Luigid) -> None:
    videos = write_videos(luigid.folder / "videos.csv", sample_ids(4))
    data_dir = luigid.folder / "data"
    process = start(data_dir, *flags(luigid, videos), environment=environment(luigid))
    wait_for(data_dir, "thumbnails/*/*.parquet")
    deadline = time.monotonic() + 600
    running: dict[str, Any] = {}
    while "RecognizeText" not in running:
        assert time.monotonic() < deadline, running
        tasks = luigid.ask("task_list", status="RUNNING", upstream_status="")
        running = {task["name"]: task for task in tasks.values() if task["tracking_url"]}
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    assert running["RecognizeText"]["resources"] == {"gpu": 1}


def test_a_linked_task_that_fails_permanently_is_not_retried(luigid: Luigid) -> None:
    missing = luigid.folder / "missing.csv"
    finished = run(luigid.folder / "data", *flags(luigid, missing), environment=environment(luigid))
    assert finished.code == 30
    assert finished.printed.count("no such file") == 1
    (task,) = luigid.ask("task_list", status="DISABLED", upstream_status="").values()
    assert task["name"] == "ReadVideos"
    assert task["tracking_url"].startswith(LINK)
