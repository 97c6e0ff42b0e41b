"""Titles, texts and links with hostile markup are shown as plain text in the report."""

from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.sidebar import choose, section
from tests.report.drawn import Drawn, draw_export
from tests.report.test_site import HOSTILE
from thumbnail_tasks.export.spreadsheet_csv import write_csv

TITLES = (
    *HOSTILE,
    "<img src=x onerror=\"document.title='owned'\">",
    "javascript:document.title='owned'",
    "{a|rich} \\n {b|text}",
    "&lt;b&gt; &amp;",
    "__proto__",
    "constructor",
)
LINKS = (
    "javascript:document.title='owned'",
    "data:text/html,<script>alert(1)</script>",
    "http://insecure.example/x.jpg",
    "https://safe.example/<script>.jpg",
    " javascript:alert(1)",
    "https:javascript:alert(1)",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report whose titles, texts, channels, categories, ids and links are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    plain = draw_export(folder / "plain", 30, titles=TITLES)
    table = pq.read_table(plain.parquet)
    n = len(table)
    for name, values in {
        "channel_title": [TITLES[row % len(TITLES)] for row in range(n)],
        "category_id": [TITLES[-1 - row % len(TITLES)] for row in range(n)],
        "video_id": [f"<b>{row}</b>" for row in range(n)],
    }.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    links = pa.array([LINKS[row % len(LINKS)] for row in range(n)])
    table = table.add_column(0, "thumbnail_link", links)
    drawn = Drawn(folder / "attributes.parquet", folder / "attributes.csv", plain.results)
    pq.write_table(table, drawn.parquet)
    write_csv(pq.ParquetFile(drawn.parquet), drawn.csv, without=frozenset({"thumbnail_ocr_embed"}))
    return drawn.write_site(folder / "report").as_uri()


@pytest.mark.thorough
@pytest.mark.parametrize("view", ["overview", "gallery", "map&q=script", "misses"])
def test_no_view_interprets_texts_as_markup(watched: Watched, address: str, view: str) -> None:
    page = watched.page
    page.goto(f"{address}#view={view}")
    page.locator("body[data-ready]").wait_for()
    page.wait_for_timeout(500)
    assert page.title() == "What the thumbnails say and show"
    assert page.locator("main script, main img[src=x], main b > *").count() == 0
    links = page.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert all(link.startswith(("#", "https://")) for link in links), links
    assert watched.errors == []
    assert watched.foreign == []


@pytest.mark.thorough
def test_a_thumbnail_with_a_hostile_title_shows_it_unchanged(
    watched: Watched, address: str
) -> None:
    page = watched.page
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    keys = page.evaluate("n => [...Array(n).keys()].map(report.key)", len(TITLES))
    for key, title in zip(keys, TITLES, strict=True):
        page.goto(f"{address}#view=gallery&open={quote(key)}")
        page.locator("body[data-ready]").wait_for()
        heading = page.locator("#detail-title")
        expect(heading).to_be_visible()
        assert heading.evaluate("h => h.textContent") == title
        assert heading.evaluate("h => h.childElementCount") == 0
    assert page.title() == "What the thumbnails say and show"
    assert watched.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    "title",
    [*TITLES[:3], *(pytest.param(title, marks=pytest.mark.slow) for title in TITLES[3:])],
)
def test_a_hostile_text_can_be_filtered_by(watched: Watched, address: str, title: str) -> None:
    page = watched.page
    page.goto(f"{address}#view=gallery")
    page.locator("body[data-ready]").wait_for()
    choose(page, "channel", title)
    expect(page.locator("#cards > li").first).to_be_visible()
    channel = page.evaluate("report.items.channel[report.views.gallery.found[0]]")
    assert channel == title
    page.reload()
    page.locator("body[data-ready]").wait_for()
    chosen = section(page, "channel").locator("input:checked")
    assert chosen.evaluate_all("all => all.map(box => box.value)") == [title]
    assert watched.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    "state",
    [
        *("view=__proto__", "view=constructor", "view=gallery&emotion=id&faces=x&text=9-&page=-3"),
        *("view=gallery&near=nothing&open=999999", "view=gallery&sort=__proto__&doubt=toString"),
        "view=map&by=<script>&q=%00",
    ],
)
def test_an_invalid_address_shows_a_view(watched: Watched, address: str, state: str) -> None:
    page = watched.page
    page.goto(f"{address}#{state}")
    page.locator("body[data-ready]").wait_for()
    assert page.locator("main > section:visible").count() == 1
    assert watched.errors == []


def test_the_downloaded_rows_equal_the_escaped_csv_of_the_export(
    watched: Watched, address: str
) -> None:
    page = watched.page
    page.goto(f"{address}#view=gallery")
    page.locator("body[data-ready]").wait_for()
    with page.expect_download() as waiting:
        page.locator("#export summary").click()
        page.get_by_role("button", name="Download rows as CSV").click()
    downloaded = pd.read_csv(Path(waiting.value.path()), dtype=str, keep_default_na=False)
    csv = Path(address.removeprefix("file://")).parents[1] / "attributes.csv"
    pd.testing.assert_frame_equal(downloaded, pd.read_csv(csv, dtype=str, keep_default_na=False))
    assert not downloaded["title"].str.match(r"[=+@-]").any()
