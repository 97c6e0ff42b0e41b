"""What the view Nights says of an export, compared with an earlier one."""

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.report.drawn import Drawn

N_NEW = 3


@pytest.fixture(scope="module")
def changed(drawn: Drawn) -> pd.DataFrame:
    """Two thumbnails with a picture and a text, which the earlier night did not lack."""
    named = drawn.list_named()
    return named[named["thumbnail_ocr"].fillna("").str.len() > 0].iloc[-2:]


@pytest.fixture(scope="module")
def address(drawn: Drawn, changed: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site") / "report"
    before = drawn.draw_night_before(N_NEW, changed.index)
    return drawn.write_site(folder, before=before).as_uri()


def test_new_changed_and_gone_thumbnails_are_shown(open_view: Open, changed: pd.DataFrame) -> None:
    page = open_view("view=nights")
    nights = page.locator("#nights")
    expect(nights.locator(".lead")).to_contain_text("since the export of 2026-11-27")
    headings = nights.locator("h2").all_inner_texts()
    assert headings[:3] == [f"New thumbnail: {N_NEW}", "Another picture: 2", "Another text: 2"]
    assert headings[-1] == "Gone: 1"
    expect(nights.locator(".reasons li")).to_have_text("left: It has left")
    cards = nights.locator("ul.cards").first.locator("> li")
    expect(cards).to_have_count(N_NEW)
    expect(nights.get_by_text("similarity")).to_have_count(0)
    for _, row in changed.iterrows():
        told = nights.locator("tr", has_text=row["thumbnail_id"])
        expect(told).to_contain_text("WHAT IT SAID")
        expect(told).to_contain_text(row["thumbnail_ocr"])


def test_changes_lead_to_their_thumbnails(open_view: Open) -> None:
    page = open_view("view=nights")
    page.locator("#nights h2 a", has_text="Another picture").click()
    expect(page.locator("#gallery")).to_be_visible()
    expect(page.locator("#gallery .cards > li")).to_have_count(2)
