"""Two selections side by side: effect sizes and intervals, compared with pandas and SciPy."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy import stats

from tests.browser.conftest import Open
from tests.browser.sidebar import choose
from thumbnail_tasks.report.words import count_words_in

Z_95 = float(stats.norm.ppf(0.975))


def cliffs_delta(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[float]:
    """Delta and Feng and Cliff's interval, from the matrix of all pairs."""
    pairs = np.sign(x[:, None] - y[None, :])
    delta = pairs.mean()
    n, m = pairs.shape
    rows = m**2 * ((pairs.mean(axis=1) - delta) ** 2).sum()
    columns = n**2 * ((pairs.mean(axis=0) - delta) ** 2).sum()
    variance = (rows + columns - ((pairs - delta) ** 2).sum()) / (n * m * (n - 1) * (m - 1))
    variance = max(variance, (1 - delta**2) / (n * m - 1))
    base = 1 - delta**2 + Z_95**2 * variance
    spread = Z_95 * np.sqrt(variance * ((1 - delta**2) ** 2 + Z_95**2 * variance))
    return [delta, (delta - delta**3 - spread) / base, (delta - delta**3 + spread) / base]


def share_difference(k: int, n: int, other_k: int, m: int) -> list[float]:
    """The difference of two shares with Newcombe's interval, from SciPy's Wilson intervals."""
    one = stats.binomtest(k, n).proportion_ci(method="wilson")
    other = stats.binomtest(other_k, m).proportion_ci(method="wilson")
    p, q = k / n, other_k / m
    low = p - q - np.hypot(p - one.low, other.high - q)
    return [p - q, low, p - q + np.hypot(one.high - p, q - other.low)]


