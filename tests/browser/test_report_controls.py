"""Every control of the report is used once, at three widths: nothing fails or is out of reach."""

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.conftest import Open, Watched
from tests.report.drawn import Drawn, draw_export

CONTROLS = (
    "header button, main :is(button, select, input, summary, textarea), dialog :is(button, summary)"
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), 60)


def use(control: Locator) -> None:
    """Use a control as its kind is used; a card opens its thumbnail."""
    kind = control.evaluate("each => each.tagName + (each.type ? ' ' + each.type : '')")
    if kind == "SELECT select-one":
        values = control.locator("option").evaluate_all("all => all.map(each => each.value)")
        for value in values[:4]:
            control.select_option(value)
    elif kind in ("INPUT search", "INPUT text"):
        control.fill("space")
        control.fill("")
    elif kind == "INPUT number":
        control.fill("1")
    elif kind == "INPUT range":
        control.press("ArrowRight")
        control.press("ArrowLeft")
    else:
        control.click()


def open_whole(open_anew: Open, state: str) -> Page:
    page = open_anew(state)
    if "gallery" in state:  # its sidebar is shown before its counts
        page.locator(".attribute[open] .options li").first.wait_for(state="attached")
    if "open" in state:
        page.locator("#detail-attributes details").first.wait_for()
    return page


@pytest.mark.thorough
@pytest.mark.parametrize(
    "width", [1280, *(pytest.param(n, marks=pytest.mark.slow) for n in (768, 390))]
)
@pytest.mark.parametrize(
    "state",
    [
        *("view=overview", "view=gallery", "view=gallery&open=v0000000003", "view=map"),
        *("view=misses", "view=compare&a=faces%3D1-", "view=sheet&faces=2-"),
    ],
)
def test_every_control_can_be_used(
    watched: Watched, open_anew: Open, state: str, width: int
) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = open_whole(open_anew, state)
    controls = page.locator(CONTROLS)
    in_dialog = "open" in state
    usable = [
        number
        for number in range(controls.count())
        if controls.nth(number).evaluate(
            """(each, inDialog) => each.checkVisibility() && !each.disabled &&
              Boolean(each.closest("dialog")) === inDialog && !each.closest(".cards li + li")""",
            in_dialog,
        )
    ]
    assert usable
    for number in usable:
        is_changed = page.evaluate("location.hash") != f"#{state}"
        is_in_reach = controls.nth(number).is_visible()  # not in a section that was just closed
        if is_changed or not is_in_reach or page.locator("dialog[open], .export[open]").count():
            open_whole(open_anew, state)
        use(controls.nth(number))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.errors == []
    assert watched.foreign == []
