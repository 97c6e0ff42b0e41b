"""The report of the shipped sample, built by the real command with the real models."""

import io
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PICTURES, Watched
from tests.browser.sidebar import wait_until
from tests.dag.runs import QUICKLY, SAMPLE, Finished, run

pytestmark = [pytest.mark.dag, pytest.mark.model]

REAL_THUMBNAILS = "hqdefault"
IN_WINDOW = """[...document.querySelectorAll('#cards img')].filter(image => {
  const { top, bottom } = image.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
})"""
"""The pictures on the wall that can be seen; others are loaded later."""


def open_report(watched: Watched, sample: Finished, state: str) -> Page:
    address = (sample.data_dir / "exports" / "report" / "index.html").as_uri()
    watched.page.goto(f"{address}#{state}")
    watched.page.locator("body[data-ready]").wait_for()
    return watched.page


def test_the_overview_summarizes_the_sample(watched: Watched, sample: Finished) -> None:
    page = open_report(watched, sample, "")
    rows = sample.attributes.to_pandas()
    ok = rows.drop_duplicates("thumbnail_id").query("thumbnail_status == 'ok'")
    lead = page.locator("#overview .lead")
    expect(lead).to_contain_text(f"Of the {len(ok)} thumbnails")
    tiles = page.locator("#overview .tiles")
    expect(tiles).to_contain_text(re.compile(rf"{len(rows)}\s*rows"))
    assert watched.errors == []
    assert watched.foreign == []


@pytest.mark.thorough
def test_every_thumbnail_of_the_sample_has_its_picture(watched: Watched, sample: Finished) -> None:
    page = open_report(watched, sample, "view=gallery&status=ok")
    rows = sample.attributes.to_pandas()
    n_ok = rows[rows["thumbnail_status"] == "ok"]["thumbnail_id"].nunique()
    seen: set[str] = set()
    for share in range(0, 101, 5):
        page.evaluate("share => scrollTo(0, share / 100 * document.body.scrollHeight)", share)
        page.wait_for_timeout(100)
        wait_until(page, f"{IN_WINDOW}.every(image => image.complete && image.naturalWidth)")
        seen.update(page.evaluate(f"{IN_WINDOW}.map(image => image.closest('li').dataset.item)"))
    assert len(seen) == n_ok
    assert watched.errors == []
    assert watched.foreign == []


def test_the_misses_list_those_of_the_sample(watched: Watched, sample: Finished) -> None:
    page = open_report(watched, sample, "view=misses")
    rows = sample.attributes.to_pandas()
    once = rows[rows["thumbnail_id"].isna() | ~rows["thumbnail_id"].duplicated()]
    missed = once[once["thumbnail_status"] != "ok"]["thumbnail_status"].value_counts()
    for status, count in missed.items():
        expect(page.locator("#misses h3", has_text=str(status))).to_contain_text(f": {count}")
    assert watched.errors == []


@pytest.mark.thorough
def test_a_report_is_added_to_an_export_and_built_again_only_if_it_is_missing(
    tmp_path: Path,
) -> None:
    page = tmp_path / "data" / "exports" / "report" / "index.html"

    def build(*flags: str, **how: str) -> int | None:
        built = run(tmp_path / "data", *SAMPLE, *QUICKLY, *flags, **how)
        assert built.code == 0, built.printed
        return page.stat().st_ino if page.exists() else None

    assert build() is None
    first = build("--report-build", "true")
    assert first is not None
    assert build(task="BuildReport") == first
    page.with_name("fingerprint.txt").unlink()
    assert build(task="BuildReport") not in (None, first)


@pytest.mark.thorough
def test_search_texts_ranks_the_texts_by_a_query(sample: Finished) -> None:
    query = ("--query", "facts about stars and planets", "--most", "3")
    finished = run(sample.data_dir, *SAMPLE, *query, task="SearchTexts")
    assert finished.code == 0, finished.printed
    ranked = re.findall(r"^ *(-?\d\.\d{3})  (\S+)  (.+)$", finished.printed, re.MULTILINE)
    assert len(ranked) == 3
    assert [float(cosine) for cosine, _, _ in ranked] == sorted(
        (float(cosine) for cosine, _, _ in ranked), reverse=True
    )
    assert "space" in ranked[0][2].lower()


@pytest.mark.thorough
def test_the_report_of_real_thumbnails_opens(
    watched: Watched, shared_data: Path, tmp_path: Path
) -> None:
    thumbnails = shared_data / "thumbnails"
    videos = tmp_path / "videos.csv"
    table = pd.read_csv(thumbnails / "videos.csv", dtype=str, keep_default_na=False)
    table.head(60).to_csv(videos, index=False)
    flags = ("--videos", str(videos), "--images-dir", str(thumbnails / REAL_THUMBNAILS), *QUICKLY)
    finished = run(tmp_path / "data", *flags, task="BuildReport")
    assert finished.code == 0, finished.printed
    for view in ("overview", "gallery", "map", "misses", "compare"):
        page = open_report(watched, finished, f"view={view}")
        expect(page.locator(f"#{view}")).to_be_visible()
    assert watched.errors == []
    assert watched.foreign == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_for_the_documentation(watched: Watched, sample: Finished, scheme: str) -> None:
    watched.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    states = {"compare": "&a=faces%3D1-"}
    for view in ("overview", "gallery", "map", "compare"):
        page = open_report(watched, sample, f"view={view}{states.get(view, '')}")
        expect(page.locator(f"#{view}")).to_be_visible()
        page.wait_for_timeout(700)
        drawn = Image.open(io.BytesIO(page.screenshot()))
        assert len(drawn.convert("RGB").getcolors(2**24) or ()) > 100  # not blank
        if os.environ.get("DRAW_PICTURES"):
            drawn.save(PICTURES / f"report-{view}-{scheme}.webp", quality=60, method=6)
    assert watched.errors == []
