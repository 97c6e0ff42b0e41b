"""A headless browser that records the errors of pages and their requests to other hosts."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.conftest import ROOT
from tests.report.drawn import Drawn, draw_export

PICTURES = ROOT / "docs" / "pictures"
"""Pictures of the documentation; DRAW_PICTURES=1 redraws them."""


CHROMIUM = shutil.which("chromium")


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)
    reason = "chromium is not installed (tests/browser/install.sh)"
    item.add_marker(pytest.mark.skipif(not CHROMIUM, reason=reason))


expect.set_options(timeout=30_000)  # ms; other tests may load the machine


Open = Callable[[str], Page]
"""Opens a view, given by its address."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """An export of 300 thumbnails, and a row that names none; modules may have their own."""
    return draw_export(tmp_path_factory.mktemp("export"), 300)


@pytest.fixture(scope="module")
def thumbnails(drawn: Drawn) -> pd.DataFrame:
    """Each thumbnail once, with the highest views and likes of its rows."""
    rows = pd.read_parquet(drawn.parquet)
    keys = rows["thumbnail_id"].fillna("none")
    once = rows[~keys.duplicated()].set_index("thumbnail_id", drop=False)
    for name in ("views", "likes"):
        once[name] = rows.groupby("thumbnail_id", dropna=False)[name].max()
    return once


@pytest.fixture(scope="module")
def address(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report of a module's fixture ``drawn``."""
    return drawn.write_site(tmp_path_factory.mktemp("site") / "report").as_uri()


@dataclass
class Watched:
    """A page, with its errors and its requests to other hosts."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Errors on the console, and uncaught exceptions."""
    foreign: list[str] = field(default_factory=list)
    """Requested addresses on other hosts; these requests were blocked."""

    def draw(self, name: str) -> None:
        """Save a screenshot of the page if DRAW_PICTURES is set."""
        if os.environ.get("DRAW_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            self.page.screenshot(path=str(PICTURES / name), type="jpeg", quality=70)


@pytest.fixture(scope="module")  # its event loop must not be shared with other modules
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def watched(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    watched = Watched(context.new_page())

    def guard(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
        else:
            watched.foreign.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on(
        "console",
        lambda line: watched.errors.append(line.text) if line.type == "error" else None,
    )
    yield watched
    context.close()


@pytest.fixture
def open_anew(watched: Watched, address: str) -> Open:
    """Open a view as from a bookmark: the page is loaded, also if it is shown already."""

    def open_it(state: str) -> Page:
        watched.page.goto("about:blank")
        watched.page.goto(f"{address}#{state}")
        watched.page.locator("body[data-ready]").wait_for()
        return watched.page

    return open_it


@pytest.fixture
def open_view(watched: Watched, address: str) -> Iterator[Open]:
    """Open a view and wait for all data; afterwards, check that there were no errors."""

    def open_it(state: str) -> Page:
        watched.page.goto(f"{address}#{state}")
        watched.page.locator("body[data-ready]").wait_for()
        return watched.page

    yield open_it
    assert watched.errors == []
    assert watched.foreign == []
