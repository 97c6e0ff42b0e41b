"""Thumbnails like an open one: hashes, colours and texts, compared with NumPy."""

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

NAME = "v0000000000"
HISTOGRAMS = ("hue_histogram_fixed", "saturation_histogram_fixed", "value_histogram_fixed")


def strip(page: Page, title: str) -> list[tuple[str, str]]:
    """The ids and the scores of a list."""
    found = page.locator(".alike h3", has_text=title).locator("..").locator("li button")
    found.first.wait_for()
    scores = found.locator("span").all_inner_texts()
    ids = []
    for number in range(len(scores)):
        found.nth(number).click()
        expect(page.locator("#detail")).to_be_visible()
        ids.append(str(page.evaluate("report.state().open")))
        page.go_back()
        page.locator(".alike summary").click()
        found.first.wait_for()
    return list(zip(ids, scores, strict=True))


@pytest.fixture
def page(open_view: Open) -> Page:
    page = open_view(f"view=gallery&open={NAME}")
    page.locator(".alike summary").click()
    return page


@pytest.mark.thorough
def test_pictures_with_few_different_bits_are_listed_first(
    page: Page, thumbnails: pd.DataFrame
) -> None:
    hashes = thumbnails["perceptual_hash"].dropna().drop(NAME).map(lambda text: int(text, 16))
    own = int(thumbnails["perceptual_hash"][NAME], 16)
    bits = hashes.map(lambda each: (each ^ own).bit_count())
    expected = bits[bits <= 14].sort_values(kind="stable")[:12]
    assert len(expected) > 3
    shown = strip(page, "Pictures that look alike")
    assert [name for name, _ in shown] == expected.index.tolist()
    assert [text for _, text in shown] == [
        f"{n} of 64 bits differ" if n else "same hash" for n in expected
    ]


@pytest.mark.thorough
def test_pictures_with_like_colours_are_listed_first(page: Page, thumbnails: pd.DataFrame) -> None:
    ok = thumbnails[thumbnails["thumbnail_status"] == "ok"]
    shared = np.zeros(len(ok))
    for name in HISTOGRAMS:
        width = 12 if name.startswith("hue") else 8
        empty = np.zeros(width)
        shares = np.stack([empty if each is None else each for each in ok[name]])
        own = shares[ok.index.get_loc(NAME)]
        total = shares.sum(axis=1) + own.sum()
        common = 2 * np.minimum(shares, own).sum(axis=1)
        shared += np.divide(common, total, out=np.ones(len(ok)), where=total > 0) / 3
    expected = pd.Series(shared, ok.index).drop(NAME)
    shown = strip(page, "Pictures with like colours")
    assert len(shown) == 12
    values = expected[[name for name, _ in shown]]
    best = expected.sort_values(ascending=False)[:12]
    assert values.to_numpy() == pytest.approx(best.to_numpy(), abs=0.01)  # 8 bits
    percents = [float(text.split()[0]) for _, text in shown]
    assert percents == pytest.approx((100 * values).tolist(), abs=1)


@pytest.mark.thorough
def test_texts_that_mean_alike_are_listed_first(page: Page, thumbnails: pd.DataFrame) -> None:
    texts = thumbnails["thumbnail_ocr"][thumbnails["thumbnail_ocr_length"] > 0]
    distinct = thumbnails.loc[texts.drop_duplicates().index].set_index("thumbnail_ocr")
    vectors = np.stack(distinct["thumbnail_ocr_embed"].loc[texts].tolist())
    cosines = pd.Series(vectors @ vectors[texts.index.get_loc(NAME)], texts.index).drop(NAME)
    shown = strip(page, "Texts that mean alike")
    values = cosines[[name for name, _ in shown]].to_numpy()
    assert values == pytest.approx(cosines.sort_values()[::-1][: len(values)].to_numpy(), abs=0.02)
    assert [float(text.split()[1]) for _, text in shown] == pytest.approx(values, abs=0.02)
