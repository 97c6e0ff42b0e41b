"""The colours of the report's map, where some points are marked and the others fade."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.browser.conftest import Watched
from tests.report.drawn import Drawn, draw_export


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_export(tmp_path_factory.mktemp("export"), 120)


def rgb(color: str) -> NDArray[np.float32]:
    """A colour as hex or ``rgb(…)``, as three numbers from 0 to 1."""
    if color.startswith("#"):
        return np.array([*bytes.fromhex(color[1:])], np.float32) / np.float32(255)
    parts = color[color.index("(") + 1 : -1].split(",")
    return np.array(parts, np.float32) / np.float32(255)


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("by", "palette"),
    [("emotion", "report.PALETTE"), ("faces", "[...report.SEQUENCE, report.UNKNOWN]")],
)
def test_colours_of_groups_stay_apart_when_points_fade(
    watched: Watched, address: str, scheme: str, by: str, palette: str
) -> None:
    page = watched.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}#view=map&q=space&by={by}")
    page.locator("#map-chart canvas").first.wait_for()
    card = rgb(page.evaluate("report.css('card')"))
    drawn_with = page.evaluate(
        """() => echarts.getInstanceByDom(document.getElementById('map-chart')).getOption().series
          .slice(0, -1).map(each => each.itemStyle)"""
    )
    palette = page.evaluate(palette)
    assert {each["color"] for each in drawn_with} <= {*palette}
    assert len(drawn_with) > 2
    for opacity in {each["opacity"] for each in drawn_with} | {page.evaluate("report.OPACITY.all")}:
        blended = [opacity * rgb(color) + (1 - opacity) * card for color in palette]
        lab = cv2.cvtColor(np.array([[*blended, card]], np.float32), cv2.COLOR_RGB2LAB)[0]
        differences = np.linalg.norm(lab[:, None] - lab[None], axis=2)
        assert differences[~np.eye(len(lab), dtype=bool)].min() > 20


def test_marked_points_keep_the_colour_of_their_group(watched: Watched, address: str) -> None:
    page = watched.page
    page.goto(f"{address}#view=map&q=space")
    page.locator("#map-chart canvas").first.wait_for()
    colours = page.evaluate(
        """() => {
          const series = echarts.getInstanceByDom(document.getElementById('map-chart'))
            .getOption().series;
          const colourOf = new Map(series.slice(0, -1).flatMap(each =>
            each.data.map(point => [point[2], each.itemStyle.color])));
          return series.at(-1).data.map(point =>
            [point.itemStyle.color, colourOf.get(point.value[2])]);
        }"""
    )
    assert len(colours) > 3
    assert all(marked == group for marked, group in colours)
    assert watched.errors == []
