"""Words whose letters are stacked, and lists that are none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from thumbnail_tasks.engines.text.rapidocr import load_text_recognizer
from thumbnail_tasks.engines.text.stacked_letters import (
    Piece,
    bound_stack,
    find_stacks,
    is_stacked_word,
)


def piece(text: str, left: float, top: float, width: float = 40, height: float = 40) -> Piece:
    right, bottom = left + width, top + height
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return Piece(np.array(corners, np.float32), text, height >= 1.5 * width)


def column(text: str, pitch: float) -> list[Piece]:
    return [piece(letter, 10, pitch * i) for i, letter in enumerate(text)]


@pytest.mark.parametrize(
    ("pieces", "stacks"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(column("WOW", 45), [[0, 1, 2]], id="three letters"),
        pytest.param(column("WOW", 45)[::-1], [[2, 1, 0]], id="in another order"),
        pytest.param(column("NO", 45), [], id="two letters"),
        pytest.param(column("WOW", 120), [], id="far apart"),
        pytest.param(
            [piece("W", 10, 0), piece("_", 22, 45, 16, 30), piece("N", 10, 80)],
            [[0, 1, 2]],
            id="an I becomes a dash",
        ),
        pytest.param(
            [piece("SAL", 10, 0, 40, 120), piece("E", 10, 120)], [[0, 1]], id="a tall line goes on"
        ),
        pytest.param([*column("WOW", 45), piece("BIG", 60, 45, 99)], [[0, 1, 2]], id="text beside"),
        pytest.param(
            [*column("XYP", 45), *(piece("answer", 60, 45 * i, 99) for i in range(3))],
            [],
            id="a letter for each answer",
        ),
        pytest.param(
            [piece("W", 10, 0), piece("O", 40, 45), piece("W", 70, 90)], [], id="not centred"
        ),
        pytest.param(
            [piece("W", 10, 0), piece("O", -20, 45, 99, 99), piece("W", 10, 150)], [], id="unequal"
        ),
    ],
)
def test_near_centred_letters_of_one_size_are_a_stack(
    pieces: list[Piece], stacks: list[list[int]]
) -> None:
    assert find_stacks(pieces) == stacks


@pytest.mark.parametrize(
    ("text", "confidence", "pitch", "is_word"),
    [
        ("WOW", 0.95, 45, True),
        ("WOW!", 0.95, 45, True),
        ("WOW", 0.8, 45, False),
        ("WOW", 0.95, 70, False),
        ("ABC", 0.95, 45, False),
        ("123", 0.95, 45, False),
        ("絶対見", 0.95, 45, True),
        ("", 0.0, 45, False),
    ],
)
def test_a_stack_is_a_word_if_it_is_read_surely_and_no_list(
    text: str, confidence: float, pitch: float, is_word: bool
) -> None:
    letters = [(letter, confidence, 0.5) for letter in text]
    assert is_stacked_word(letters, column(text[:3] or "???", pitch)) == is_word


def test_the_quad_of_a_stack_is_around_its_letters() -> None:
    quad = bound_stack([one.quad for one in column("WOW", 45)])
    assert quad.tolist() == [[10, 0], [50, 0], [50, 130], [10, 130]]


def draw_column(texts: str, left: int, pitch: int, others: tuple[str, ...] = ()) -> Image.Image:
    picture = Image.new("RGB", (480, 360), "navy")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(70)
    for i, letter in enumerate(texts):
        draw.text((left, 20 + pitch * i), letter, "white", font, anchor="mt")
    for i, text in enumerate(others):
        draw.text((left + 50, 30 + pitch * i), text, "white", ImageFont.load_default(40))
    return picture


@pytest.mark.model
@pytest.mark.parametrize(
    ("picture", "words"),
    [
        pytest.param(draw_column("WOW", 80, 90), ["WOW"], id="a word"),
        pytest.param(draw_column("WIN", 80, 80), ["WIN"], id="with an I"),
        pytest.param(draw_column("SALE", 80, 80), ["SALE"], id="four letters"),
        pytest.param(
            draw_column("SALE", 80, 80, ("", "", "BIG")), ["SALE", "BIG"], id="text beside"
        ),
        pytest.param(draw_column("DBR", 80, 120), ["D", "B", "R"], id="far apart"),
        pytest.param(draw_column("ABC", 80, 90), ["A", "B", "C"], id="an alphabet"),
        pytest.param(draw_column("385", 80, 90), ["3", "8", "5"], id="digits"),
        pytest.param(
            draw_column("DBR", 80, 90, ("FISH", "BIRD", "CAT")),
            ["D", "FISH", "B", "BIRD", "R", "CAT"],
            id="a letter for each answer",
        ),
    ],
)
def test_stacked_letters_are_read_as_a_word(picture: Image.Image, words: list[str]) -> None:
    (found,) = load_text_recognizer()([np.asarray(picture)])
    assert [word.text for word in found] == words
    if len(words) == 1:
        x_min, y_min, x_max, y_max = found[0].box_xyxy
        assert y_max - y_min > 1.5 * (x_max - x_min)
