"""The report's layout on a desktop, a tablet and a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.report.drawn import Drawn, draw_export

WIDTHS = (1280, 768, 390)
LONG_TITLE = "Everything that a title of one hundred characters can say about a video " * 2


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), 120, titles=[LONG_TITLE])


def open_view(watched: Watched, address: str, state: str, width: int) -> Page:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}#{state}")
    page.locator("body[data-ready]").wait_for()
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_the_names_of_the_views_stand_in_one_line(
    watched: Watched, address: str, width: int
) -> None:
    page = open_view(watched, address, "", width)
    tops = page.locator("header nav a:not([hidden])").evaluate_all(
        "links => links.map(link => link.getBoundingClientRect().top)"
    )
    assert len({*tops}) == 1


@pytest.mark.parametrize("view", ["overview", "compare", "nights"])
def test_on_a_phone_the_name_of_the_shown_view_is_within_the_row(
    watched: Watched, address: str, view: str
) -> None:
    page = open_view(watched, address, "", 320)
    page.locator("header nav a[data-view=nights]").evaluate("link => { link.hidden = false; }")
    page.evaluate("view => report.go({ view })", view)
    link = page.locator(f"header nav a[data-view={view}]")
    expect(link).to_have_attribute("aria-current", "page")
    row, name = page.locator("header nav").bounding_box(), link.bounding_box()
    assert row
    assert name
    assert row["x"] - 1 <= name["x"]
    assert name["x"] + name["width"] <= row["x"] + row["width"] + 1


def test_on_a_phone_a_long_title_is_whole_and_the_buttons_stay(
    watched: Watched, address: str
) -> None:
    page = open_view(watched, address, "view=gallery&open=v0000000000", 390)
    title = page.locator("#detail-title")
    expect(title).to_have_text(LONG_TITLE.strip())
    assert title.evaluate("title => title.scrollHeight - title.clientHeight") <= 0
    page.locator("#detail-attributes").scroll_into_view_if_needed()
    expect(title).not_to_be_in_viewport()
    expect(page.locator("#detail-close")).to_be_in_viewport(ratio=1)


def test_the_search_of_the_filter_sheet_is_not_cut_off(watched: Watched, address: str) -> None:
    page = open_view(watched, address, "view=gallery", 390)
    page.locator("#open-filters").click()
    sheet, search = page.locator("#filter-sheet"), page.locator("#filter-sheet input").first
    expect(search).to_be_focused()
    outer, inner = sheet.bounding_box(), search.bounding_box()
    assert outer
    assert inner
    assert inner["y"] - outer["y"] >= 8  # room for the focus ring


@pytest.mark.thorough
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "state", ["", "view=gallery", "view=gallery&open=v0000000000", "view=map", "view=misses"]
)
def test_nothing_is_wider_than_the_screen(
    watched: Watched, address: str, state: str, width: int
) -> None:
    page = open_view(watched, address, state, width)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dialog = page.locator("#detail")
    assert dialog.evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") <= 0


@pytest.mark.thorough
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", ["gallery", "misses"])
def test_cards_do_not_touch_each_other_or_what_follows(
    watched: Watched, address: str, view: str, width: int
) -> None:
    page = open_view(watched, address, f"view={view}", width)
    boxes = page.locator(f"#{view} .cards > li, #{view} .panel, #{view} figure").evaluate_all(
        """all => all.map(each => {
          const { left, top, right, bottom } = each.getBoundingClientRect();
          return [left, top, right, bottom];
        })"""
    )
    assert len(boxes) > 2
    for number, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            apart = max(left - other[2], other[0] - right, top - other[3], other[1] - bottom)
            assert apart >= 8


def test_the_focus_ring_of_a_card_is_not_cut_off(watched: Watched, address: str) -> None:
    page = open_view(watched, address, "view=gallery", 1280)
    page.locator("#clear").focus()
    while not page.evaluate("document.activeElement.classList.contains('frame')"):
        page.keyboard.press("Tab")
    card = page.locator("#cards > li").first
    expect(card).to_have_css("outline-style", "solid")
    expect(card).to_have_css("outline-width", "3px")
    assert card.evaluate(
        """card => {
          for (let each = card.parentElement; each; each = each.parentElement)
            if (getComputedStyle(each).overflowX !== "visible") return each.tagName;
          return null;
        }"""
    ) in (None, "HTML", "BODY")


def test_texts_in_tables_begin_at_the_start_and_numbers_end_at_the_end(
    watched: Watched, address: str
) -> None:
    page = open_view(watched, address, "", 1280)
    wrong = page.locator("main table").evaluate_all(
        r"""tables => tables.flatMap(table => [...table.tBodies[0].rows].flatMap(row =>
          [...row.cells].filter(cell => {
            const isNumber = /^[-\d.,]+( %)?$|^–$/.test(cell.textContent) && cell.tagName === "TD";
            return (getComputedStyle(cell).textAlign === "right") !== isNumber;
          }).map(cell => cell.textContent)))"""
    )
    assert wrong == []


@pytest.mark.thorough
@pytest.mark.parametrize("width", WIDTHS)
def test_every_emotion_of_a_chart_has_its_name(watched: Watched, address: str, width: int) -> None:
    page = open_view(watched, address, "", width)
    page.locator("#overview canvas").first.wait_for()
    drawn = page.evaluate(
        """() => [...report.charts].map(({ chart }) => chart)
          .filter(chart => chart.getOption().yAxis?.[0].data?.includes("happy"))
          .map(chart => chart.getZr().storage.getDisplayList()
            .map(shape => shape.style.text).filter(text => report.EMOTIONS.includes(text)))"""
    )
    assert len(drawn) == 2
    for names in drawn:
        assert sorted(names) == sorted(page.evaluate("report.EMOTIONS"))


def test_a_table_that_is_cut_off_has_a_shadow_at_the_side(watched: Watched, address: str) -> None:
    page = open_view(watched, address, "", 390)
    region = page.get_by_role("region", name="Summary statistics")
    assert region.evaluate("region => region.scrollWidth > region.clientWidth")
    attachments = region.evaluate("region => getComputedStyle(region).backgroundAttachment")
    assert attachments == ", ".join(["local"] * 4 + ["scroll"] * 4)


@pytest.mark.thorough
@pytest.mark.parametrize("view", ["gallery", "misses", "gallery&open=v0000000000"])
def test_boxes_are_explained_where_they_are_seen(watched: Watched, address: str, view: str) -> None:
    page = open_view(watched, address, f"view={view}", 1280)
    place = "#detail" if "open" in view else f"#{view}"
    legend = page.locator(f"{place} .legend")
    expect(legend).to_contain_text("too little confidence")
    expect(legend).to_be_visible()
    expect(legend.locator("rect.left-out")).to_have_css("stroke-dasharray", "4px, 3px")
    if view == "gallery":
        page.locator("#show-words").uncheck()
        expect(legend.locator(".of-words").first).to_be_hidden()
        expect(legend.locator(".of-faces")).to_be_visible()
