"""Training data for the stand-in networks: pictures with words, and crops of single words.

Uses only Pillow, system fonts and pyspellchecker's list of English words.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from lettering import Cell, Line, draw_line
from numpy.typing import NDArray
from painting import draw_background, paint, spoil
from words import Vocabulary

LETTER_DISTANCE_RATIO = 1.6
LINK_DISTANCE_RATIO = 1.5
"""keras_ocr's own training has 1.5 for both. From perfect maps its ``getBoxes`` makes
boxes 7 to 10 % of a word's height outside its letters with that, and 3 to 7 % with 1.6; with 2 it
cuts off up to 6 %."""


class Picture(NamedTuple):
    """A picture and the output of a perfect detector."""

    image_rgb: NDArray[np.uint8]
    """(H, W, 3)."""
    maps: NDArray[np.uint8]
    """(2, H/2, W/2) scores of letters and links, 0 to 255."""


def draw_picture(
    size: tuple[int, int], fonts: Sequence[Path], words: Vocabulary, rng: random.Random
) -> Picture:
    """Draw lines of words that do not overlap, on a background; with the target maps.

    Args:
        size: Width and height in pixels, both even.
        fonts: To choose from.
        words: To choose from.
        rng: The source of all randomness.
    """
    width, height = size
    image = draw_background(size, rng)
    maps = np.zeros((2, height // 2, width // 2), np.float32)
    taken = np.zeros((height, width), np.uint8)
    for _ in range(rng.choice((1, 2, 3, 4, 6, 8))):
        size_px = round(np.exp(rng.uniform(np.log(12), np.log(140))))
        stroke_px = rng.choice((0, 0, max(1, size_px // 14)))
        texts = [words.pick(rng) for _ in range(rng.choice((1, 2, 2, 3)))]
        line = draw_line(texts, rng.choice(fonts), size_px, stroke_px)
        turn = _random_transform(line, size, rng)
        area = cv2.warpAffine(np.full_like(line.fill, 255), turn, size)
        inside = area.sum() / 255 / line.fill.size
        if inside < 0.5 or (taken & area).any():
            continue
        taken |= area
        image = paint(image, line, turn, rng)
        for target, layer in zip(maps, draw_maps(line), strict=True):
            moved = cv2.warpAffine(layer, turn / 2, target.shape[::-1])  # maps are half as large
            np.maximum(target, moved, out=target)
    image = spoil(image, rng)
    return Picture(image, (maps.clip(0, 1) * 255).round().astype(np.uint8))


def draw_maps(line: Line) -> NDArray[np.float32]:
    """(2, H, W) a Gaussian peak on every letter and on the link between neighbours of a word.

    Their positions are those of ``keras_ocr.detection.compute_maps``: a link extends from the
    middle of one letter to the middle of the next, half as high as they are.
    """
    maps = np.zeros((2, *line.fill.shape), np.float32)
    for cells in line.words:
        for cell in cells:
            _add_hill(maps[0], cell, LETTER_DISTANCE_RATIO)
        for (x0, y0, x1, y1), (u0, v0, u1, v1) in pairwise(cells):
            middle, height = (y0 + y1 + v0 + v1) / 4, (y1 - y0 + v1 - v0) / 4
            link = ((x0 + x1) / 2, middle - height / 2, (u0 + u1) / 2, middle + height / 2)
            _add_hill(maps[1], link, LINK_DISTANCE_RATIO)
    return maps


def _add_hill(target: NDArray[np.float32], cell: Cell, distance_ratio: float) -> None:
    x0, y0, x1, y1 = cell
    left, top, right, bottom = int(x0), int(y0), int(np.ceil(x1)), int(np.ceil(y1))
    x = (np.arange(left, right) + 0.5 - (x0 + x1) / 2) / max((x1 - x0) / 2, 1)
    y = (np.arange(top, bottom) + 0.5 - (y0 + y1) / 2) / max((y1 - y0) / 2, 1)
    hill = np.exp(-0.5 * distance_ratio**2 * (x**2 + y[:, None] ** 2))
    rows, columns = target.shape
    part = target[max(top, 0) : bottom, max(left, 0) : right]
    part += hill[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(columns - left, 0)].astype(
        np.float32
    )


def _random_transform(line: Line, size: tuple[int, int], rng: random.Random) -> NDArray[np.float64]:
    """(2, 3) random transform from the line to the picture: slight rotation, any position."""
    height, width = line.fill.shape
    angle = rng.choice((0, 0, rng.uniform(-15, 15)))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    for axis, (room, length) in enumerate(zip(size, (width, height), strict=True)):
        free = room - length
        turn[axis, 2] += rng.uniform(min(0, free), max(0, free))
    return np.asarray(turn)


def draw_crop(
    word: str, font_path: Path, rng: random.Random, size: tuple[int, int] = (200, 31)
) -> tuple[NDArray[np.uint8], int]:
    """Draw one word as cropped by ``keras_ocr.tools.warpBox``.

    Returns:
        (31, 200) grey, the word at the left, black to its right and below; and its width.
    """
    size_px = round(np.exp(rng.uniform(np.log(22), np.log(80))))
    stroke_px = rng.choice((0, 0, max(1, size_px // 14)))
    line = draw_line([word], font_path, size_px, stroke_px)
    cells = np.array(line.words[0])
    (x_min, y_min), (x_max, y_max) = cells[:, :2].min(axis=0), cells[:, 2:].max(axis=0)
    high = y_max - y_min
    x_min, y_min = x_min + rng.uniform(-0.25, 0.02) * high, y_min + rng.uniform(-0.25, 0.05) * high
    x_max, y_max = x_max + rng.uniform(-0.02, 0.25) * high, y_max + rng.uniform(-0.05, 0.25) * high
    margin = int(high) + 2
    ground = (line.fill.shape[1] + 2 * margin, line.fill.shape[0] + 2 * margin)
    shift = np.array([[1, 0, margin], [0, 1, margin]], np.float64)
    picture = spoil(paint(draw_background(ground, rng), line, shift, rng), rng)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    tilt = rng.gauss(0, 0.03) * (y_max - y_min)
    corners = np.array(
        [(x_min, y_min - tilt), (x_max, y_min + tilt), (x_max, y_max + tilt), (x_min, y_max - tilt)]
    )
    w, h = x_max - x_min, y_max - y_min
    scale = min(size[0] / w, size[1] / h)
    w, h = scale * w, scale * h
    cut = cv2.getPerspectiveTransform(
        (corners + margin).astype(np.float32),
        np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32),
    )
    crop = np.zeros(size[::-1], np.uint8)
    crop[: int(h), : int(w)] = cv2.warpPerspective(grey, cut, (max(int(w), 1), max(int(h), 1)))[
        : int(h), : int(w)
    ]
    return crop, max(int(w), 1)
