"""The sidebar: controls, their counts, and the address, compared with pandas."""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.sidebar import (
    choose,
    expect_count,
    found_ids,
    ids_on,
    option_counts,
    section,
    set_range,
    shown_count,
)


def as_ids(thumbnails: pd.DataFrame, selected: "pd.Series[bool]") -> list[str | None]:
    return [None if pd.isna(each) else each for each in thumbnails["thumbnail_id"][selected]]


CATEGORIES = {
    "emotion": ("happy", lambda rows: rows["happy_count"] > 0),
    "status": ("not_found", lambda rows: rows["thumbnail_status"] == "not_found"),
    "category": ("3", lambda rows: rows["category_id"] == 3),
    "channel": ("Channel 5", lambda rows: rows["channel_title"] == "Channel 5"),
    "doubt": ("unread", lambda rows: rows["thumbnail_unread_lines"] > 0),
}


@pytest.mark.thorough
@pytest.mark.parametrize("key", CATEGORIES)
def test_a_category_selects_the_same_thumbnails_as_pandas(
    open_view: Open, thumbnails: pd.DataFrame, key: str
) -> None:
    page = open_view("view=gallery")
    expect_count(page, len(thumbnails))
    value, select = CATEGORIES[key]
    choose(page, key, value)
    expected = select(thumbnails)
    expect_count(page, int(expected.sum()))
    assert found_ids(page) == as_ids(thumbnails, expected)
    assert ids_on(page) == as_ids(thumbnails, expected)[: len(ids_on(page))]
    page.get_by_role("button", name="Clear filters").click()
    expect_count(page, len(thumbnails))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("key", "column", "low", "high"),
    [
        ("faces", "face_count", 2, 2),
        ("text", "thumbnail_ocr_length", 1, 3),
        ("value_median", "value_median", 50.5, 120),
        ("edges", "edges", 0.25, 0.5),
        ("views", "views", 250_000, 500_000),
        ("title_ocr_similarity", "title_ocr_similarity", -0.2, 0.1),
    ],
)
def test_a_range_selects_the_same_thumbnails_as_pandas(
    open_view: Open, thumbnails: pd.DataFrame, key: str, column: str, low: float, high: float
) -> None:
    page = open_view("view=gallery")
    set_range(page, key, low, high)
    expected = thumbnails[column].astype(float).between(low, high)
    assert expected.any()
    expect_count(page, int(expected.sum()))
    assert found_ids(page) == as_ids(thumbnails, expected)
    address = re.compile(f"{key}={low}-{high}(&|$)")
    expect(page).to_have_url(address)
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect_count(page, int(expected.sum()))
    inputs = section(page, key).locator(".ends input")
    assert [float(inputs.nth(i).input_value()) for i in range(2)] == [low, high]


