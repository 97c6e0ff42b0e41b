"""The same picture in other encodings and sizes is the same; drawn changes are noticed."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from tests.conftest import EXAMPLES
from tests.pictures.test_batches import letterboxed
from tests.pictures.test_decoding import encoded
from thumbnail_tasks.pictures.similarity import compare_pictures

PICTURES = sorted((EXAMPLES / "images").glob("sample0*.jpg"))


def save(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def write(image: Image.Image, words: str, size_px: int) -> Image.Image:
    image = image.copy()
    font = ImageFont.load_default(size_px)
    ImageDraw.Draw(image).text((48, 200), words, (255, 255, 0), font, stroke_width=3, stroke_fill=0)
    return image


def blur(image: Image.Image) -> Image.Image:
    image, box = image.copy(), (168, 90, 312, 252)
    image.paste(image.crop(box).filter(ImageFilter.GaussianBlur(15)), box[:2])
    return image


@pytest.fixture(params=PICTURES[:8], ids=lambda path: path.stem)
def image(request: pytest.FixtureRequest) -> Image.Image:
    path: Path = request.param
    return Image.open(path).convert("RGB")


@pytest.mark.parametrize(
    "encode",
    [
        lambda image: save(image, quality=30),
        lambda image: save(image, "WEBP", quality=50),
        lambda image: save(image.resize((320, 240)), quality=80),
        lambda image: save(image.resize((960, 720)), quality=80),
        lambda image: save(image.resize((120, 90)), quality=80),
    ],
    ids=["quality 30", "WebP", "smaller", "larger", "tiny"],
)
def test_another_encoding_or_size_is_the_same_picture(
    image: Image.Image, encode: Callable[[Image.Image], bytes]
) -> None:
    difference = compare_pictures(save(image), encode(image))
    assert not difference.is_other
    assert difference.level > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda image: write(image, "HE LOST!", 60),
        lambda image: write(image, "WHO WON!", 60),
        lambda image: ImageEnhance.Brightness(write(image, "WHO WON?", 60)).enhance(1.4),
        lambda image: write(image, "WHO WON?", 60).crop((20, 15, 460, 345)).resize((480, 360)),
    ],
    ids=["other words", "one letter", "brighter", "cropped"],
)
def test_a_change_is_noticed(
    image: Image.Image, change: Callable[[Image.Image], Image.Image]
) -> None:
    before = write(image, "WHO WON?", 60)
    assert compare_pictures(save(before), save(change(image))).is_other


def test_a_blurred_part_is_noticed() -> None:
    squares = np.random.default_rng(1).integers(0, 256, (12, 16, 3), np.uint8)
    image = Image.fromarray(np.kron(squares, np.ones((30, 30, 1), np.uint8)))
    assert compare_pictures(save(image), save(blur(image))).is_other


def test_equal_pictures_do_not_differ_and_order_does_not_count(image: Image.Image) -> None:
    one, other = save(image), save(write(image, "NEW", 40))
    assert compare_pictures(one, one) == (0.0, False)
    assert compare_pictures(one, other) == compare_pictures(other, one)


def test_the_level_is_the_difference_of_the_part_that_differs_most() -> None:
    grey = np.full((256, 256, 3), 100, np.uint8)
    spot = grey.copy()
    spot[32:96, 32:96] = (130, 160, 190)  # 30, 60 and 90 above the grey
    difference = compare_pictures(encoded(grey), encoded(spot))
    assert difference.level == pytest.approx(60)
    assert difference.is_other


def test_bars_do_not_count_where_only_one_picture_has_them() -> None:
    with_bars = letterboxed(0)
    bar = with_bars.shape[0] // 8
    without = with_bars[bar:-bar]
    assert compare_pictures(encoded(with_bars), encoded(without)).level == pytest.approx(0, abs=1)


def test_another_format_of_picture_can_be_compared() -> None:
    grey = np.full((1, 20, 3), 100, np.uint8)
    assert not compare_pictures(
        encoded(grey), encoded(np.full((90, 120, 3), 100, np.uint8))
    ).is_other
