"""The report on texts of all scripts: filters by language and script, unread lines, and bidi."""

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched
from tests.browser.sidebar import choose, option_counts, section
from tests.report.drawn import Drawn, draw_export

TITLES = (
    "أفضل 10 ألعاب!",
    "TOP 10 אלה המשחקים הטובים",  # of its letters, most are Hebrew
    "Привет, мир!",
    "NETFLIX أفضل المسلسلات",
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), 60, titles=TITLES)


@pytest.fixture(scope="module")
def thumbnails(drawn: Drawn) -> pd.DataFrame:
    rows = pd.read_parquet(drawn.parquet)
    return rows[~rows["thumbnail_id"].fillna("none").duplicated()]


def open_view(watched: Watched, address: str, state: str) -> Page:
    watched.page.goto(f"{address}#{state}")
    watched.page.locator("body[data-ready]").wait_for()
    return watched.page


def is_from_right(texts: Locator) -> bool:
    """Whether the first word of an element stands to the right of its last."""
    return bool(
        texts.evaluate(
            """element => {
              const text = element.ownerDocument.createTreeWalker(element, 4).nextNode();
              const x = (from, to) => {
                const range = document.createRange();
                range.setStart(text, from);
                range.setEnd(text, to);
                return range.getBoundingClientRect().x;
              };
              const last = text.data.trimEnd().lastIndexOf(' ') + 1;
              return x(0, text.data.indexOf(' ')) > x(last, text.data.length);
            }"""
        )
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "value", "label", "column"),
    [
        ("language", "en", "English", "thumbnail_text_language"),
        ("language", "he", "Hebrew", "thumbnail_text_language"),
        ("script", "Arabic", "Arabic", "thumbnail_text_script"),
        ("script", "Hangul", "Hangul", "thumbnail_text_script"),
        ("doubt", "unread", "a line that was not read", "thumbnail_unread_lines"),
    ],
)
def test_thumbnails_are_filtered_by_language_script_and_unread_lines(
    watched: Watched,
    address: str,
    thumbnails: pd.DataFrame,
    name: str,
    value: str,
    label: str,
    column: str,
) -> None:
    page = open_view(watched, address, "view=gallery")
    expected = (thumbnails[column] == (1 if name == "doubt" else value)).sum()
    assert expected > 0
    assert option_counts(page, name)[label] == expected
    choose(page, name, value)
    expect(page.locator("#count")).to_have_text(f"{expected} of {len(thumbnails)} thumbnails")
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert section(page, name).get_by_label(label).is_checked()
    assert watched.errors == []


@pytest.mark.thorough
def test_an_export_of_an_earlier_version_has_no_filters_by_script(
    watched: Watched, drawn: Drawn, tmp_path: Path
) -> None:
    earlier = drawn.without_scripts(tmp_path / "earlier").write_site(tmp_path / "report")
    page = open_view(watched, earlier.as_uri(), "view=gallery&open=v0000000000")
    expect(page.locator("#detail")).to_be_visible()
    expect(page.locator("#detail dt", has_text="Script")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#filters [data-key=channel]")).to_be_visible()
    expect(page.locator("#filters [data-key=language]")).to_have_count(0)
    expect(page.locator("#filters [data-key=script]")).to_have_count(0)
    assert "a line that was not read" not in option_counts(page, "doubt")
    page.goto(f"{earlier.as_uri()}#view=misses")
    expect(page.locator("#misses h3", has_text="hard to judge")).to_be_visible()
    expect(page.locator("#misses h3", has_text="not read")).to_have_count(0)
    assert watched.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "from_right", "language", "script"),
    [
        (0, True, "Arabic", "Arabic"),
        (1, True, "Hebrew", "Hebrew"),
        (2, False, None, "Cyrillic"),
        (3, True, "Arabic", "Arabic"),
        (5, False, "English", "Latin"),
    ],
)
def test_texts_run_in_the_direction_of_their_script(
    watched: Watched,
    address: str,
    number: int,
    from_right: bool,
    language: str | None,
    script: str,
) -> None:
    page = open_view(watched, address, f"view=gallery&open=v{number:010d}")
    card = page.locator(f"#cards > li[data-item='{number}'] .says p:not(.title)")
    assert is_from_right(card) == from_right
    expect(card).to_have_css("direction", "rtl" if from_right else "ltr")
    dialog = page.locator("#detail")
    name = dialog.locator("dt", has_text="Text")
    text = dialog.locator("dt:text-is('Text') + dd")
    assert is_from_right(text) == from_right
    boxes = name.bounding_box(), text.bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[1]["x"] - boxes[0]["x"] < 200  # beside its name, not at the far side
    assert boxes[1]["width"] < 400
    expect(dialog.locator("dt:text-is('Script') + dd")).to_have_text(script)
    expect(dialog.locator("dt:text-is('Lines not read') + dd")).to_have_text("0")
    told = dialog.locator("dt:text-is('Language') + dd")
    expect(told).to_have_text([language] if language else [])
    assert watched.errors == []


@pytest.mark.thorough
def test_words_in_tables_run_in_their_own_direction(watched: Watched, address: str) -> None:
    page = open_view(watched, address, "view=gallery&open=v0000000000")
    word = page.get_by_role("region", name="Words and their confidence").locator("tbody th")
    assert is_from_right(word)
    expect(word).to_have_css("text-align", "start")
    expect(word).to_have_css("direction", "rtl")
    expect(page.locator("#detail-title")).to_have_css("direction", "rtl")


@pytest.mark.thorough
def test_numbers_beside_names_are_isolated_from_them(watched: Watched, address: str) -> None:
    page = open_view(watched, address, "view=gallery&near=v0000000000")
    name = section(page, "channel").locator(".option bdi").first
    expect(name).to_have_css("unicode-bidi", "isolate")
    text = page.locator("#count bdi")
    expect(text).to_have_text(TITLES[0])
    expect(text).to_have_css("unicode-bidi", "isolate")
    expect(text).to_have_css("direction", "rtl")
    expect(page.locator("#made bdi")).to_have_text("videos.csv")


@pytest.mark.thorough
@pytest.mark.parametrize(("number", "is_all"), [(4, True), (14, False)])
def test_lines_that_were_not_read_are_listed_and_marked(
    watched: Watched, address: str, thumbnails: pd.DataFrame, number: int, is_all: bool
) -> None:
    name = f"v{number:010d}"
    text = thumbnails.set_index("thumbnail_id")["thumbnail_ocr"]
    assert text.isna()[name] == is_all
    page = open_view(watched, address, f"view=gallery&open={name}")
    dialog = page.locator("#detail")
    expect(dialog.locator("dt:text-is('Lines not read') + dd")).to_have_text("1")
    words = dialog.get_by_role("region", name="Words and their confidence").locator("tbody tr")
    assert words.last.inner_text().split("\t") == ["a line in Hangul, not read", "0.5"]
    expect(dialog.locator(".frame rect.unread")).to_have_count(1)
    card = page.locator(f"#cards > li[data-item='{number}']")
    expect(card.locator(".soft")).to_have_text(["text not read"] if is_all else [])
    assert watched.errors == []