def test_sliders_are_moved_by_keyboard_and_one_step_back_undoes_them(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    slider = section(page, "faces").get_by_role("slider", name="Faces, from")
    expect(slider).to_have_attribute("aria-valuetext", "0")  # set when its values are loaded
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1")
    slider.press("ArrowRight")
    expect_count(page, int((thumbnails["face_count"] >= 2).sum()))
    expect(slider).to_have_attribute("aria-valuetext", "2")
    page.go_back()
    expect_count(page, int((thumbnails["face_count"] >= 1).sum()))
    page.go_back()
    expect_count(page, len(thumbnails))


def test_unknown_values_are_selected_alone_or_with_a_range(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    section(page, "faces").get_by_label("unknown").check()
    unknown = thumbnails["face_count"].isna()
    expect_count(page, int(unknown.sum()))
    set_range(page, "faces", 3, "")
    expect_count(page, int((unknown | (thumbnails["face_count"] >= 3)).sum()))
    expect(page.locator(".active-filters")).to_contain_text("Faces: 3 or more or unknown")


@pytest.mark.thorough
def test_values_of_one_category_add_and_categories_restrict_each_other(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    choose(page, "emotion", "happy", "sad")
    happy_or_sad = (thumbnails["happy_count"] > 0) | (thumbnails["sad_count"] > 0)
    expect_count(page, int(happy_or_sad.sum()))
    choose(page, "category", "3", "4")
    in_categories = thumbnails["category_id"].isin([3, 4])
    expect_count(page, int((happy_or_sad & in_categories).sum()))


def test_counts_follow_the_other_filters(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    choose(page, "emotion", "happy")
    choose(page, "category", "3")
    happy, third = thumbnails["happy_count"] > 0, thumbnails["category_id"] == 3
    section(page, "category").get_by_role("button", name="Show all").click()
    counts = thumbnails[happy]["category_id"].value_counts()
    names = {n: page.evaluate("report.category", str(n)) for n in range(12)}
    expected = {names[n]: int(counts.get(n, 0)) for n in names} | {"unknown": 0}
    assert option_counts(page, "category") == expected
    emotions = option_counts(page, "emotion")
    for emotion in ("happy", "sad", "angry"):
        assert emotions[emotion] == int((third & (thumbnails[f"{emotion}_count"] > 0)).sum())
    no_face = thumbnails["face_count"].fillna(0) == 0
    assert emotions["no face"] == int((third & no_face).sum())


def test_histograms_follow_the_other_filters(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery&emotion=happy&faces=1-2")
    section(page, "faces").locator("svg path.inside").wait_for(state="attached")
    counts = page.evaluate(
        """() => {
          const match = report.match(report.state());
          return report.countBins(report.fields.get('faces'), match.passes('faces')).counts;
        }"""
    )
    faces = thumbnails["face_count"][thumbnails["happy_count"] > 0]
    assert counts == [int((faces == n).sum()) for n in range(4)]
    inside = section(page, "faces").locator("path.inside").get_attribute("d")
    assert inside
    assert inside.count("M") == 2


def test_every_attribute_of_the_export_has_a_control_with_its_distribution(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery")
    columns = page.evaluate("report.summary.fields.map(each => each.column)")
    numeric = thumbnails.select_dtypes("number").columns.drop("category_id")
    known = {name for name in numeric if thumbnails[name].notna().any()}
    assert set(columns) == known | {"lowest_word_confidence"}
    for key, column in page.evaluate("report.summary.fields.map(e => [e.key, e.column])"):
        attribute = section(page, key)
        if column in known and thumbnails[column].nunique() > 1:
            expect(attribute.locator("svg path.inside")).to_have_attribute("d", re.compile("^M"))
            expect(attribute.get_by_role("slider")).to_have_count(2)


@pytest.mark.thorough
def test_each_picture_has_one_colour(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    counts = option_counts(page, "colour")
    page.locator("details[data-key=colour]").get_by_role("button", name="Show all").click()
    counts = option_counts(page, "colour")
    n_ok = int((thumbnails["thumbnail_status"] == "ok").sum())
    assert sum(counts.values()) - counts["unknown"] == n_ok
    choose(page, "colour", "red", "blue")
    expect_count(page, counts["red"] + counts["blue"])


def test_filters_are_listed_and_taken_away_one_by_one(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=gallery&emotion=happy&faces=2-")
    listed = page.locator(".active-filters li")
    expect(listed).to_have_count(2)
    page.get_by_role("button", name="Remove the filter Faces: 2 or more").click()
    expect_count(page, int((thumbnails["happy_count"] > 0).sum()))
    expect(listed).to_have_count(1)


def test_long_categories_can_be_searched(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    channels = section(page, "channel")
    channels.get_by_role("searchbox").fill("channel 9")
    names = thumbnails["channel_title"].dropna().unique()
    expected = {name for name in names if "Channel 9" in name}
    assert option_counts(page, "channel").keys() == expected
    page.locator("#find-attribute").fill("sharp")
    expect(page.locator("#filters .attribute[data-key]:visible")).to_have_count(0)
    page.locator("#find-attribute").fill("hue")
    expect(page.locator("#filters .attribute[data-key]:visible").first).to_contain_text("Hue")


def test_a_value_that_the_report_lacks_is_shown_and_can_be_taken_away(open_view: Open) -> None:
    page = open_view("view=gallery&channel=Gone")
    assert shown_count(page) == 0
    assert option_counts(page, "channel")["Gone"] == 0
    section(page, "channel").get_by_label("Gone").click()
    expect(page.locator("#count")).not_to_contain_text(re.compile("^0 of"))


@pytest.mark.thorough
@pytest.mark.parametrize("width", [390, 768])
def test_on_a_narrow_screen_the_sidebar_is_a_sheet(
    open_view: Open, thumbnails: pd.DataFrame, width: int
) -> None:
    page = open_view("view=gallery&status=ok")
    page.set_viewport_size({"width": width, "height": 800})
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Filters (1)").click()
    expect(page.locator("#filter-sheet")).to_be_visible()
    choose(page, "emotion", "sad")
    page.get_by_role("button", name="Show thumbnails").click()
    expect(page.locator("#filter-sheet")).to_be_hidden()
    expect_count(page, int((thumbnails["sad_count"] > 0).sum()))
    expect(page.get_by_role("button", name="Filters (2)")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#filter-sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#filter-sheet")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#filters")).to_be_visible()


def test_ranges_in_addresses(open_view: Open) -> None:
    page = open_view("view=gallery")
    ranges = {
        "0-0": [0, 0],
        "1-3": [1, 3],
        "-0.5-0.25": [-0.5, 0.25],
        "-0.5--0.25": [-0.5, -0.25],
        "1e-7-2.5e+3": [1e-7, 2500],
    }
    for text, expected in ranges.items():
        assert page.evaluate("text => report.range(text)", text) == pytest.approx(expected)
    low, high = page.evaluate("['1-', '-7'].map(report.range).map(ends => ends.map(String))")
    assert (low, high) == (["1", "Infinity"], ["-Infinity", "7"])
    for text in ("", "-", "x", "1", "1-2-3", "--"):
        assert page.evaluate("text => report.range(text)", text) is None


def test_numbers_reach_the_page_without_loss(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    for key, column in (("edges", "edges"), ("views", "views"), ("faces", "face_count")):
        values = page.evaluate(
            """async key => [...await report.loadValues(report.fields.get(key))]
            .map(value => Number.isNaN(value) ? null : value)""",
            key,
        )
        expected = thumbnails[column].astype(float).to_numpy()
        assert np.array_equal(np.array(values, float), expected, equal_nan=True)
