"""The wall of thumbnails: only cards near the window exist, wherever it is scrolled to."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.sidebar import cards, choose, expect_count, found_ids, ids_on, wait_until
from tests.report.drawn import Drawn, draw_export

N = 1000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), N)


def scroll_to(page: Page, share: float) -> None:
    page.evaluate(
        """async share => {
          scrollTo(0, share * (document.documentElement.scrollHeight - innerHeight));
          for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        }""",
        share,
    )


@pytest.mark.thorough
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_few_cards_exist_and_each_place_has_its_own(open_view: Open, width: int) -> None:
    page = open_view("view=gallery")
    page.set_viewport_size({"width": width, "height": 800})
    ids = found_ids(page)
    seen: set[int] = set()
    for step in range(101):
        scroll_to(page, step / 100)
        shown = cards(page)
        assert len(shown) < 80
        assert shown == sorted(shown)
        seen.update(shown)
        places = page.locator("#cards > li").evaluate_all("all => all.map(li => li.ariaPosInSet)")
        assert [int(place) - 1 for place in places] == shown
    assert seen == set(range(N + 1))
    assert len(ids) == N + 1
    last = page.locator("#cards > li").last.bounding_box()
    wall = page.locator("#cards").bounding_box()
    assert last
    assert wall
    assert last["y"] + last["height"] == pytest.approx(wall["y"] + wall["height"], abs=16)


def test_cards_do_not_overlap(open_view: Open) -> None:
    page = open_view("view=gallery")
    boxes = page.locator("#cards > li").evaluate_all(
        "all => all.map(li => li.getBoundingClientRect()).map(b => [b.x, b.y, b.right, b.bottom])"
    )
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        for a0, b0, a1, b1 in boxes[:number]:
            assert x0 >= a1 or a0 >= x1 or y0 >= b1 or b0 >= y1


@pytest.mark.thorough
def test_the_address_has_the_place_and_a_reload_returns_to_it(open_view: Open) -> None:
    page = open_view("view=gallery&sort=views")
    scroll_to(page, 0.5)
    expect(page).to_have_url(re.compile("at=v"))
    first = re.search(r"at=(\w+)", page.url)
    assert first
    page.reload()
    page.locator("body[data-ready]").wait_for()
    item = page.evaluate("key => report.itemOf(key)", first[1])
    place = page.locator(f"#cards > li[data-item='{item}']")
    expect(place).to_be_in_viewport()
    assert page.evaluate("scrollY") > 1000


def test_a_filter_leads_back_to_the_top(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    scroll_to(page, 0.7)
    choose(page, "emotion", "happy")
    expect_count(page, int((thumbnails["happy_count"] > 0).sum()))
    wait_until(page, "scrollY === 0")
    assert ids_on(page)[0] == thumbnails.index[thumbnails["happy_count"] > 0][0]


def test_all_cards_are_reached_by_keyboard(open_view: Open) -> None:
    page = open_view("view=gallery")
    page.locator("#cards button").first.focus()

    def focused() -> int:
        return int(page.evaluate("Number(document.activeElement.closest('li').dataset.item)"))

    columns = page.evaluate(
        "new Set([...document.querySelectorAll('#cards > li')].map(li => "
        "Math.round(li.getBoundingClientRect().x))).size"
    )
    page.keyboard.press("ArrowRight")
    assert focused() == 1
    page.keyboard.press("ArrowDown")
    assert focused() == 1 + columns
    for _ in range(10):
        page.keyboard.press("PageDown")
    assert focused() > 20 * columns
    page.keyboard.press("End")
    assert focused() == N
    expect(page.locator(f"#cards > li[data-item='{N}']")).to_be_in_viewport()
    page.keyboard.press("Home")
    assert focused() == 0
    for number in range(1, 40):  # Tab also goes on beyond the window
        page.keyboard.press("Tab")
        assert focused() == number


def test_the_thumbnail_that_was_opened_has_the_focus_again(open_view: Open) -> None:
    page = open_view("view=gallery")
    scroll_to(page, 0.4)
    item = cards(page)[10]
    opener = page.locator(f"#cards > li[data-item='{item}'] button")
    opener.click()
    expect(page.locator("#detail")).to_be_visible()
    before = page.evaluate("scrollY")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    assert page.evaluate("scrollY") == before


@pytest.mark.thorough
def test_a_thumbnail_that_was_reached_by_steps_is_focused_on_the_wall(open_view: Open) -> None:
    page = open_view("view=gallery")
    page.locator("#cards button").first.click()
    for number in range(2, 62):
        page.keyboard.press("ArrowRight")
        expect(page.locator("#detail-position")).to_have_text(f"{number} of {N + 1:,}")
    page.keyboard.press("Escape")
    card = page.locator("#cards > li[data-item='60']")
    expect(card.locator("button")).to_be_focused()
    expect(card).to_be_in_viewport(ratio=0.9)


@pytest.mark.thorough
@pytest.mark.parametrize("size", ["small", "large"])
def test_the_size_of_cards_is_chosen(open_view: Open, size: str) -> None:
    page = open_view("view=gallery")

    def width() -> float:
        box = page.locator("#cards > li").first.bounding_box()
        assert box
        return box["width"]

    medium = width()
    page.locator("#size").select_option(size)
    expect(page).to_have_url(re.compile(f"size={size}"))
    assert width() < medium * 0.7 if size == "small" else width() > medium * 1.3
    expect(page.locator("#cards .says").first).to_be_visible(visible=size == "large")


def test_rows_beyond_the_height_that_browsers_allow_are_reached(
    open_view: Open, tmp_path: Path
) -> None:
    page = open_view("view=gallery")
    page.evaluate(
        """() => {
          const list = document.getElementById('cards');
          const many = Int32Array.from({ length: 400_000 }, (_, i) => i % report.n);
          report.views.gallery.wall.show(many, 'large');
        }"""
    )
    assert page.evaluate("document.documentElement.scrollHeight") < 13_000_000
    scroll_to(page, 1)
    place = page.locator("#cards > li").last
    assert place.get_attribute("aria-posinset") == "400000"
    expect(place).to_be_in_viewport()


def test_cards_say_how_similar_they_are_only_while_texts_are_compared(open_view: Open) -> None:
    page = open_view("view=gallery&near=v0000000000")
    similarities = page.locator("#cards .chips li", has_text="similarity")
    expect(similarities.first).to_be_visible()
    page.evaluate('report.go({ near: "" })')
    expect(page.locator("#count")).not_to_contain_text("similar")
    expect(similarities).to_have_count(0)
