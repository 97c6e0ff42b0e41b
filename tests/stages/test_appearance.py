"""Colours and edges of each thumbnail."""

import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.appearance import measure_appearances


def test_appearance_is_null_without_a_picture(thumbnails: pa.Table) -> None:
    appearance = measure_appearances(thumbnails, ignore)
    assert appearance.schema == schemas.APPEARANCE
    assert appearance["gray_median"].to_pylist() == [200, None, 128]


def test_the_aspect_ratio_is_that_of_the_picture_without_bars(thumbnails: pa.Table) -> None:
    barred, gone, plain = measure_appearances(thumbnails, ignore)["aspect_ratio"].to_pylist()
    assert barred == plain == pytest.approx(16 / 9)
    assert gone is None


def test_a_grey_picture_has_all_measures_but_a_hue(thumbnails: pa.Table) -> None:
    _, gone, plain = measure_appearances(thumbnails, ignore).to_pylist()
    without = {name for name, value in plain.items() if value is None}
    assert without == {"hue_mean", "hue_histogram_fixed"}
    assert plain["dominant_colors"] == [{"hex": "#808080", "share": 1.0}]
    assert plain["color_mean"] == "#808080"
    assert {name for name, value in gone.items() if value is not None} == {"thumbnail_id"}
