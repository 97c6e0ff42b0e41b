"""Pictures become RGB arrays, or a reason."""

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from thumbnail_tasks import schemas
from thumbnail_tasks.pictures import decoding


def encoded(image_rgb: decoding.ImageRGB, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image_rgb).save(file, format)
    return file.getvalue()


GREY = np.full((90, 160, 3), 128, np.uint8)


@pytest.mark.parametrize("format", decoding.FORMATS)
def test_every_format_becomes_rgb(format: str) -> None:
    image_rgb = decoding.decode_image(encoded(GREY, format))
    assert (image_rgb.shape, image_rgb.dtype) == (GREY.shape, np.uint8)
    assert abs(int(image_rgb.mean()) - 128) <= 2


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", encoded(GREY, "BMP"), encoded(GREY)[:200], encoded(GREY, "JPEG")[:-300]],
)
def test_what_is_not_a_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(decoding.NotAnImageError):
        decoding.decode_image(data)


def test_too_many_pixels_are_refused_before_decoding() -> None:
    with pytest.raises(decoding.TooManyPixelsError, match="160×90 pixels; the limit is 1000"):
        decoding.decode_image(encoded(GREY), max_pixels=1000)


def letterboxed(level: int) -> decoding.ImageRGB:
    image_rgb = np.full((360, 480, 3), level, np.uint8)
    image_rgb[45:-45] = 200
    return image_rgb


def test_bars_are_cut_and_boxes_stay_those_of_the_stored_picture() -> None:
    cropped = decoding.crop_bars(letterboxed(0))
    assert cropped.image_rgb.shape == (270, 480, 3)
    assert cropped.box_in_stored((1, 2, 3, 4)) == {"x_min": 1, "y_min": 47, "x_max": 3, "y_max": 49}


@pytest.mark.parametrize("image_rgb", [letterboxed(60), GREY, np.zeros((3, 4, 3), np.uint8)])
def test_what_has_no_bars_stays_whole(image_rgb: decoding.ImageRGB) -> None:
    assert decoding.crop_bars(image_rgb).image_rgb.shape == image_rgb.shape


def test_batches_are_of_one_size_and_miss_no_picture() -> None:
    pictures = [encoded(GREY[:, :width]) for width in (160, 80, 160, 80, 160)]
    table = pa.Table.from_pylist(
        [{"image": picture} for picture in [*pictures[:2], None, *pictures[2:]]], schemas.THUMBNAILS
    )
    batches = list(decoding.iter_pictures(table, batch_size=2))
    assert sorted(row for rows, _ in batches for row in rows) == [0, 1, 3, 4, 5]
    for rows, several in batches:
        assert len(rows) == len(several) <= 2
        assert len({picture.image_rgb.shape for picture in several}) == 1


def test_only_the_asked_rows_are_decoded() -> None:
    table = pa.Table.from_pylist(
        [{"image": encoded(GREY)}, {"image": b"broken"}], schemas.THUMBNAILS
    )
    ((rows, _),) = decoding.iter_pictures(table, 2, only=pa.array([True, False]))
    assert rows == [0]
