"""Real and drawn pictures in other sizes and encodings look alike; different ones do not."""

import io
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.appearance import measure_appearance
from thumbnail_tasks.export.look_alikes import decode_colors, decode_hashes, group_look_alikes
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image


def group(images_rgb: Iterable[ImageRGB]) -> list[int]:
    measured = [measure_appearance(image_rgb) for image_rgb in images_rgb]
    hashes = pa.chunked_array([[each.perceptual_hash for each in measured]])
    colors = pa.chunked_array([[each.color_mean for each in measured]])
    return list(map(int, group_look_alikes(decode_hashes(hashes), decode_colors(colors))))


def read(path: Path) -> ImageRGB:
    return crop_bars(decode_image(path.read_bytes())).image_rgb


def encode_again(image_rgb: ImageRGB, quality: int) -> ImageRGB:
    file = io.BytesIO()
    Image.fromarray(image_rgb).save(file, "JPEG", quality=quality)
    return decode_image(file.getvalue())


def test_the_qualities_of_a_thumbnail_are_one_group_each(shared_data: Path) -> None:
    folders = [
        shared_data / "thumbnails" / name for name in ("hqdefault", "maxresdefault", "default")
    ]
    names = [{path.name for path in folder.glob("*.jpg")} for folder in folders]
    both = sorted(set.intersection(*names))[:25]
    assert len(both) == 25
    found = group(read(folder / name) for folder in folders for name in both)
    assert found == [*range(25)] * 3


@pytest.mark.parametrize("quality", [20, 50])
def test_drawn_pictures_are_alike_at_another_size_and_quality(quality: int) -> None:
    drawn = [read(path) for path in sorted((EXAMPLES / "images").glob("sample00*.jpg"))[:12]]
    firsts = group(drawn)
    smaller = [
        encode_again(cv2.resize(each, (320, 180), interpolation=cv2.INTER_AREA), quality)
        for each in drawn
    ]
    assert group([*drawn, *smaller]) == firsts * 2
    assert len(set(firsts)) > 6


def test_single_colours_are_alike_only_if_they_look_so() -> None:
    red, dark_red, blue, black = (255, 0, 0), (250, 2, 2), (0, 0, 255), (0, 0, 0)
    cards = [np.full((90, 160, 3), color, np.uint8) for color in (red, blue, dark_red, black, red)]
    assert group(cards) == [0, 1, 0, 3, 0]
