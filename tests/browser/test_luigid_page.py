"""luigid's page, of a run that is on and of one that is over, as a person sees it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.conftest import ROOT
from tests.dag.runs import run, sample_ids, start, wait_for, write_videos
from tests.dag.torture import EXAMPLES
from tests.docker.box import Luigid

pytestmark = [pytest.mark.dag, pytest.mark.model]

LINK = "https://box.example/runs"
SLOW = {"PYTHONPATH": str(ROOT), "SECONDS_A_BATCH": "2"}


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    scheduler = Luigid(tmp_path)
    with scheduler.running(subprocess.DEVNULL):
        yield scheduler


def command(luigid: Luigid) -> tuple[tuple[str, ...], dict[str, Any]]:
    videos = write_videos(luigid.folder / "videos.csv", sample_ids(9))
    flags = (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "3", "--workers", "2", "--scheduler-port", str(luigid.port)),
        *("--runs-link", LINK, "--module", "tests.dag.quick"),
    )
    return flags, {"environment": {**luigid.environment, **SLOW}}


def open_page(luigid: Luigid, watched: Watched, place: str = "") -> None:
    watched.page.goto(f"http://127.0.0.1:{luigid.port}/static/visualiser/index.html{place}")
    watched.page.locator("#taskTable tbody tr").first.wait_for()


def assert_no_error(watched: Watched) -> None:
    """Luigi's page asks for a font of the internet's, and does without."""
    errors = [error for error in watched.errors if "Failed to load resource" not in error]
    assert errors == []
    assert [address for address in watched.foreign if "fonts.googleapis.com" not in address] == []


def test_a_run_that_is_on_shows_what_each_stage_does(luigid: Luigid, watched: Watched) -> None:
    flags, how = command(luigid)
    process = start(luigid.folder / "data", *flags, **how)
    wait_for(luigid.folder / "data", "words/*/*.parquet")
    open_page(luigid, watched)
    page = watched.page
    families = page.locator("#familyListSidebar, .sidebar").first
    for task in ("RecognizeText", "DetectFaces", "DownloadThumbnails", "ExportAttributes"):
        expect(families).to_contain_text(task)
    page.locator("input[type=search]").fill("RecognizeText")
    row = page.locator("#taskTable tbody tr", has_text="RUNNING").first
    expect(row).to_contain_text("RecognizeText")
    row.locator(".statusMessage").click()
    dialog = page.locator("#statusMessageModal")
    expect(dialog).to_contain_text(re.compile(r"3 thumbnails in .* shard \d of 3"))
    expect(dialog.locator(".progress-bar")).to_have_text(re.compile(r"\d+%"))
    watched.draw("luigid-running.jpg")
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    assert_no_error(watched)


def test_a_run_that_is_over_links_to_its_record_and_stays_in_the_history(
    luigid: Luigid, watched: Watched
) -> None:
    flags, how = command(luigid)
    finished = run(luigid.folder / "data", *flags, **how)
    assert finished.code == 0, finished.printed
    (record,) = (luigid.folder / "data" / "runs").glob("*.json")
    open_page(luigid, watched)
    page = watched.page
    page.locator("input[type=search]").fill("ExportAttributes")
    row = page.locator("#taskTable tbody tr", has_text="ExportAttributes").first
    expect(row).to_contain_text("DONE")
    assert row.locator(f'a[href="{LINK}/{record.name}"]').count() == 1
    page.locator("input[type=search]").fill("")
    watched.draw("luigid-finished.jpg")
    assert_no_error(watched)


def test_the_history_outlasts_a_restart(tmp_path: Path, watched: Watched) -> None:
    scheduler = Luigid(tmp_path)
    with scheduler.running(subprocess.DEVNULL):
        flags, how = command(scheduler)
        assert run(tmp_path / "data", *flags, **how).code == 0
    with scheduler.running(subprocess.DEVNULL):
        watched.page.goto(f"http://127.0.0.1:{scheduler.port}/history")
        rows = watched.page.locator("table tr", has_text="DONE")
        expect(rows.filter(has_text="ExportAttributes")).not_to_have_count(0)
        expect(rows.filter(has_text="RecognizeText")).not_to_have_count(0)
        watched.page.get_by_text("ExportAttributes").first.click()
        expect(watched.page.locator("body")).to_contain_text("DONE")
