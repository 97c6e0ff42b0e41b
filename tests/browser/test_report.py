"""The report in a browser: every view, filter and link, from a file and from a web server."""

import functools
import io
import re
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Watched
from tests.browser.sidebar import (
    choose,
    expect_count,
    found_ids,
    ids_on,
    section,
    set_range,
    shown_count,
)
from tests.conftest import running
from tests.report.drawn import Drawn

N = 300


def rows_of(table: pd.DataFrame, thumbnail_id: str) -> pd.DataFrame:
    return table[table["thumbnail_id"] == thumbnail_id]


def test_the_overview_summarizes_the_export(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("")
    overview = page.locator("#overview")
    ok = thumbnails[thumbnails["thumbnail_status"] == "ok"]
    with_text = 100 * (ok["thumbnail_ocr_length"] > 0).mean()
    with_faces = 100 * (ok["face_count"] > 0).mean()
    lead = overview.locator(".lead").inner_text()
    assert f"Of the {len(ok)} thumbnails with a picture" in lead
    assert f"{with_text:.1f}".removesuffix(".0") in lead
    assert f"{with_faces:.1f}".removesuffix(".0") in lead
    expect(overview).to_contain_text("Correlation is not causation")
    page.locator("#overview canvas").nth(8).wait_for()
    for title in ("Words per thumbnail", "Faces per thumbnail", "Hue wheel", "Brightness"):
        expect(overview.locator("figcaption", has_text=title).first).to_be_visible()
    face_rows = overview.get_by_role("region", name="Faces per thumbnail").locator("tbody tr")
    page.get_by_text("Numbers: faces per thumbnail").click()
    counted = [row.split("\t") for row in face_rows.all_inner_texts()]
    expected = ok["face_count"].value_counts()
    assert {int(faces): int(count) for faces, count in counted if count != "0"} == dict(expected)


def test_views_can_be_opened_by_keyboard(open_view: Open) -> None:
    page = open_view("")
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Gallery", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#gallery")).to_be_visible()
    expect(page.locator("#overview")).to_be_hidden()
    expect(page.locator("nav a[aria-current=page]")).to_have_text("Gallery")


def test_words_are_found_in_raw_and_corrected_texts(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    page.get_by_label("Word", exact=True).first.fill("stop space")
    texts = (
        thumbnails["thumbnail_ocr"].fillna("") + "\n" + thumbnails["thumbnail_ocr_raw"].fillna("")
    )
    has_both = texts.str.contains("STOP") & texts.str.contains("SPACE")
    assert has_both.any()
    expect_count(page, int(has_both.sum()))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("sort", "column", "is_ascending"),
    [
        *(("views", "views", False), ("likes", "likes", False), ("dark", "value_median", True)),
        *(("edges", "edges", False), ("edges&up=1", "edges", True), ("text", "word_count", False)),
        *(("channel", "channel_title", True), ("channel&up=1", "channel_title", False)),
    ],
)
def test_the_gallery_can_be_sorted(
    open_view: Open, thumbnails: pd.DataFrame, sort: str, column: str, is_ascending: bool
) -> None:
    page = open_view(f"view=gallery&sort={sort}")
    shown = thumbnails[column].loc[found_ids(page)].replace(r"^\s*$", None, regex=True)
    values = shown.dropna()
    assert 0 < len(values) <= len(shown) == len(thumbnails)
    assert values.is_monotonic_increasing if is_ascending else values.is_monotonic_decreasing
    assert shown[len(values) :].isna().all()  # those without a value are last
    assert ids_on(page) == found_ids(page)[: len(ids_on(page))]


