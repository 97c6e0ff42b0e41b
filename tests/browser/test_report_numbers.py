"""Every number that the overview and an opened thumbnail show, compared with those of pandas."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect
from scipy import stats

from tests.browser.conftest import Watched
from tests.report.drawn import Drawn, draw_export
from tests.report.odd import make_odd, read_rows
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.schemas import EMOTION_LABELS

N = 400


@pytest.fixture(scope="module", params=["plain", "odd"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("export")
    plain = draw_export(folder, N)
    return plain if request.param == "plain" else make_odd(plain, folder / "odd")


@pytest.fixture(scope="module")
def rows(drawn: Drawn) -> pd.DataFrame:
    return read_rows(drawn)


@pytest.fixture(scope="module")
def once(rows: pd.DataFrame) -> pd.DataFrame:
    """The first row of each thumbnail, and the row that names none."""
    return rows[rows["thumbnail_id"].isna() | ~rows["thumbnail_id"].duplicated()]


@pytest.fixture(scope="module")
def done(once: pd.DataFrame) -> pd.DataFrame:
    return once[once["thumbnail_status"] == "ok"]


@pytest.fixture
def overview(watched: Watched, address: str) -> Page:
    watched.page.goto(address)
    watched.page.locator("body[data-ready]").wait_for()
    return watched.page


def table(page: Page, name: str) -> list[list[str]]:
    """The cells of the table with this accessible name; it may be in a closed element."""
    found = page.locator(f".scroll[aria-label='{name}'] tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    assert found, name
    return [[str(cell) for cell in row] for row in found]


def number(text: str) -> float:
    return np.nan if text == "–" else float(text.replace(",", "").removesuffix(" %"))


def numbers(page: Page, name: str) -> dict[str, float]:
    """The second column of a table by the first."""
    return {row[0]: number(row[1]) for row in table(page, name)}


def test_the_top_says_what_the_report_was_made_from(
    overview: Page, rows: pd.DataFrame, once: pd.DataFrame
) -> None:
    facts = overview.locator("#made li").all_inner_texts()
    assert [re.sub(r"\s*·$", "", fact) for fact in facts] == [
        "videos.csv",
        f"{len(rows)} rows",
        f"{once['thumbnail_id'].nunique()} thumbnails",
        "exported 28 November 2026 at 03:00 UTC",
        "thumbnail-tasks 1.0.0",
    ]
    overview.get_by_text("Engines and their settings").click()
    expect(overview.locator("#made dl")).to_have_text("textdrawn-12345678")


def test_tiles(overview: Page, rows: pd.DataFrame, once: pd.DataFrame, done: pd.DataFrame) -> None:
    tiles = overview.locator("#overview .tiles li").all_inner_texts()
    named = once["thumbnail_id"].notna()
    n_text, n_faces = (done["thumbnail_ocr_length"] > 0).sum(), (done["face_count"] > 0).sum()
    read = done[done["thumbnail_ocr"].notna()]
    n_changed = (read["thumbnail_ocr"] != read["thumbnail_ocr_raw"]).sum()
    n, n_ok = named.sum(), len(done)
    assert [tile.split("\n") for tile in tiles] == [
        [str(len(rows)), "rows of the table"],
        [str(n), "different thumbnails", "and 1 row without one"],
        [percent(n_ok, n), "with a picture", f"{n_ok} of {n} thumbnails"],
        [percent(n_text, n_ok), "with text", f"{n_text} of {n_ok} with a picture"],
        [percent(n_faces, n_ok), "with faces", f"{n_faces} of {n_ok} with a picture"],
        [
            percent(n_changed, n_ok),
            "with a corrected text",
            f"{n_changed} of {n_ok} with a picture",
        ],
    ]
    lead = overview.locator("#overview .lead").inner_text()
    assert lead.startswith(
        f"Of the {n_ok} thumbnails with a picture, {percent(n_text, n_ok)} have text and "
        f"{percent(n_faces, n_ok)} show faces."
    )
    assert f"For {len(once) - n_ok} there is no picture." in lead


def percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole, 1):g} %"


@pytest.mark.parametrize(
    ("name", "column"),
    [("Words per thumbnail", "thumbnail_ocr_length"), ("Faces per thumbnail", "face_count")],
)
def test_counts(overview: Page, done: pd.DataFrame, name: str, column: str) -> None:
    shown = {int(key): count for key, count in numbers(overview, name).items() if count}
    assert shown == done[column].value_counts().to_dict()


def test_emotions(overview: Page, done: pd.DataFrame, drawn: Drawn) -> None:
    assert numbers(overview, "Faces by strongest emotion") == {
        label: done[f"{label}_count"].sum() for label in EMOTION_LABELS
    }
    means = drawn.results["emotions"].to_pandas()[list(EMOTION_LABELS)].mean()
    assert numbers(overview, "Mean probability of each emotion") == pytest.approx(
        means.to_dict(), abs=0.0006
    )


@pytest.mark.parametrize(
    ("name", "column", "width", "step"),
    [
        ("Brightness", "value_median", 16, 16),
        ("Saturation", "saturation_median", 16, 16),
        ("Hue wheel", "hue_median", 10, 20),  # of 180, shown as degrees
    ],
)
def test_colours(
    overview: Page, done: pd.DataFrame, name: str, column: str, width: int, step: int
) -> None:
    values = done[column]
    if name == "Hue wheel":
        values = values[done["saturation_median"] >= 40]
        expect(overview.locator("figcaption", has_text=name)).to_contain_text(str(len(values)))
    bins = (values // width).value_counts()
    shown = numbers(overview, name)
    assert {int(key.strip("°")) // step: n for key, n in shown.items() if n} == bins.to_dict()


def test_statuses(overview: Page, once: pd.DataFrame, done: pd.DataFrame) -> None:
    counts = once["thumbnail_status"].value_counts().to_dict()
    assert numbers(overview, "Why there is no picture") == counts
    figure = overview.locator("figure", has_text="Why there is no picture")
    expect(figure.locator("figcaption")).to_contain_text(
        f"the {len(once) - len(done)} without a picture; {len(done)} have one"
    )
    labels = overview.evaluate(
        """() => [...report.charts].map(({ chart }) => chart.getOption())
          .filter(({ series }) => series[0].name === "thumbnails" && series.length === 1)
          .map(({ yAxis }) => yAxis?.[0].data).filter(Boolean)"""
    )
    assert [set(each) for each in labels] == [counts.keys() - {"ok"}]


def test_there_is_no_chart_of_statuses_if_every_thumbnail_has_a_picture(
    watched: Watched, tmp_path: Path
) -> None:
    drawn = draw_export(tmp_path / "export", 10)
    table = pq.read_table(drawn.parquet)
    ok = Drawn(tmp_path / "attributes.parquet", tmp_path / "attributes.csv", drawn.results)
    pq.write_table(table.filter(pc.equal(table["thumbnail_status"], "ok")), ok.parquet)
    write_csv(pq.ParquetFile(ok.parquet), ok.csv, without=frozenset({"thumbnail_ocr_embed"}))
    watched.page.goto(ok.write_site(tmp_path / "report").as_uri())
    watched.page.locator("body[data-ready]").wait_for()
    expect(watched.page.locator(".lead")).to_contain_text("Every thumbnail has a picture.")
    expect(watched.page.locator("figure", has_text="Why there is no picture")).to_have_count(0)
    expect(watched.page.locator("#correlation-notes")).to_contain_text("fewer than ten videos")
    assert watched.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize("with_stop_words", [False, True])
def test_words(overview: Page, done: pd.DataFrame, with_stop_words: bool) -> None:
    switch = overview.get_by_label("Leave out numbers")
    expect(switch).to_be_checked()
    if with_stop_words:
        switch.uncheck()
    columns = ("thumbnail_ocr_raw", "thumbnail_ocr")
    counts = [done[c].str.lower().str.split().explode().value_counts() for c in columns]
    expected = pd.concat(counts, axis=1, keys=columns).fillna(0)
    if not with_stop_words:
        expected = expected.drop(["the", "is"])
    shown = {row[0]: tuple(map(number, row[1:])) for row in table(overview, "Most frequent words")}
    assert shown == {
        word: tuple(row) for word, row in zip(expected.index, expected.to_numpy(), strict=True)
    }


def test_statistics(overview: Page, done: pd.DataFrame) -> None:
    for name, *shown in table(overview, "Summary statistics"):
        expected = done[name].astype(float).describe().tolist()
        assert [number(each) for each in shown] == pytest.approx(expected, abs=0.0006)


@pytest.mark.thorough
def test_correlations_and_what_is_said_of_them(
    overview: Page, rows: pd.DataFrame, done: pd.DataFrame
) -> None:
    names = overview.get_by_label("Correlate with").locator("option").all_inner_texts()
    for name in names:
        overview.get_by_label("Correlate with").select_option(label=name)
        outcome = {"view_count": "views"}.get(name, name)
        values = rows.groupby("thumbnail_id")[outcome].max().reindex(done["thumbnail_id"])
        y = values.astype(float).to_numpy()
        shown = table(overview, f"Rank correlation with {name}, all videos")
        for attribute, rho, *_, n in shown:
            x = done[attribute].to_numpy(float)
            known = ~np.isnan(x) & ~np.isnan(y)
            assert number(rho) == pytest.approx(
                stats.spearmanr(x[known], y[known]).statistic, abs=0.0006
            )
            assert number(n) == known.sum()
        notes = overview.locator("#correlation-notes").inner_text()
        known = values.dropna().astype(float)
        n_most = known.value_counts().max()
        told = f"{n_most} of {len(known)} numbers in {name} are"
        assert (told in notes) == (n_most > len(known) / 4)
        missing = [c for c in ("edges",) if done[c].nunique() == 1]
        assert all(f"all values are equal: {c} (0.5)" in notes for c in missing)
        assert ("all values are equal" in notes) == bool(missing)


@pytest.mark.thorough
@pytest.mark.parametrize("number_of_item", [0, 1, 19, 44])
def test_an_opened_thumbnail_has_all_columns_of_its_first_row(
    overview: Page, drawn: Drawn, once: pd.DataFrame, number_of_item: int
) -> None:
    name = once["thumbnail_id"].iloc[number_of_item]
    overview.goto(re.sub("#.*", "", overview.url) + f"#view=gallery&open={name}")
    expect(overview.locator("#detail-attributes details").first).to_be_attached()
    row = pd.read_parquet(drawn.parquet).loc[once.index[number_of_item]]
    cells = overview.locator("#detail-attributes tbody tr").evaluate_all(
        "rows => rows.map(row => [row.querySelector('code'), row.cells[1]].map(e => e.textContent))"
    )
    shown = dict(cells)
    assert shown.keys() == set(row.index) - {"thumbnail_ocr_embed"}
    for column, value in shown.items():
        expected = row[column]
        if isinstance(expected, np.ndarray):
            assert [float(each) for each in value.removesuffix(" %").split(", ")] == pytest.approx(
                (100 * expected).tolist(), abs=0.06
            )
        elif pd.isna(expected) or expected == "":
            assert value == "–", column
        elif isinstance(expected, (bool, np.bool_)):
            assert value.lower() == str(expected).lower()
        elif isinstance(expected, (float, int, np.number)):
            assert number(value.removesuffix(" px")) == pytest.approx(float(expected), abs=6e-5)
        else:
            assert value.lstrip("'") == str(expected), column
