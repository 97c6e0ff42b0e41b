"""An opened thumbnail: the stored picture, its colours, its neighbours, and the keyboard."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Watched
from tests.report.drawn import Drawn, draw_export
from thumbnail_tasks.export.spreadsheet_csv import write_csv

N = 60
COLOURS = [{"hex": "#ff0000", "share": 0.75}, {"hex": "#0000ff", "share": 0.25}]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """An export in which all pictures are red and blue."""
    folder = tmp_path_factory.mktemp("export")
    plain = draw_export(folder, N)
    table = pq.read_table(plain.parquet)
    position = table.column_names.index("dominant_colors")
    field = table.schema.field("dominant_colors")
    colours = pa.array([COLOURS] * len(table), field.type)
    table = table.set_column(position, field, colours)
    pq.write_table(table, plain.parquet)
    write_csv(pq.ParquetFile(plain.parquet), plain.csv, without=frozenset({"thumbnail_ocr_embed"}))
    return plain


def opened(page: Page) -> str:
    page.locator("#detail[open]").wait_for()
    return str(page.evaluate("report.state().open"))


@pytest.mark.thorough
def test_the_stored_picture_is_shown_as_large_as_it_is_without_its_black_bars(
    open_anew: Open, watched: Watched
) -> None:
    page = open_anew("view=gallery&open=v0000000000")
    image = page.locator("#detail .frame img")
    expect(image).to_have_js_property("naturalWidth", 480)
    assert re.search(r"stored/../\w{16}\.png$", str(image.get_attribute("src")))
    box = page.locator("#detail .frame").bounding_box()
    assert box
    assert box["width"] == pytest.approx(480, abs=2)
    small = page.locator("#cards img").first.evaluate(
        "image => image.naturalWidth / image.naturalHeight"
    )
    assert box["width"] / box["height"] == pytest.approx(small, rel=0.02)
    link = page.get_by_role("link", name="Open the stored picture")
    assert link.get_attribute("href") == image.get_attribute("src")
    assert watched.errors == []


@pytest.mark.thorough
def test_boxes_keep_their_positions_on_the_stored_picture(open_anew: Open) -> None:
    page = open_anew("view=gallery&faces=2-2&text=1-")
    page.locator("#cards .frame").first.click()
    expect(page.locator("#detail .frame img")).to_have_js_property("naturalWidth", 480)
    frame = page.locator("#detail .frame").bounding_box()
    face = page.locator("#detail .frame rect.face").first.bounding_box()
    assert frame
    assert face  # drawn at (20, 100)-(100, 190) of 480x360
    scale = frame["width"] / 480
    assert face["x"] == pytest.approx(frame["x"] + 20 * scale, abs=3)
    assert face["width"] == pytest.approx(80 * scale, abs=3)
    middle = frame["y"] + frame["height"] / 2
    assert face["y"] == pytest.approx(middle + (100 - 180) * scale, abs=3)


def test_without_its_stored_picture_a_thumbnail_shows_the_small_one(
    open_anew: Open, watched: Watched
) -> None:
    watched.page.route("**/stored/**", lambda route: route.abort())
    page = open_anew("view=gallery&open=v0000000000")
    page.wait_for_timeout(300)
    expect(page.locator("#detail .frame img")).to_have_js_property("naturalWidth", 240)


def test_main_colours_are_shown_with_their_shares(open_anew: Open) -> None:
    page = open_anew("view=gallery&open=v0000000000")
    colours = page.locator("#detail-colours li")
    expect(colours).to_have_text(["#ff0000 75 %", "#0000ff 25 %"])
    assert colours.locator("rect").first.get_attribute("fill") == "#ff0000"
    expect(page.locator("#detail-attributes code", has_text="edges")).to_be_visible()


@pytest.mark.thorough
def test_buttons_and_arrow_keys_step_through_the_selection(
    open_anew: Open, watched: Watched
) -> None:
    page = open_anew("view=gallery&sort=views&faces=1-")
    found = page.evaluate("report.views.gallery.found.map(report.key)")
    assert len(found) > 3
    page.locator("#cards .frame").first.click()
    assert opened(page) == found[0]
    expect(page.locator("#detail-position")).to_have_text(f"1 of {len(found)}")
    expect(page.get_by_role("button", name="Previous thumbnail")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-position")).to_have_text(f"2 of {len(found)}")
    assert opened(page) == found[1]
    page.get_by_role("button", name="Next thumbnail").click()
    expect(page.locator("#detail-position")).to_have_text(f"3 of {len(found)}")
    expect(page.get_by_role("button", name="Next thumbnail")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#detail-position")).to_have_text(f"1 of {len(found)}")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-position")).to_have_text(f"2 of {len(found)}")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator("#cards .frame").nth(1)).to_be_focused()
    assert watched.errors == []


def test_the_last_thumbnail_has_no_next_one(open_anew: Open) -> None:
    page = open_anew("view=gallery&faces=3-3")
    last = page.evaluate("report.key(report.views.gallery.found.at(-1))")
    page = open_anew(f"view=gallery&faces=3-3&open={last}")
    expect(page.get_by_role("button", name="Next thumbnail")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    assert opened(page) == last


@pytest.mark.thorough
def test_arrow_keys_scroll_a_wide_table_instead(open_anew: Open) -> None:
    page = open_anew("view=gallery&faces=1-1")
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#cards .frame").first.click()
    before = opened(page)
    region = page.get_by_role("region", name="Faces and the probabilities of their emotions")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert region.evaluate("region => region.scrollLeft") > 0
    assert opened(page) == before


@pytest.mark.thorough
@pytest.mark.parametrize("view", ["misses", "map"])
def test_neighbours_of_other_views_are_those_of_the_view(open_anew: Open, view: str) -> None:
    page = open_anew(f"view={view}")
    if view == "misses":
        items = page.locator("#misses .cards > li").evaluate_all(
            "all => all.map(li => li.dataset.item)"
        )
        keys = page.evaluate("items => items.map(Number).map(report.key)", items)
        page.locator("#misses .cards .frame").first.click()
        page.keyboard.press("ArrowRight")
        expected = list(dict.fromkeys(keys))[1]
    else:
        page = open_anew("view=map&open=v0000000003")
        opened(page)
        page.keyboard.press("ArrowRight")
        expected = "v0000000004"
    page.wait_for_function("key => report.state().open === key", arg=expected)


def test_attributes_stay_open_from_one_thumbnail_to_the_next(open_anew: Open) -> None:
    page = open_anew("view=gallery&open=v0000000000")
    page.locator("#detail summary", has_text="Columns of the table").click()
    expect(page.locator("#detail-attributes code", has_text="likes")).to_be_visible()
    page.locator("#detail-close").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-position")).to_have_text(f"2 of {N + 1}")
    expect(page.locator("#detail-attributes code", has_text="likes")).to_be_visible()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a,b", ["a", "b"]),
        (",", ["", ""]),
        ("a,,", ["a", "", ""]),
        ('"a,""b""",c', ['a,"b"', "c"]),
        ('"a\nb",""', ["a\nb", ""]),
        ("", [""]),
    ],
)
def test_lines_of_csv_are_split_into_cells(open_anew: Open, line: str, cells: list[str]) -> None:
    assert open_anew("").evaluate("report.cells", line) == cells
