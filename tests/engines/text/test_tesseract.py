"""Lines in scripts that PP-OCR does not know, read by Tesseract."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.conftest import needs
from thumbnail_tasks.engines.text import rapidocr, tesseract
from thumbnail_tasks.engines.text.scripts import script_of
from thumbnail_tasks.engines.text.tesseract import (
    BORDER_PX,
    MIN_CERTAINTY,
    MIN_CONFIDENCE,
    Piece,
    cut_letters,
    join_pieces,
    prepare_line,
    scale_confidence,
)
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB

WIDTH = 100 + 2 * BORDER_PX


def pieces_of(*pieces: tuple[int, float]) -> list[Piece]:
    """Pieces of ten pixels for each character, from left to right."""
    found, left = [], float(BORDER_PX)
    for n_characters, confidence in pieces:
        found.append(Piece(n_characters, left, left + 10 * n_characters, confidence))
        left += 10 * n_characters
    return found


@pytest.mark.parametrize(
    ("texts", "pieces", "expected"),
    [
        ([], [], []),
        (["실수"], [(2, 1.0)], [("실수", 0.0, 0.2)]),
        (
            ["우크라가", "올린"],
            [(1, 1.0)] * 4 + [(2, 1.0)],
            [("우크라가", 0, 0.4), ("올린", 0.4, 0.6)],
        ),
        (["|", "हाँ|"], [(1, 1.0), (4, 1.0)], [("हाँ", 0.1, 0.5)]),
        (["~!"], [(2, 1.0)], []),
        (["انتقام.", "!؛"], [(7, 1.0), (2, 1.0)], [("انتقام", 0.0, 0.7)]),
        (["수", "lost"], [(1, 1.0)], [("수", 0.0, 0.1)]),
    ],
)
def test_words_are_joined_from_their_pieces(
    texts: Sequence[str],
    pieces: list[tuple[int, float]],
    expected: list[tuple[str, float, float]],
) -> None:
    words = join_pieces(texts, pieces_of(*pieces), WIDTH)
    assert [word.text for word in words] == [text for text, _, _ in expected]
    for word, (_, start, end) in zip(words, expected, strict=True):
        assert (word.start, word.end) == pytest.approx((start, end))


def test_a_word_from_the_right_lies_between_the_edges_of_its_pieces() -> None:
    right, left = Piece(2, 60 + BORDER_PX, 80 + BORDER_PX, 1.0), Piece(2, BORDER_PX, 50, 1.0)
    (word,) = join_pieces(["שלום"], [right, left], WIDTH)
    assert (word.start, word.end) == pytest.approx((0.0, 0.8))


def test_the_confidence_of_a_word_is_that_of_its_characters() -> None:
    (word,) = join_pieces(["우크라가"], pieces_of((3, 1.0), (1, 0.2)), WIDTH)
    assert word.confidence == pytest.approx(0.8)


def test_confidences_are_on_the_scale_of_the_other_recognizer() -> None:
    assert scale_confidence(1) == 1
    assert scale_confidence(MIN_CERTAINTY) == pytest.approx(MIN_CONFIDENCE)
    assert 0 < scale_confidence(0) < MIN_CONFIDENCE


@pytest.mark.parametrize(("paper", "ink"), [(250, 10), (10, 250), (120, 255), (120, 0)])
@pytest.mark.parametrize("height", [12, 64, 200])
def test_a_line_is_dark_on_light(paper: int, ink: int, height: int) -> None:
    line = np.full((height, 3 * height, 3), paper, np.uint8)
    line[height // 4 : -height // 4, height // 2 : height] = ink
    prepared = prepare_line(line)
    assert prepared.shape == (80, 192 + 2 * BORDER_PX)
    assert prepared[40, BORDER_PX + 48] < prepared[2, 2]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (300, 2)])
def test_a_line_of_any_shape_is_prepared(shape: tuple[int, int]) -> None:
    assert prepare_line(np.zeros((*shape, 3), np.uint8)).shape[0] == 80


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (300, 2)])
def test_letters_are_cut_out_of_a_line_of_any_shape(shape: tuple[int, int]) -> None:
    assert all(each.shape[0] == 80 for each in cut_letters(np.zeros((*shape, 3), np.uint8)))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_line_of_one_colour_has_no_letters(grey: int) -> None:
    assert cut_letters(np.full((64, 200, 3), grey, np.uint8)) == []


def test_letters_are_cut_out_of_outline_and_background() -> None:
    random = np.random.default_rng(0)
    line = random.integers(60, 200, (64, 256, 3)).astype(np.uint8)  # a photograph
    line[8:56, 40:216] = 0  # the outline
    line[14:50, 46:210] = (0, 230, 255)
    shown = cut_letters(line)
    assert [each.shape for each in shown] == [(80, 256 + 2 * BORDER_PX)] * 2
    inside = (slice(BORDER_PX + 16, BORDER_PX + 48), slice(BORDER_PX + 48, BORDER_PX + 208))
    assert sorted(each[inside].mean() for each in shown) == [0, 255]  # the letter, its outline
    assert all(each[:BORDER_PX].min() == 255 for each in shown)
    np.testing.assert_array_equal(cut_letters(line), shown)


def test_all_models_are_shipped_with_card_and_licence() -> None:
    tesseract.check()
    card = (tesseract.FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    for script, (name, sha256) in tesseract.MODELS.items():
        assert re.search(rf"{name}\.traineddata.*{script}.*{sha256[:8]}", card)
    assert "Apache License" in (tesseract.FOLDER / "LICENSE").read_text(encoding="utf-8")


def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tesseract, "FOLDER", tmp_path)
    with pytest.raises(WeightsError, match=re.escape(f"{tmp_path / 'ara.traineddata'}: expected")):
        tesseract.check()


def draw(text: str) -> ImageRGB:
    """A picture of 480×360 with a line in letters of DejaVu Sans, which matplotlib includes."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
    picture = Image.new("RGB", (480, 360), "navy")
    font = ImageFont.truetype(str(path), 48)
    ImageDraw.Draw(picture).text((60, 140), text, "yellow", font)
    return np.asarray(picture)


