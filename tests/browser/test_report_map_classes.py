"""The map coloured by any attribute: its classes, compared with pandas."""

import itertools

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open


@pytest.fixture(scope="module")
def texts(thumbnails: pd.DataFrame) -> pd.DataFrame:
    """The first thumbnail of each text, which is a point."""
    has_text = thumbnails["thumbnail_ocr"].fillna("") != ""
    return thumbnails[has_text].drop_duplicates("thumbnail_ocr")


def points(page: Page, key: str) -> dict[str, list[str]]:
    """The ids of the points of each class, by its name, in the order of the legend."""
    page.locator("#map-by").select_option(key)
    expect(page).to_have_url(f"{page.url.partition('#')[0]}#view=map&by={key}")
    page.wait_for_timeout(300)
    series = page.evaluate(
        """() => echarts.getInstanceByDom(document.getElementById('map-chart')).getOption().series
          .slice(0, -1).map(each => [each.name, each.data.map(p => report.items.id[p[2]])])"""
    )
    return dict(series)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("key", "column"),
    [("edges", "edges"), ("views", "views"), ("faces", "face_count"), ("text", "word_count")],
)
def test_classes_of_a_number_follow_each_other(
    open_view: Open, texts: pd.DataFrame, key: str, column: str
) -> None:
    page = open_view("view=map")
    classes = points(page, key)
    assert sum(map(len, classes.values())) == len(texts)
    values = [texts[column][ids] for name, ids in classes.items() if name != "unknown"]
    assert 3 < len(values) <= 5
    for smaller, larger in itertools.pairwise(values):
        assert smaller.max() < larger.min()
    if texts[column].nunique() > 50:
        assert all(abs(len(each) - len(texts) / 5) <= 1 for each in values)
    for name, each in zip(classes, values, strict=False):
        low, _, high = name.replace(",", "").partition(" to ")
        assert float(low) == pytest.approx(each.min(), abs=5e-4)
        assert float(high or low) == pytest.approx(each.max(), abs=5e-4)


def test_a_value_that_most_thumbnails_have_is_a_class_of_its_own(open_view: Open) -> None:
    page = open_view("view=map")
    cuts = page.evaluate(
        "report.classCuts(Float64Array.from({length: 100}, (_, i) => Math.max(0, i - 60)))"
    )
    assert cuts == [1, 10, 20, 30]
    assert page.evaluate("report.classCuts(Float64Array.from([2, 2, 5]))") == [5]
    assert page.evaluate("report.classCuts(Float64Array.from([2, 2]))") == []


def test_classes_of_a_category_are_its_values(open_view: Open, texts: pd.DataFrame) -> None:
    page = open_view("view=map")
    classes = points(page, "emotion")
    no_face = texts.index[texts["face_count"] == 0]
    assert sorted(classes["no face"]) == sorted(no_face)
    assert sum(map(len, classes.values())) == len(texts)
    colours = points(page, "colour")
    assert sum(map(len, colours.values())) == len(texts)
    channels = points(page, "channel")
    assert len(channels) <= 10
    assert {"others", "unknown"} < channels.keys()


@pytest.mark.thorough
def test_every_attribute_can_colour_the_map(open_view: Open, texts: pd.DataFrame) -> None:
    page = open_view("view=map")
    keys = page.evaluate("[...report.fields.keys()]")
    assert len(keys) > 30
    for key in keys:
        assert sum(map(len, points(page, key).values())) == len(texts)


def test_an_unknown_attribute_in_the_address_is_ignored(open_view: Open) -> None:
    page = open_view("view=map&by=__proto__")
    expect(page.locator("#map-by")).to_have_value("faces")
