"""Colours, backgrounds, and the degradation of thumbnails."""

import random
from collections.abc import Sequence

import cv2
import numpy as np
from lettering import Line
from numpy.typing import NDArray
from PIL import Image, ImageDraw


def paint(
    image: NDArray[np.uint8], line: Line, turn: NDArray[np.float64], rng: random.Random
) -> NDArray[np.uint8]:
    """Paint a line on a picture, transformed by ``turn``, in colours of sufficient contrast."""
    size = image.shape[1::-1]
    around = cv2.warpAffine(line.outline, turn, size)
    fill = cv2.warpAffine(line.fill, turn, size)
    painted = image.astype(np.float32)
    behind = painted[around > 0].mean(axis=0) if (around > 0).any() else np.zeros(3)
    if rng.random() < 0.2:
        plate = cv2.warpAffine(np.full_like(line.fill, 255), turn, size)[..., None] / 255
        behind = np.array(_pick_colour(rng))
        painted += plate * (behind - painted)
    has_outline = line.outline is not line.fill
    if has_outline:
        edge = np.array(_pick_colour(rng, other_than=behind))
        painted += around[..., None] / 255 * (edge - painted)
        behind = edge
    elif rng.random() < 0.2:
        shadow = np.roll(around, (rng.randint(1, 4), rng.randint(1, 4)), (0, 1))
        painted *= 1 - shadow[..., None] / 255 * rng.uniform(0.3, 0.9)
    colour = np.array(_pick_colour(rng, other_than=behind))
    painted += fill[..., None] / 255 * (colour - painted)
    return painted.round().astype(np.uint8)


def _pick_colour(
    rng: random.Random, other_than: NDArray[np.float64] | None = None
) -> tuple[float, float, float]:
    """A random colour, often white or black, whose grey differs by 60 from ``other_than``."""
    while True:
        kind = rng.random()
        if kind < 0.25:
            colour = (rng.uniform(235, 255),) * 3
        elif kind < 0.4:
            colour = (rng.uniform(0, 20),) * 3
        else:
            colour = (rng.uniform(0, 255), rng.uniform(0, 255), rng.uniform(0, 255))
        if other_than is None or abs(_grey(colour) - _grey(other_than)) > 60:
            return colour


def _grey(colour: Sequence[float] | NDArray[np.float64]) -> float:
    return float(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def draw_background(size: tuple[int, int], rng: random.Random) -> NDArray[np.uint8]:
    """A colour gradient with discs, bands, polygons and noise, or none of them."""
    width, height = size
    corners = np.array([[_pick_colour(rng) for _ in range(2)] for _ in range(2)], np.float32)
    image = Image.fromarray(cv2.resize(corners, size).round().astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.choice((0, 0, 0, 3, 8, 20))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        reach = np.exp(rng.uniform(np.log(4), np.log(width / 2)))
        colour = tuple(map(int, _pick_colour(rng)))
        kind = rng.choice(("disc", "band", "polygon"))
        if kind == "disc":
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), colour)
        elif kind == "band":
            end = (x + rng.uniform(-2, 2) * reach, y + rng.uniform(-2, 2) * reach)
            draw.line((x, y, *end), colour, rng.randint(1, max(2, int(reach / 4))))
        else:
            points = [
                (x + rng.uniform(-reach, reach), y + rng.uniform(-reach, reach))
                for _ in range(rng.randint(3, 6))
            ]
            draw.polygon(points, colour)
    drawn = np.asarray(image).astype(np.float32)
    noise = np.random.default_rng(rng.getrandbits(32))
    for _ in range(rng.choice((0, 0, 1, 2))):
        cell = rng.choice((1, 3, 8, 24))
        grains = noise.normal(0, rng.uniform(3, 30), (height // cell + 2, width // cell + 2, 3))
        drawn += cv2.resize(grains.astype(np.float32), size)
    return drawn.clip(0, 255).astype(np.uint8)


def spoil(image: NDArray[np.uint8], rng: random.Random) -> NDArray[np.uint8]:
    """Downscale to half and back, as thumbnails are doubled, and add JPEG artefacts."""
    height, width = image.shape[:2]
    if rng.random() < 0.8:
        small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(60, 95)])
        image = cv2.resize(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), (width, height))
    return image
