"""Search in the report; what is said where nothing is found, or a link names what is not there."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Watched
from tests.report.drawn import Drawn, draw_export

TITLES = ("Bon appétit à tous", "Straße nach İzmir", "ΟΔΟΣ Αθηνών", "ÇA VA", "한국 음식")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), 60, titles=TITLES)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        *(("appetit", 0), ("APPÉTIT", 0), ("tous bon", 0), ("a tous", 0)),
        *(
            ("strasse", 1),
            ("izmir STRASSE", 1),
            ("οδός", 2),
            ("αθηνων", 2),
            ("ca", 3),
            ("음식 한국", 4),
        ),
    ],
)
def test_words_are_found_in_any_order_without_accents(
    open_anew: Open, query: str, title: int
) -> None:
    page = open_anew("view=gallery")
    page.locator("#filter-q").fill(query)
    expect(page.locator("#cards > li").first).to_contain_text(TITLES[title])
    expect(page.locator(".empty")).to_be_hidden()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"),
        ("Ðæœøłđþı", "daeoeoldthi"),
        ("ﬁn ①", "fin 1"),
        ("نَصّ", "نص"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी", "हिन्दी"),
        ("が", "が"),
    ],
)
def test_texts_are_compared_without_accents_and_case(
    open_anew: Open, text: str, folded: str
) -> None:
    assert open_anew("").evaluate("report.fold", text) == folded


def test_words_that_are_nowhere_say_so_and_can_be_cleared(open_anew: Open) -> None:
    page = open_anew("view=gallery&emotion=happy")
    page.locator("#filter-q").fill("zzzz")
    expect(page.locator(".empty")).to_contain_text("No thumbnail")
    expect(page.locator("#count")).to_have_text("0 of 61 thumbnails")
    page.get_by_role("button", name="Clear all filters").click()
    expect(page.locator("#count")).to_have_text("61 of 61 thumbnails")
    expect(page.locator(".empty")).to_be_hidden()
    expect(page.locator("#filter-q")).to_be_focused()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("state", "told"),
    [
        (
            "view=gallery&open=gone1234567",
            "a thumbnail that this report does not have: gone1234567",
        ),
        ("view=map&open=gone1234567", "a thumbnail that this report does not have"),
        ("view=gallery&near=gone1234567", "a thumbnail with a text that this report does not have"),
        ("view=gallery&near=v0000000019", "a thumbnail with a text"),  # not found, so no text
        ("view=gone", "a view that this report does not have: gone"),
        (
            "view=gallery&emotion=bored",
            "a value of “Strongest emotions” that this report does not have: bored",
        ),
        ("view=gallery&faces=many", "a value of “Faces”"),
        ("view=gallery&category=77", "a value of “Category”"),
        ("view=gallery&channel=gone", "a value of “Channel”"),
        ("view=gallery&sort=best", "an order"),
        ("view=gallery&doubt=all", "a value of “Doubtful”"),
        ("view=gallery&alike=gone", "a value of “Look-alikes”"),
        ("view=gallery&status=gone", "a value of “Status”"),
        ("view=gallery&since=new", "a filter that this report does not have: since"),
        ("view=gallery&constructor=1", "a filter that this report does not have: constructor"),
    ],
)
def test_a_link_to_what_the_report_does_not_have_says_so(
    open_anew: Open, state: str, told: str
) -> None:
    page = open_anew(state)
    notice = page.locator("#notice")
    expect(notice).to_contain_text(told)
    page.get_by_role("button", name="Remove it from the link").click()
    expect(notice).to_be_hidden()
    kept = [part for part in state.split("&") if part in ("view=gallery", "view=map")]
    assert page.evaluate("location.hash").strip("#") == "&".join(kept)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "state",
    [
        "",
        "view=gallery&open=v0000000000&near=v0000000000&faces=1-&text=1-3&sort=views",
        "view=gallery&status=not_found&doubt=low&alike=any&colour=red&emotion=sad&category=3",
        "view=gallery&q=red&size=2&up=1&at=3&by=faces&hide_words=1&hide_faces=1&saved=A|faces%3D2-",
        "view=compare&a=emotion%3Dhappy&b=emotion%3Dsad",
    ],
)
def test_a_link_to_what_it_has_says_nothing(open_anew: Open, state: str) -> None:
    expect(open_anew(state).locator("#notice")).to_be_hidden()


def test_the_link_is_copied_from_a_page_opened_from_a_file(
    open_anew: Open, watched: Watched
) -> None:
    page = open_anew("view=gallery&emotion=sad")
    page.evaluate(
        """() => document.addEventListener("copy", () => {
          window.copied = document.activeElement.value.slice(
            document.activeElement.selectionStart, document.activeElement.selectionEnd);
        })"""
    )
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
    )
    page.locator("#copy").click()
    expect(page.locator("#copy")).to_have_text("Link copied")
    assert page.evaluate("window.copied") == page.url
    expect(page.locator("#copy")).to_be_focused()
    page.evaluate("document.execCommand = () => false")
    page.locator("#copy").click()
    expect(page.locator("#copy")).to_have_text("Copy the link from the address bar")
    assert watched.errors == []


@pytest.mark.thorough
def test_at_most_20_similar_texts_are_shown_with_their_scores(
    watched: Watched, tmp_path: Path
) -> None:
    drawn = draw_export(tmp_path / "export", 800)
    address = drawn.write_site(tmp_path / "report").as_uri()
    rows = pd.read_parquet(drawn.parquet)
    once = rows[rows["thumbnail_ocr_length"] > 0].drop_duplicates("thumbnail_id")
    once = once.set_index("thumbnail_id")
    vectors = once.drop_duplicates("thumbnail_ocr").set_index("thumbnail_ocr")
    page = watched.page
    for name in once.index[:3]:
        page.goto(f"{address}#view=gallery&near={name}")
        page.locator("body[data-ready]").wait_for()
        expect(page.locator("#count bdi")).to_have_text(once["thumbnail_ocr"][name])
        wanted = vectors["thumbnail_ocr_embed"][once["thumbnail_ocr"][name]]
        cosines = vectors["thumbnail_ocr_embed"].map(lambda each: float(each @ wanted))  # noqa: B023
        expected = once["thumbnail_ocr"].map(cosines)
        expected = expected[expected > 0.4].sort_values(ascending=False)[:20]
        chips = page.locator("#cards .chips li", has_text="similarity").all_inner_texts()
        shown = [float(re.sub("[^0-9.]", "", chip)) for chip in chips]
        assert shown == pytest.approx(expected.tolist(), abs=0.012)  # two digits, of 8 bits
        assert len(shown) == page.locator("#cards > li").count() <= 20