@pytest.fixture
def page(open_view: Open) -> Page:
    return open_view("view=compare")


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6))
def test_cliffs_delta_equals_that_of_all_pairs_and_of_scipys_u(page: Page, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(10, 80, 2)
    x = np.sort(rng.poisson(2, n) if seed % 2 else rng.normal(0.4, 1, n)).astype(float)
    y = np.sort(rng.poisson(3, m) if seed % 2 else rng.normal(0, 2, m)).astype(float)
    shown = page.evaluate(
        "([x, y]) => Object.values(report.cliffsDelta(Float64Array.from(x), Float64Array.from(y)))",
        [x.tolist(), y.tolist()],
    )
    assert shown == pytest.approx(cliffs_delta(x, y))
    u = stats.mannwhitneyu(x, y).statistic
    assert shown[0] == pytest.approx(2 * u / (n * m) - 1)


def test_the_interval_of_cliffs_delta_has_the_true_value_in_about_95_of_100(page: Page) -> None:
    """Two normal samples: delta is 2 * Phi(d / sqrt(2)) - 1."""
    rng = np.random.default_rng(0)
    true = 2 * stats.norm.cdf(0.5 / np.sqrt(2)) - 1
    samples = [[np.sort(rng.normal(mean, 1, 40)).tolist() for mean in (0.5, 0)] for _ in range(400)]
    intervals = page.evaluate(
        """samples => samples.map(pair => {
          const { low, high } = report.cliffsDelta(...pair.map(each => Float64Array.from(each)));
          return [low, high];
        })""",
        samples,
    )
    n_within = sum(low <= true <= high for low, high in intervals)
    assert 0.92 * 400 <= n_within <= 0.98 * 400


def test_cliffs_delta_of_separate_small_and_equal_samples(page: Page) -> None:
    low, high = [float(i) for i in range(20)], [float(i) for i in range(30, 50)]

    def delta(x: list[float], y: list[float]) -> list[float | None]:
        values: list[float | None] = page.evaluate(
            "([x, y]) => Object.values(report.cliffsDelta(Float64Array.from(x), "
            "Float64Array.from(y)))",
            [x, y],
        )
        return values

    edge = (20 - Z_95**2) / (20 + Z_95**2)
    assert delta(high, low) == pytest.approx([1, edge, 1])
    assert delta(low, high) == pytest.approx([-1, -1, -edge])
    assert delta([1, 2], [0]) == [1, None, None]
    shown, *interval = delta([5.0] * 20, [5.0] * 30)
    assert shown == 0
    assert interval[0] == pytest.approx(-interval[1])  # type: ignore[operator]


@pytest.mark.thorough
@pytest.mark.parametrize("counts", [(30, 100, 10, 80), (0, 50, 0, 40), (50, 50, 3, 40)])
def test_differences_of_shares_have_newcombes_interval(
    page: Page, counts: tuple[int, int, int, int]
) -> None:
    shown = page.evaluate("each => Object.values(report.shareDifference(...each))", list(counts))
    assert shown == pytest.approx(share_difference(*counts))


def test_newcombes_interval_is_that_of_his_paper(page: Page) -> None:
    """Table II of Newcombe (1998), method 10, cases (a) 56/70 - 48/80 and (f) 5/56 - 0/29."""
    for counts, expected in (
        ([56, 70, 48, 80], [0.0524, 0.3339]),
        ([5, 56, 0, 29], [-0.0381, 0.1926]),
    ):
        shown = page.evaluate("each => Object.values(report.shareDifference(...each))", counts)
        assert shown[1:] == pytest.approx(expected, abs=5e-5)


def rows_of(page: Page, region: str) -> dict[str, list[str]]:
    """The cells of a table, by the first of each row."""
    table = page.get_by_role("region", name=region, exact=True).locator("tbody tr")
    table.first.wait_for()
    cells = table.evaluate_all("all => all.map(row => [...row.cells].map(c => c.textContent))")
    return {first: rest for first, *rest in cells}


def test_a_selection_is_compared_with_the_others(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=gallery")
    choose(page, "emotion", "happy")
    page.get_by_role("button", name="Compare").click()
    is_a = (thumbnails["happy_count"] > 0).to_numpy()
    sides = page.locator("#compared .sides")
    expect(sides).to_contain_text(f"A {is_a.sum()} thumbnails: Strongest emotions: ")
    expect(sides).to_contain_text(f"B {(~is_a).sum()} thumbnails: all others")
    numbers = rows_of(page, "Numbers of both selections")
    for label, column in (("Faces", "face_count"), ("Views", "views"), ("Edges", "edges")):
        a, b = (thumbnails[column][mask].dropna().to_numpy(float) for mask in (is_a, ~is_a))
        delta, low, high = cliffs_delta(a, b)
        _, median_a, median_b, shown, interval, _ = numbers[label]
        for text, expected in ((median_a, np.median(a)), (median_b, np.median(b))):
            assert float(text.replace(",", "")) == pytest.approx(expected, abs=5e-4)
        assert float(shown) == pytest.approx(delta, abs=5e-4)
        assert [float(end) for end in interval.split(" to ")] == pytest.approx(
            [low, high], abs=5e-3
        )
    distances = [max(low, -high) for low, high in map(ends_of, numbers.values())]
    assert distances == sorted(distances, reverse=True)


def ends_of(row: list[str]) -> tuple[float, float]:
    low, high = row[4].split(" to ")
    return float(low), float(high)


def test_shares_of_categories_and_words_equal_those_of_pandas(
    open_view: Open, thumbnails: pd.DataFrame
) -> None:
    page = open_view("view=compare&a=emotion%3Dhappy")
    is_a = (thumbnails["happy_count"] > 0).to_numpy()
    n, m = int(is_a.sum()), int((~is_a).sum())

    def expect_row(row: list[str], has_it: NDArray[np.bool_]) -> None:
        counts = int(has_it[is_a].sum()), int(has_it[~is_a].sum())
        difference, low, high = (100 * x for x in share_difference(counts[0], n, counts[1], m))
        assert [float(text.removesuffix(" %")) for text in row[:3]] == pytest.approx(
            [100 * counts[0] / n, 100 * counts[1] / m, difference], abs=0.051
        )
        assert [float(end) for end in row[3].split(" to ")] == pytest.approx([low, high], abs=0.051)

    emotions = rows_of(page, "Strongest emotions")
    for emotion in ("happy", "sad", "angry"):
        expect_row(emotions[emotion], (thumbnails[f"{emotion}_count"] > 0).to_numpy())
    words = thumbnails["thumbnail_ocr"].fillna("").map(lambda text: set(count_words_in(text)))
    shown = rows_of(page, "Words")
    assert len(shown) == len(set().union(*words))  # there are few distinct ones
    for word, row in shown.items():
        expect_row(row, words.map(lambda each, word=word: word in each).to_numpy())


def test_selections_that_overlap_are_said_to(open_view: Open, thumbnails: pd.DataFrame) -> None:
    page = open_view("view=compare&a=emotion%3Dhappy&b=emotion%3Dsad")
    both = (thumbnails["happy_count"] > 0) & (thumbnails["sad_count"] > 0)
    expect(page.locator("#compared .warning")).to_contain_text(
        f"{both.sum()} thumbnails are in both"
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text",
    [
        *("DON'T LOOK!", "Привет, МИР", "안녕하세요 세계", "हिन्दी में दुनिया।", "مُحَمَّد، سلام؟"),
        *("می\u200cخواهم", 'צה"ל "נְקֻדּוֹת"', "ภาษาไทย น้ำใจ", "日本語の テスト！", "cafe\u0301 ½ x_1"),
    ],
)
def test_the_page_splits_texts_into_the_same_words_as_the_overview(page: Page, text: str) -> None:
    assert set(page.evaluate("text => [...report.wordsOf(text)]", text)) == set(
        count_words_in(text)
    )


def test_texts_similar_to_one_are_compared_as_the_gallery_shows_them(open_view: Open) -> None:
    page = open_view("view=gallery&near=v0000000000")
    count = page.locator("#count")
    expect(count).to_contain_text("with a text similar to")
    n_similar = page.evaluate("report.views.gallery.order().length")
    assert n_similar < page.evaluate("report.n") / 2
    page.locator("#compare-these").click()
    expect(page.locator(".sides li").first).to_contain_text(f"A {n_similar} thumbnails")
