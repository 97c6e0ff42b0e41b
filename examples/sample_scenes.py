"""Backgrounds of the drawn sample: each function maps a size in pixels to an RGB picture.

All are drawn with Pillow from plain numbers; what looks random comes from a fixed seed.
"""

import math
import random
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps

Size = tuple[int, int]
Scene = Callable[[Size], Image.Image]


def packaged_picture(package: str, path_in_package: str) -> Image.Image:
    """Open a picture that ships inside an installed package, without importing the package.

    Raises:
        FileNotFoundError: The package is not installed or has no such file.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f"draw_sample: package {package!r} is not installed; "
            "run: pip install -r examples/requirements.txt"
        )
    return Image.open(Path(spec.origin).parent / path_in_package).convert("RGB")


def photo(name: str, centre: tuple[float, float] = (0.5, 0.5)) -> Scene:
    """One of scikit-image's pictures, cropped to fill; ``centre`` as fractions of it."""

    def draw(size: Size) -> Image.Image:
        picture = packaged_picture("skimage", f"data/{name}")
        return ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=centre)

    return draw


def gradient(start: str, end: str, is_horizontal: bool = False) -> Scene:
    """From one colour to the other, downwards or to the right."""

    def draw(size: Size) -> Image.Image:
        ramp = Image.linear_gradient("L")
        ramp = ramp.transpose(Image.Transpose.ROTATE_90) if is_horizontal else ramp
        return ImageOps.colorize(ramp.resize(size, Image.Resampling.BICUBIC), start, end)

    return draw


def burst(dark: str, light: str, rays: int = 16) -> Scene:
    """Rays from the middle, as on a comic's cover."""

    def draw(size: Size) -> Image.Image:
        picture = Image.new("RGB", size, dark)
        pen = ImageDraw.Draw(picture)
        box = (size[0] // 2 - 1600, size[1] // 2 - 1600, size[0] // 2 + 1600, size[1] // 2 + 1600)
        for ray in range(rays):
            pen.pieslice(box, 360 * ray / rays, 360 * (ray + 0.5) / rays, fill=light)
        return picture

    return draw


def stripes(dark: str, light: str, width_px: int = 120) -> Scene:
    """Diagonal stripes."""

    def draw(size: Size) -> Image.Image:
        width, height = size
        picture = Image.new("RGB", size, dark)
        pen = ImageDraw.Draw(picture)
        for left in range(-height, width, 2 * width_px):
            top = left + height
            pen.polygon(
                [(left, height), (top, 0), (top + width_px, 0), (left + width_px, height)], light
            )
        return picture

    return draw


def bokeh(base: str, colors: tuple[str, ...], seed: int) -> Scene:
    """Soft discs of light out of focus."""

    def draw(size: Size) -> Image.Image:
        rng = random.Random(seed)
        picture = Image.new("RGB", size, base)
        for _ in range(36):
            x, y, radius = rng.randrange(size[0]), rng.randrange(size[1]), rng.randrange(30, 110)
            mask = Image.new("L", size, 0)
            ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=90)
            picture.paste(rng.choice(colors), (0, 0), mask)
        return picture.filter(ImageFilter.GaussianBlur(14))

    return draw


def hills(sky: tuple[str, str], ground: tuple[str, ...]) -> Scene:
    """A sun over rows of hills, the nearest last in ``ground``."""

    def draw(size: Size) -> Image.Image:
        width, height = size
        picture = gradient(*sky)(size)
        pen = ImageDraw.Draw(picture)
        left, top = width * 0.70, height * 0.10
        pen.ellipse((left, top, left + 150, top + 150), "#fff3c4")
        for row, color in enumerate(ground):
            base = height * (0.55 + 0.15 * row)
            ridge = [
                (x, base - 50 * math.sin(x / (190 + 60 * row) + 2 * row))
                for x in range(0, width + 20, 20)
            ]
            pen.polygon([(0, height), *ridge, (width, height)], color)
        return picture

    return draw


def sea(sky: tuple[str, str], water: tuple[str, str]) -> Scene:
    """A low sun and its glitter on the water."""

    def draw(size: Size) -> Image.Image:
        width, height = size
        horizon = height * 6 // 10
        picture = gradient(*sky)(size)
        pen = ImageDraw.Draw(picture)
        pen.ellipse((width // 2 - 110, horizon - 150, width // 2 + 110, horizon + 70), "#ffe9a8")
        picture.paste(gradient(*water)((width, height - horizon)), (0, horizon))
        for row in range(9):
            half, y = 190 - 16 * row, horizon + 14 + 27 * row
            pen.rounded_rectangle((width // 2 - half, y, width // 2 + half, y + 7), 3, "#ffd58a")
        return picture

    return draw


def city(sky: tuple[str, str], seed: int) -> Scene:
    """A skyline at night; a few lit windows."""

    def draw(size: Size) -> Image.Image:
        rng = random.Random(seed)
        width, height = size
        picture = gradient(*sky)(size)
        pen = ImageDraw.Draw(picture)
        left = 0
        while left < width:
            right, roof = left + rng.randrange(70, 150), height - rng.randrange(120, 330)
            pen.rectangle((left, roof, right, height), fill="#11141f")
            for y in range(roof + 24, height - 20, 48):
                x = left + 16 + 30 * rng.randrange(3)
                if x + 14 < right and rng.random() < 0.5:
                    pen.rectangle((x, y, x + 12, y + 18), fill="#c9a24b")
            left = right + rng.randrange(0, 12)
        return picture

    return draw


def pitch() -> Scene:
    """A football pitch from above."""

    def draw(size: Size) -> Image.Image:
        width, height = size
        picture = stripes("#2e8b3d", "#34984a", 90)(size)
        pen = ImageDraw.Draw(picture)
        x, y = width // 2, height // 2
        pen.line((x, 0, x, height), "white", 8)
        pen.ellipse((x - 150, y - 150, x + 150, y + 150), None, "white", 8)
        for left, right in ((-8, 190), (width - 190, width + 8)):
            pen.rectangle((left, y - 210, right, y + 210), None, "white", 8)
        return picture

    return draw
