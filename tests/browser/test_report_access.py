"""Accessibility of the report with a screen reader or keyboard, checked by axe-core."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Watched
from tests.report.drawn import draw_export

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    drawn = draw_export(folder, 120)
    before = drawn.draw_night_before(n_new=3, changed=drawn.list_named().index[-2:])
    return drawn.write_site(folder / "report", before=before).as_uri()


@pytest.fixture
def opened(watched: Watched, address: str) -> Iterator[Watched]:
    yield watched
    assert watched.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("width_px", "scheme"),
    [
        *((1280, "light"), (360, "dark")),
        *(
            pytest.param(*those, marks=pytest.mark.slow)
            for those in ((1280, "dark"), (360, "light"))
        ),
    ],
)
@pytest.mark.parametrize(
    "state",
    [
        *("overview", "gallery", "gallery&open=v0000000000", "map&q=space", "misses"),
        *("gallery&q=nowhere&open=gone", "gallery&near=v0000000000", "nights", "sheet&faces=1-"),
        "compare&a=emotion%3Dhappy&b=emotion%3Dsad",
        "gallery&emotion=happy&faces=1-2&views=0-900000&status=ok&channel=∅&saved=A|faces%3D2-",
    ],
)
def test_axe_finds_nothing(
    opened: Watched, address: str, state: str, width_px: int, scheme: str
) -> None:
    page = opened.page
    page.set_viewport_size({"width": width_px, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}#view={state}")
    page.locator("body[data-ready]").wait_for()
    if "open=v" in state:
        page.locator("#detail[open]").wait_for()
        page.locator(".alike summary").click()
        page.locator(".strip").first.wait_for()
    if "saved" in state:
        page.locator("#export summary").click()
        if width_px < 900:
            page.locator("#open-filters").click()
    page.wait_for_timeout(300)
    without_fetch = {"preload": False}  # forbidden by the page's content security policy
    response = axe.Axe().run(page, options=without_fetch).response
    assert response["passes"]
    violations = [
        (each["id"], each["help"], [node["target"] for node in each["nodes"]][:3])
        for each in response["violations"]
    ]
    assert violations == []


def test_every_picture_and_chart_has_a_text_alternative(opened: Watched, address: str) -> None:
    page = opened.page
    page.goto(f"{address}#view=gallery")
    page.locator("body[data-ready]").wait_for()
    texts = page.locator("#cards img").evaluate_all("all => all.map(img => img.alt)")
    assert len(texts) > 30
    assert all(text.startswith("Thumbnail of ") for text in texts)
    page.goto(f"{address}#view=overview")
    charts = page.locator("#overview .chart")
    labels = charts.evaluate_all("all => all.map(c => c.getAttribute('aria-label'))")
    assert len(labels) > 8
    assert all(labels)
    assert page.locator("#overview figure").count() == page.locator("#overview details").count()
