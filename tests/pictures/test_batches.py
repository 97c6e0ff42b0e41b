"""Pictures are cropped and decoded in batches of one size."""

import numpy as np
import pyarrow as pa
import pytest

from tests.pictures.test_decoding import GREY, encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.pictures.batches import crop_bars, iter_pictures
from thumbnail_tasks.pictures.decoding import ImageRGB


def letterboxed(level: int) -> ImageRGB:
    image_rgb = np.full((360, 480, 3), level, np.uint8)
    image_rgb[45:-45] = 200
    return image_rgb


def test_bars_are_cropped_and_boxes_refer_to_the_stored_picture() -> None:
    cropped = crop_bars(letterboxed(0))
    assert cropped.image_rgb.shape == (270, 480, 3)
    assert cropped.box_in_stored((1, 2, 3, 4)) == {"x_min": 1, "y_min": 47, "x_max": 3, "y_max": 49}


@pytest.mark.parametrize("image_rgb", [letterboxed(60), GREY, np.zeros((3, 4, 3), np.uint8)])
def test_a_picture_without_bars_is_not_cropped(image_rgb: ImageRGB) -> None:
    assert crop_bars(image_rgb).image_rgb.shape == image_rgb.shape


def test_batches_have_one_size_and_contain_every_picture() -> None:
    pictures = [encoded(GREY[:, :width]) for width in (160, 80, 160, 80, 160)]
    table = pa.Table.from_pylist(
        [{"image": picture} for picture in [*pictures[:2], None, *pictures[2:]]], schemas.THUMBNAILS
    )
    batches = list(iter_pictures(table, batch_size=2))
    assert sorted(row for rows, _ in batches for row in rows) == [0, 1, 3, 4, 5]
    for rows, several in batches:
        assert len(rows) == len(several) <= 2
        assert len({picture.image_rgb.shape for picture in several}) == 1


def test_only_the_requested_rows_are_decoded() -> None:
    table = pa.Table.from_pylist(
        [{"image": encoded(GREY)}, {"image": b"broken"}], schemas.THUMBNAILS
    )
    ((rows, _),) = iter_pictures(table, 2, only=pa.array([True, False]))
    assert rows == [0]
