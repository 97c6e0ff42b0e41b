"""luigid's page during a night and after it."""

import contextlib
import functools
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Watched
from tests.conftest import ROOT, running
from tests.dag.runs import run, start
from tests.docker.box import Luigid

pytestmark = [pytest.mark.dag, pytest.mark.model]

SAMPLE = ("--videos", "examples/videos.csv", "--images-dir", "examples/images")
EXTERNAL_HOSTS = ("fonts.googleapis.com", "cdnjs.cloudflare.com")
"""Hosts that Luigi's own pages request files from; the pages work without them."""
STAGES = (
    *("DownloadThumbnails", "RecognizeText", "CorrectText", "EmbedText"),
    *("DetectFaces", "ClassifyEmotions", "MeasureAppearance"),
)
N_SHARDS = 3


class Night(NamedTuple):
    """A night on the drawn sample: a luigid, and a server of the run records."""

    luigid: Luigid
    link: str

    @property
    def data_dir(self) -> Path:
        return self.luigid.folder / "data"

    def command(self, seconds_a_batch: int = 1) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of ``runs.start`` and ``runs.run``."""
        flags = (
            *("--module", "tests.dag.quick", "--storage-shard-size", "16", "--workers", "2"),
            *("--scheduler-port", str(self.luigid.port), "--runs-link", self.link),
        )
        more = {"PYTHONPATH": str(ROOT), "SECONDS_A_BATCH": str(seconds_a_batch)}
        return [self.data_dir, *SAMPLE, *flags], {"environment": self.luigid.environment | more}


@contextlib.contextmanager
def new_night() -> Iterator[Night]:
    """A luigid that is not running yet; its folder has a short name because pictures show it."""
    with tempfile.TemporaryDirectory(prefix="night-") as folder:
        files = functools.partial(SimpleHTTPRequestHandler, directory=f"{folder}/data")
        server = ThreadingHTTPServer(("127.0.0.1", 0), files)
        with running(server):
            yield Night(Luigid(Path(folder)), f"http://127.0.0.1:{server.server_port}/runs")


@pytest.fixture(scope="module")
def past_night() -> Iterator[Night]:
    """A finished night whose luigid was stopped."""
    with new_night() as night:
        with night.luigid.running(subprocess.DEVNULL):
            flags, how = night.command(seconds_a_batch=0)
            finished = run(*flags, **how)
        assert finished.code == 0, finished.printed
        yield night


def open_page(night: Night, watched: Watched, path: str = "") -> Locator:
    """Open luigid's page; return the rows of its table of tasks."""
    watched.page.goto(f"http://127.0.0.1:{night.luigid.port}/{path}")
    rows = watched.page.locator("#taskTable tbody tr")
    expect(rows.filter(has_text="data_dir=").first).to_be_attached()
    return rows


def search(watched: Watched, words: str) -> None:
    watched.page.locator("input[type=search]").fill(words)


def assert_no_error(watched: Watched) -> None:
    assert [each for each in watched.errors if "Failed to load resource" not in each] == []
    assert [each for each in watched.foreign if not any(h in each for h in EXTERNAL_HOSTS)] == []


def wait_for_message(
    luigid: Luigid, process: subprocess.Popen[str], task: str, message: str
) -> None:
    """Wait until the status message of a task matches ``message``."""
    deadline, shown = time.monotonic() + 300, ""
    while not re.search(message, shown):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{task}: expected {message!r}, found {shown!r}"
        time.sleep(0.1)
        tasks = luigid.ask("task_list", status="RUNNING", upstream_status="").values()
        shown = " ".join(str(each["status_message"]) for each in tasks if each["name"] == task)


@contextlib.contextmanager
def suspended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Suspend a run while the block runs, so that its page does not change."""
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)


def check_the_page_of_a_running_night(night: Night, watched: Watched) -> None:
    rows = open_page(night, watched)
    for task in (*STAGES, "ExportAttributes"):
        expect(watched.page.locator("#familySidebar")).to_contain_text(task)
    search(watched, "RecognizeText")
    for number in range(1, N_SHARDS + 1):
        name = f"shard_numbers={number} of {N_SHARDS}, data_dir"
        expect(rows.filter(has_text=name).filter(has_text="BATCH_RUNNING")).to_have_count(1)
    rows.filter(has_text="1 of 3, 2 of 3, 3 of 3").locator(".statusMessage").click()
    dialog = watched.page.locator("#statusMessageModal")
    expect(dialog).to_contain_text(re.compile(r"1\d thumbnails of shard [23] of 3"))
    expect(dialog.locator(".progress-bar")).to_have_text(re.compile(r"(33|67)%"))
    watched.draw("luigid-running.jpg")


@pytest.mark.thorough
def test_the_page_of_a_running_night_shows_the_current_shard_of_each_stage(
    watched: Watched,
) -> None:
    with new_night() as night, night.luigid.running(subprocess.DEVNULL):
        flags, how = night.command()
        process = start(*flags, **how)
        wait_for_message(night.luigid, process, "RecognizeText", "of shard [23] of 3")
        with suspended(process):
            check_the_page_of_a_running_night(night, watched)
        printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    assert_no_error(watched)


@pytest.mark.thorough
def test_a_restarted_luigid_shows_a_finished_night(past_night: Night, watched: Watched) -> None:
    with past_night.luigid.running(subprocess.DEVNULL):
        rows = open_page(past_night, watched, "static/visualiser/index.html#order=4,desc")
        expect(rows.first).to_contain_text("ExportAttributes")
        watched.draw("luigid-finished.jpg")
        search(watched, "DetectFaces")
        expect(rows).to_have_count(N_SHARDS + 1)
        expect(rows.filter(has_text="DONE")).to_have_count(N_SHARDS + 1)
        expect(rows.get_by_title("Track Progress")).to_have_count(N_SHARDS + 1)
        search(watched, "ExportAttributes")
        rows.locator(".statusMessage").click()
        dialog = watched.page.locator("#statusMessageModal")
        expect(dialog).to_contain_text("47 rows, 43 thumbnails: 40 ok, 2 not_an_image, 1 not_found")
        expect(dialog.locator(".progress-bar")).to_have_text("100%")
    assert_no_error(watched)


@pytest.mark.thorough
def test_a_task_links_to_the_record_of_its_run(past_night: Night, watched: Watched) -> None:
    with past_night.luigid.running(subprocess.DEVNULL):
        rows = open_page(past_night, watched)
        search(watched, "ExportAttributes")
        with watched.page.expect_popup() as opened:
            rows.get_by_title("Track Progress").click()
        (record,) = (past_night.data_dir / "runs").glob("*.json")
        expect(opened.value).to_have_url(f"{past_night.link}/{record.name}")
        expect(opened.value.locator("body")).to_contain_text('"state": "succeeded"')
    assert_no_error(watched)


@pytest.mark.slow
def test_the_history_of_a_night_survives_a_restart(past_night: Night, watched: Watched) -> None:
    with past_night.luigid.running(subprocess.DEVNULL):
        open_page(past_night, watched)
        watched.page.get_by_role("link", name="History").click()
        rows = watched.page.locator("tr", has_text="DONE")
        for task in (*STAGES, "ExportAttributes"):
            expect(rows.filter(has_text=task).first).to_be_visible()
        shard = rows.filter(has_text="RecognizeText").filter(has_text="2 of 3").first
        shard.get_by_role("link").click()
        expect(watched.page.locator("tr", has_text="shard_numbers")).to_contain_text("2 of 3")
        expect(watched.page.locator("tr", has_text="DONE")).to_have_count(1)
    assert_no_error(watched)
