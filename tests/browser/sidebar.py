"""What tests do with the gallery's sidebar and wall."""

import re
import time
from typing import Any

from playwright.sync_api import Locator, Page, expect


def section(page: Page, key: str) -> Locator:
    """The section of an attribute in the sidebar, opened."""
    found = page.locator(f"#filters details[data-key='{key}']")
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def choose(page: Page, key: str, *values: str) -> None:
    """Check values of a category."""
    for value in values:
        options = section(page, key)
        options.locator(".option").first.wait_for()  # listed after the section has opened
        box = options.locator(f"input[type=checkbox][value={_quoted(value)}]")
        if not box.count():
            options.get_by_role("button", name="Show all").click()
        box.check()


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def set_range(page: Page, key: str, low: float | str, high: float | str) -> None:
    """Type the ends of a number's range."""
    inputs = section(page, key).locator(".ends input")
    for number, end in enumerate((low, high)):
        inputs.nth(number).fill(str(end))
        inputs.nth(number).press("Enter")


def option_counts(page: Page, key: str) -> dict[str, int]:
    """The values of a category that are listed, and the number beside each."""
    rows = section(page, key).locator(".options .option")
    rows.first.wait_for()
    pairs = rows.evaluate_all(
        "all => all.map(row => [row.querySelector('bdi').textContent, "
        "row.querySelector('.n').textContent])"
    )
    return {name: int(count.replace(",", "")) for name, count in pairs}


def shown_count(page: Page) -> int:
    """How many thumbnails the gallery says that it shows."""
    text = page.locator("#count").inner_text()
    match = re.match(r"([\d,]+) of", text)
    assert match, text
    return int(match[1].replace(",", ""))


def expect_count(page: Page, count: int) -> None:
    """Wait until the gallery shows so many thumbnails."""
    expect(page.locator("#count")).to_contain_text(re.compile(rf"^{count:,} of"))


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression is true; the page's policy forbids ``wait_for_function``."""
    deadline = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"expected in 30 s: {expression}"
        page.wait_for_timeout(50)


def cards(page: Page) -> list[int]:
    """The items of the cards that exist, in order."""
    items = page.locator("#cards > li").evaluate_all("all => all.map(li => li.dataset.item)")
    return [int(item) for item in items]


def ids_on(page: Page) -> list[str]:
    """The ids of the thumbnails whose cards exist, in order."""
    return [str(page.evaluate("item => report.items.id[item]", item)) for item in cards(page)]


def found_ids(page: Page) -> list[Any]:
    """The ids of all thumbnails that pass the filters, in order; None for a row that names none."""
    ids: list[Any] = page.evaluate(
        "() => [...report.views.gallery.found].map(item => report.items.id[item])"
    )
    return ids