HEBREW = "שלום ישראל"


@pytest.mark.model
@needs("matplotlib", "tesserocr")
def test_hebrew_is_read_from_the_right() -> None:
    as_it_stands = HEBREW[::-1]  # Pillow draws from left to right where it has no Raqm
    drawn = HEBREW if ImageFont.core.HAVE_RAQM else as_it_stands
    (words,) = rapidocr.load_text_recognizer()([draw(drawn)])
    assert [word.text for word in words] == HEBREW.split()
    assert {word.script for word in words} == {"Hebrew"}
    assert words[0].box_xyxy[0] > words[1].box_xyxy[0]
    assert all(word.confidence >= MIN_CONFIDENCE for word in words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("םולש\u200e", "שלום"),
        ("\u200fשלום", "שלום"),
        ("שלום", "שלום"),
        ("2024\u200e", "2024"),
        ("WhatsApp\u200e", "WhatsApp"),
    ],
)
def test_a_word_from_the_right_that_tesseract_gives_from_the_left_is_turned(
    text: str, expected: str
) -> None:
    assert tesseract.as_read(text) == expected


@pytest.mark.model
@needs("matplotlib", "tesserocr")
def test_a_line_is_read_alike_whatever_was_read_before() -> None:
    read = tesseract.load_line_reader("Hebrew")
    lines = [np.ascontiguousarray(draw(text)[120:220, 50:]) for text in ("גדול", HEBREW, "")]
    first = [read(line) for line in lines]
    assert [read(line) for line in reversed(lines)] == first[::-1]
    assert script_of(word.text for word in first[1]) == "Hebrew"
    assert first[2] == []


def test_without_a_wheel_the_limits_name_scripts_and_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tesseract.describe_limits() == "" or not tesseract.is_installed()
    monkeypatch.setattr(tesseract, "is_installed", lambda: False)
    limits = tesseract.describe_limits()
    assert "Arabic" in limits
    assert "-m pip install tesserocr" in limits
    assert tesseract.describe() == []
