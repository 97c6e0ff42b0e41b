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