def test_the_order_is_chosen_and_turned_round(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    page.locator("#filter-sort").select_option(label="Views")
    expect(page.locator("#direction")).to_have_text("Largest first")
    views = thumbnails["views"]
    expect(page.locator("#cards > li").first).to_have_attribute("data-item", str(views.argmax()))
    page.locator("#direction").click()
    expect(page.locator("#direction")).to_have_text("Smallest first")
    expect(page.locator("#cards > li").first).to_have_attribute("data-item", str(views.argmin()))


def test_a_link_restores_the_state(open_view: Open) -> None:
    page = open_view("view=gallery")
    choose(page, "emotion", "sad")
    page.locator("#filter-sort").select_option("views")
    page.locator("#show-words").uncheck()
    expect(page).to_have_url(re.compile("hide_words=1"))
    address, before, count = page.url, found_ids(page), shown_count(page)
    page.goto("about:blank")
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    assert (found_ids(page), shown_count(page)) == (before, count)
    assert section(page, "emotion").get_by_label("sad").is_checked()
    assert not page.locator("#show-words").is_checked()
    page.go_back()
    page.go_forward()
    page.locator("body[data-ready]").wait_for()
    assert found_ids(page) == before


def test_the_back_button_undoes_a_filter(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    choose(page, "emotion", "fear")
    expect_count(page, int((thumbnails["fear_count"] > 0).sum()))
    page.go_back()
    expect_count(page, len(thumbnails))


def test_words_and_faces_are_marked_at_their_positions(
    open_view: Open, drawn: Drawn, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery&faces=2-2&text=1-")
    card = page.locator("#cards > li").first
    card.locator("svg rect").first.wait_for(state="attached")
    item = ids_on(page)[0]
    words = drawn.results["words"].to_pandas().pipe(rows_of, item)
    assert card.locator("rect.word").count() == len(words)
    assert card.locator("rect.face").count() == 2
    # Drawn at (20, 100)-(100, 190) of 480x360; the whole picture is shown in a 16:9 frame.
    frame, face = card.locator(".frame").bounding_box(), card.locator("rect.face").first
    box = face.bounding_box()
    assert frame
    assert box
    scale = frame["height"] / 360
    left = frame["x"] + (frame["width"] - 480 * scale) / 2 + 20 * scale
    assert box["x"] == pytest.approx(left, abs=3)
    assert box["width"] == pytest.approx(80 * scale, abs=3)
    assert box["y"] == pytest.approx(frame["y"] + 100 * scale, abs=3)
    page.locator("#show-faces").uncheck()
    expect(card.locator("rect.face").first).to_be_hidden()
    expect(card.locator("rect.word").first).to_be_visible()


def test_a_thumbnail_opens_with_its_probabilities_and_closes_by_keyboard(
    open_view: Open, drawn: Drawn
) -> None:
    page = open_view("view=gallery&faces=1-1")
    opener = page.locator("#cards > li button").first
    item = ids_on(page)[0]
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#detail")
    expect(dialog).to_be_visible()
    expect(page).to_have_url(re.compile(f"open={item}"))
    (face,) = drawn.results["emotions"].to_pandas().pipe(rows_of, item).to_dict("records")
    table = dialog.get_by_role("region", name="Faces and the probabilities of their emotions")
    expect(table).to_contain_text(face["emotion"])
    expect(table).to_contain_text(str(round(float(face[face["emotion"]]), 3)))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_changed_thumbnails_are_filtered_and_show_before_and_after(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    changed = thumbnails[thumbnails["thumbnail_changed_count"] > 0]
    page = open_view("view=gallery")
    set_range(page, "changed", 1, "")
    expect_count(page, len(changed))
    page.locator("#cards > li button").first.click()
    versions = page.locator("#detail .versions")
    expect(versions.locator("p")).to_have_text(
        ["First seen on an unknown day", "First seen 2026-11-08 03:00 UTC"]
    )
    versions.scroll_into_view_if_needed()
    for number in range(2):
        expect(versions.locator("img").nth(number)).to_have_js_property("naturalWidth", 480)


def test_a_removed_thumbnail_says_since_when(open_view: Open, thumbnails: pd.DataFrame) -> None:
    kept = thumbnails[thumbnails["thumbnail_changed_count"] == 0]
    page = open_view(f"view=gallery&open={kept['thumbnail_id'].iloc[0]}")
    expect(page.locator("#detail-facts")).to_contain_text(
        "The server has had no picture since 2026-11-09 03:05 UTC"
    )


@pytest.mark.thorough
def test_look_alikes_are_found_from_one_of_them(open_view: Open, thumbnails: pd.DataFrame) -> None:
    groups = thumbnails["duplicate_group"].value_counts()
    page = open_view("view=gallery&alike=any")
    expect_count(page, int(groups[groups > 1].sum()))
    first = groups[groups > 1].index[0]
    page = open_view(f"view=gallery&open={first}")
    page.get_by_role("link", name="Thumbnails that look alike").click()
    expect(page.locator("#detail")).to_be_hidden()
    expect_count(page, int(groups[first]))
    assert ids_on(page) == thumbnails.index[thumbnails["duplicate_group"] == first].tolist()
    page = open_view("view=gallery&sort=alike")
    members = thumbnails["duplicate_group"].loc[found_ids(page)[: int(groups[groups > 1].sum())]]
    assert members.value_counts(sort=False).tolist() == groups[groups > 1].tolist()
    assert members.ne(members.shift()).sum() == (groups > 1).sum()  # side by side


@pytest.mark.thorough
def test_colourful_thumbnails_are_filtered_and_put_in_order(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    strong = thumbnails["colorfulness"][thumbnails["colorfulness"] >= 45]
    page = open_view("view=gallery&colorfulness=45-&sort=colorfulness")
    expect_count(page, len(strong))
    shown = thumbnails["colorfulness"].loc[found_ids(page)]
    assert shown.tolist() == strong.sort_values(ascending=False).tolist()


def test_the_address_of_an_open_thumbnail_has_its_id_or_else_its_row(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    last = thumbnails.index.dropna()[-1]
    page = open_view(f"view=gallery&open={last}")
    expect(page.locator("#detail-facts dd").last).to_have_text(last)
    no_id = page.evaluate("report.items.id.indexOf(null)")
    page = open_view(f"view=gallery&open=row {no_id}")
    expect(page.locator("#detail-title")).to_have_text("A row without a thumbnail")
    page = open_view("view=gallery&open=row 0")
    expect(page.locator("#detail")).to_be_hidden()


def test_the_filtered_rows_can_be_downloaded(open_view: Open, drawn: Drawn) -> None:
    page = open_view("view=gallery&emotion=happy")
    with page.expect_download() as waiting:
        page.locator("#export summary").click()
        page.get_by_role("button", name="Download rows as CSV").click()
    content = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    rows = pd.read_csv(drawn.csv)
    expected = rows[rows["happy_count"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(content)), expected, check_dtype=False)


def test_the_most_similar_texts_come_first(open_view: Open, thumbnails: pd.DataFrame) -> None:
    with_text = thumbnails[thumbnails["thumbnail_ocr_length"] > 2]
    name = with_text.index[0]
    page = open_view(f"view=gallery&near={name}")
    expect(page.locator("#count")).to_contain_text("similar to")
    once = thumbnails[thumbnails["thumbnail_ocr_length"] > 0]
    vectors = once.drop_duplicates("thumbnail_ocr").set_index("thumbnail_ocr")
    wanted = vectors["thumbnail_ocr_embed"].loc[with_text["thumbnail_ocr"].iloc[0]]
    cosines = vectors["thumbnail_ocr_embed"].map(lambda each: float(each @ wanted))
    shown = thumbnails.loc[ids_on(page), "thumbnail_ocr"].map(cosines).to_numpy()
    assert shown[0] == pytest.approx(1, abs=1e-5)
    assert (shown[:-1] - shown[1:]).min() > -0.01  # 8 bits


@pytest.mark.thorough
def test_the_map_shows_every_text_and_opens_its_thumbnail(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=map")
    texts = thumbnails["thumbnail_ocr"].dropna()
    n_texts = texts[texts != ""].nunique()
    expect(page.locator("#map-count")).to_contain_text(f"{n_texts} distinct texts")
    page.locator("#map-chart canvas").first.wait_for()
    page.locator("#map-chart").scroll_into_view_if_needed()
    point = page.evaluate(
        """() => {
          const chart = echarts.getInstanceByDom(document.getElementById('map-chart'));
          const series = chart.getOption().series.slice(0, -1);  // without the marked ones
          const point = series.at(-1).data.at(-1);  // no other point is drawn over it
          const [x, y] = chart.convertToPixel({ seriesIndex: 0 }, point.slice(0, 2));
          return { x, y, item: point[2] };
        }"""
    )
    box = page.locator("#map-chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + point["x"], box["y"] + point["y"])
    expect(page.locator("#map-hover")).not_to_have_text("")
    page.mouse.click(box["x"] + point["x"], box["y"] + point["y"])
    expect(page.locator("#detail")).to_be_visible()
    expect(page).to_have_url(re.compile("open=" + page.evaluate("report.key", point["item"])))
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(500)
    chart = "echarts.getInstanceByDom(document.getElementById('map-chart'))"
    assert page.evaluate(f"{chart}.getOption().dataZoom[0].start") > 0
    page.get_by_label("Word", exact=True).last.fill("space")
    n_marked = texts[texts.str.contains("SPACE")].nunique()
    expect(page.locator("#map-count")).to_contain_text(f"{n_marked} marked")
    page.locator("#map-list a").first.click()
    expect(page.locator("#gallery")).to_be_visible()


def test_the_misses_list_what_could_not_be_processed(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=misses")
    misses = page.locator("#misses")
    not_found = thumbnails[thumbnails["thumbnail_status"] == "not_found"]
    expect(misses.locator("h3", has_text="not_found")).to_contain_text(f": {len(not_found)}")
    for name in not_found["thumbnail_id"].tolist():
        expect(misses.get_by_text(name).first).to_be_attached()
    expect(misses.get_by_text("HTTP 404").first).to_be_attached()
    expect(misses.locator("h3", has_text="no_link")).to_contain_text(": 1")
    changed = (thumbnails["thumbnail_ocr"] != thumbnails["thumbnail_ocr_raw"]) & (
        thumbnails["thumbnail_ocr"].notna()
    )
    expect(misses).to_contain_text(f"Text changed by correction ({changed.sum()})")
    expect(misses).to_contain_text("STDP")


@pytest.mark.thorough
@pytest.mark.parametrize("view", ["overview", "gallery", "map", "misses", "compare", "sheet"])
def test_a_narrow_screen_needs_no_horizontal_scrolling(open_view: Open, view: str) -> None:
    page = open_view(f"view={view}")
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_theme_follows_the_system_until_the_button_is_pressed(open_view: Open) -> None:
    page = open_view("")

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = background()
    page.emulate_media(color_scheme="dark")
    dark = background()
    assert light != dark
    page.locator("#theme").click()
    assert background() == light
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert background() == light  # saved
    page.locator("#theme").click()
    assert background() == dark


def test_the_report_works_from_a_web_server(watched: Watched, address: str) -> None:
    folder = Path(address.removeprefix("file://")).parent
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with running(server):
        address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
        watched.page.goto(f"{address}#view=gallery")
        watched.page.locator("body[data-ready]").wait_for()
        expect_count(watched.page, N + 1)
    assert watched.errors == []
    assert watched.foreign == []
