"""A real browser, headless, which notes what pages complain of and what they ask of the network."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.conftest import ROOT

PICTURES = ROOT / "docs" / "pictures"
"""Of the documents; drawn anew with DRAW_PICTURES=1."""


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)


expect.set_options(timeout=30_000)  # milliseconds: other tests may keep the machine busy


@dataclass
class Watched:
    """A page, and what it did besides showing itself."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """What it wrote to the console as an error, and exceptions that nobody caught."""
    foreign: list[str] = field(default_factory=list)
    """Addresses that it wanted of other hosts; none of them was asked."""

    def draw(self, name: str) -> None:
        """Keep what is to be seen, where the pictures of the documents are to be drawn."""
        if os.environ.get("DRAW_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            self.page.screenshot(path=str(PICTURES / name), type="jpeg", quality=70)


@pytest.fixture(scope="module")  # its event loop is not to be that of other tests
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not installed (tests/browser/install.sh)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
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
