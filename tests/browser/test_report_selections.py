"""Selections that are saved, exported to files and queries, or printed."""

import itertools
import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.sidebar import choose, expect_count, found_ids, set_range
from tests.report.drawn import Drawn
from thumbnail_tasks.storage.manifest import Manifest, Part, write_manifest


def save(page: Page, name: str) -> None:
    if page.locator("#selections").get_attribute("open") is None:
        page.locator("#selections summary").click()
    page.get_by_role("textbox", name="Name of this selection").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.mark.thorough
def test_a_selection_is_saved_applied_compared_and_removed(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    n_happy, n_sad = (int((thumbnails[f"{e}_count"] > 0).sum()) for e in ("happy", "sad"))
    choose(page, "emotion", "happy")
    save(page, "Smiles & co")
    page.get_by_role("button", name="Clear filters").click()
    choose(page, "emotion", "sad")
    save(page, "Tears")
    page.get_by_role("link", name="Smiles & co").click()
    expect_count(page, n_happy)
    page.goto("about:blank")
    page = open_view("view=gallery")  # kept by the browser
    page.get_by_role("link", name="Tears").click()
    expect_count(page, n_sad)
    page.get_by_role("link", name="Compare", exact=True).click()
    page.locator("#compare-a").select_option(label="\u2068Tears\u2069")
    page.locator("#compare-b").select_option(label="\u2068Smiles & co\u2069")
    expect(page.locator("#compared")).to_contain_text(f"A {n_sad} thumbnails")
    expect(page.locator("#compared")).to_contain_text(f"B {n_happy} thumbnails")
    page = open_view("view=gallery")
    page.get_by_role("button", name="Remove the selection Tears").click()
    expect(page.get_by_role("link", name="Tears")).to_have_count(0)


@pytest.mark.thorough
def test_where_nothing_is_kept_saved_selections_are_in_the_address(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery&faces=2-")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none'); } });"
    )
    page.reload()
    page.locator("body[data-ready]").wait_for()
    save(page, "Groups")
    expect(page.locator("#status")).to_contain_text("bookmark it")
    expect(page).to_have_url(re.compile("saved=Groups"))
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    page.get_by_role("button", name="Clear filters").click()
    expect_count(page, len(thumbnails))
    page.get_by_role("link", name="Groups").click()
    expect_count(page, int((thumbnails["face_count"] >= 2).sum()))


def run_query(page: Page, drawn: Drawn) -> pd.DataFrame:
    """The rows that DuckDB gives for the line of SQL on the page."""
    if page.locator("#export").get_attribute("open") is None:
        page.locator("#export summary").click()
    expect(page.locator("#query")).to_have_value(re.compile("attributes"))
    query = page.locator("#query").input_value()
    assert "\n" not in query
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{drawn.parquet.parent}'")
        return connection.execute(query).df()


STATES = [
    "",
    "emotion=happy&faces=2-",
    "emotion=∅&status=ok",
    "edges=0.25-0.5&views=250000-500000",
    "faces=∅&faces=3-",
    "category=3&category=∅",
    "channel=Channel 5&channel=∅",
    "language=en&script=Latin",
    "title_ocr_similarity=-0.5--0.25",
    "q=stop space",
    "q=without a thumbnail",
    "doubt=changed&alike=∅",
    "colour=red&sort=views",
    "emotion=happy&q=nothing at all",
]


@pytest.mark.thorough
@pytest.mark.parametrize("state", STATES)
def test_the_query_gives_the_rows_of_the_selected_thumbnails(
    open_view: Open, drawn: Drawn, state: str
) -> None:
    page = open_view(f"view=gallery&{state}")
    found = run_query(page, drawn)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download rows as CSV").click()
    downloaded = pd.read_csv(Path(waiting.value.path()), encoding="utf-8-sig")
    assert len(found) == len(downloaded)
    for name in ("thumbnail_id", "title", "views", "face_count"):
        shown, expected = (
            each[name].astype(object).where(each[name].notna()) for each in (found, downloaded)
        )
        pd.testing.assert_series_equal(shown, expected, check_dtype=False, check_index_type=False)
    ids = set(found["thumbnail_id"].dropna())
    assert ids == {each for each in found_ids(page) if each is not None}


def test_the_query_of_an_export_in_parts_gives_the_same_rows(
    open_view: Open, drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pq.read_table(drawn.parquet)
    cuts = [0, 100, 101, len(rows)]
    parts = []
    (tmp_path / "attributes").mkdir()
    for first, end in itertools.pairwise(cuts):
        parts.append(Part(f"{first:012d}-{first:08x}.parquet", first, end - first))
        pq.write_table(rows[first:end], tmp_path / "attributes" / parts[-1].file)
    write_manifest(str(tmp_path / "attributes"), Manifest("made from", len(rows), tuple(parts)))
    (tmp_path / "attributes" / "0-of-an-earlier-export.parquet").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    for state in ("emotion=happy&faces=2-", "q=without a thumbnail", "category=∅"):
        page = open_view(f"view=gallery&{state}")
        expected = run_query(page, drawn)
        page.evaluate("report.summary.is_dataset = true")
        page.locator("#export summary").click()
        page.locator("#export summary").click()
        expect(page.locator("#query")).to_have_value(re.compile("_manifest"))
        with duckdb.connect() as connection:
            found = connection.execute(page.locator("#query").input_value()).df()
        pd.testing.assert_frame_equal(found, expected)
        assert len(found) > 0


def test_the_query_can_be_copied(open_view: Open) -> None:
    page = open_view("view=gallery&emotion=happy")
    page.locator("#export summary").click()
    expect(page.locator("#query")).to_have_value(re.compile("happy_count"))
    page.get_by_role("button", name="Copy query").click()
    expect(page.locator("#status")).to_have_text("Query copied.")
    page.locator("#filter-q").fill("")
    page.locator("#filter-q").press("ControlOrMeta+v")
    expect(page.locator("#filter-q")).to_have_value(re.compile("^SELECT .*happy_count"))


def test_the_export_panel_closes_by_escape_and_by_a_click_elsewhere(open_view: Open) -> None:
    page = open_view("view=gallery")
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.locator("h1").click()):
        page.locator("#export summary").click()
        expect(page.locator("#csv")).to_be_visible()
        close()
        expect(page.locator("#csv")).to_be_hidden()


def test_a_sheet_lists_the_selection_for_the_printer(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    set_range(page, "faces", 3, 3)
    page.locator("#filter-sort").select_option("views")
    page.locator("#export summary").click()
    page.get_by_role("link", name="Printable sheet").click()
    expected = thumbnails[thumbnails["face_count"] == 3].sort_values("views", ascending=False)
    items = page.locator("#sheet .printed > li")
    expect(items).to_have_count(len(expected))
    assert items.locator("p.soft").all_inner_texts() == expected["thumbnail_id"].tolist()
    expect(page.locator("#sheet h2")).to_have_text("Faces: 3")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator("header")).to_be_hidden()
    expect(items.first).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Back to the gallery").click()
    expect_count(page, len(expected))


def test_hostile_saved_selections_do_no_harm(open_view: Open) -> None:
    page = open_view(
        "view=gallery&saved=|x&saved=<b>|faces%3D1-&saved=__proto__|q%3Da&saved=nothing"
    )
    names = page.locator("#selections .saved a")
    expect(names).to_have_text(["<b>", "__proto__"])
    kept = page.evaluate("localStorage.getItem(report.selections.key)")
    assert kept is None or json.loads(kept)
