"""Pictures are decoded to RGB arrays, or refused with a reason."""

import io

import numpy as np
import pytest
from PIL import Image

from thumbnail_tasks.pictures import decoding


def encoded(image_rgb: decoding.ImageRGB, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image_rgb).save(file, format)
    return file.getvalue()


GREY = np.full((90, 160, 3), 128, np.uint8)


@pytest.mark.parametrize("format", decoding.FORMATS)
def test_every_format_becomes_rgb(format: str) -> None:
    image_rgb = decoding.decode_image(encoded(GREY, format))
    assert image_rgb.shape == GREY.shape
    assert image_rgb.dtype == np.uint8
    assert abs(int(image_rgb.mean()) - 128) <= 2


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", encoded(GREY, "BMP"), encoded(GREY)[:200], encoded(GREY, "JPEG")[:-300]],
)
def test_incomplete_pictures_are_refused(data: bytes) -> None:
    with pytest.raises(decoding.NotAnImageError):
        decoding.decode_image(data)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (1, 400), (400, 1)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_pictures_of_a_few_pixels_are_not_damaged(size: tuple[int, int], format: str) -> None:
    data = encoded(np.zeros((size[1], size[0], 3), np.uint8), format)
    assert decoding.measure_image(data) == size
    assert decoding.decode_image(data).shape == (size[1], size[0], 3)


def test_too_many_pixels_are_refused_before_decoding() -> None:
    with pytest.raises(decoding.TooManyPixelsError, match="160×90 pixels; the limit is 1000"):
        decoding.decode_image(encoded(GREY), max_pixels=1000)
