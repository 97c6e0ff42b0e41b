"""Vietnamese: told by its letters or by the title, read with all of its marks."""

import csv
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thumbnail_tasks.engines.text import line_readers, rapidocr, vietnamese
from thumbnail_tasks.engines.text.line_features import LineTensors
from thumbnail_tasks.engines.text.lines import WordOnLine
from thumbnail_tasks.engines.text.vietnamese import is_vietnamese, is_vietnamese_title
from thumbnail_tasks.pictures.batches import crop_bars


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("VỢT", True),
        ("Quê hương", True),
        ("không chán", False),  # letters of French and Spanish, too
        ("Số 1", True),
        ("ĐOKOVIĆ, București, São Paulo", False),
        ("", False),
    ],
)
def test_vietnamese_is_known_by_letters_that_no_other_language_has(
    text: str, is_found: bool
) -> None:
    assert is_vietnamese(text) == is_found


@pytest.mark.parametrize(
    ("title", "is_found"),
    [
        ("Nhạc trữ tình hay nhất", True),
        (unicodedata.normalize("NFD", "Nhạc trữ tình"), True),  # marks of their own
        ("The best phở in town", False),  # a dish in an English title
        ("GOOGLE VS. CONGRESS", False),
    ],
)
def test_a_title_is_vietnamese_with_two_such_words(title: str, is_found: bool) -> None:
    assert is_vietnamese_title(title) == is_found


def word(text: str, confidence: float) -> WordOnLine:
    return WordOnLine(text, 0.0, 1.0, confidence)


@pytest.fixture
def tensors() -> LineTensors:
    """A line of noise, which no classifier takes for Vietnamese."""
    random = np.random.default_rng(0)
    shapes = ((1, 40, 120), (1, 384, 1, 40), (1, 384, 3, 80))
    last, early, fine = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    return LineTensors(last, early, fine, 30)


@pytest.mark.parametrize(
    ("new", "old", "is_taken"),
    [
        (word("VỢT", 0.90), word("VOT", 0.99), True),  # the same but for the marks
        (word("Đường", 0.90), word("Duòng", 0.99), True),
        (word("BULoeƠ", 0.75), word("subscribe", 0.98), False),  # another text, less sure
        (word("Nhạc", 0.99), word("Mlrc", 0.40), True),  # another text, surer
        (None, word("VOT", 0.99), False),
    ],
)
def test_a_line_is_taken_if_it_is_similar_or_surer(
    monkeypatch: pytest.MonkeyPatch,
    tensors: LineTensors,
    new: WordOnLine | None,
    old: WordOnLine,
    is_taken: bool,
) -> None:
    found = [new] if new else []
    monkeypatch.setattr(vietnamese, "load_word_reader", lambda name: lambda line: found)
    read = vietnamese.load_vietnamese_reader()
    assert read([(tensors, [old])], True) == [found if is_taken else [old]]
    assert read([(tensors, [old])], False) == [[old]]  # neither the title nor the line tells it


def test_a_picture_without_lines_is_no_error() -> None:
    assert vietnamese.load_vietnamese_reader()([], True) == []


def test_the_alphabet_has_each_mark_and_base_letter() -> None:
    _, alphabet = line_readers.load_line_reader(line_readers.VIETNAMESE)
    assert (alphabet[0], alphabet[-1]) == ("", " ")
    marks = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
    assert set(alphabet) >= {*marks, *"đĐaoueiyAOUEIY0123456789"}


def read_pictures(
    shared_data: Path, ids: Sequence[str], expected: Sequence[str] = ()
) -> dict[str, str]:
    recognize = rapidocr.load_text_recognizer()
    folder = shared_data / "languages" / "hqdefault"
    texts = {}
    for video_id in ids:
        picture = np.asarray(Image.open(folder / f"{video_id}.jpg").convert("RGB"))
        (words,) = recognize([crop_bars(picture).image_rgb], [expected])
        texts[video_id] = " ".join(each.text or "" for each in words)
    return texts


@pytest.mark.model
@pytest.mark.parametrize(
    ("video_id", "words"),
    [
        ("x6ItQFalqTd", "Nhạc Trữ Tình Nghe 1000 lần không chán"),
        ("xDScdf0uxO1", "Dân ca hương"),
        ("xypBwJjsyqK", "CÂY VỢT MÁY ĐAN SHOP ĐỈNH NHẤT VNB PREMIUM BÌNH"),
    ],
)
def test_real_vietnamese_is_read_without_a_title(
    shared_data: Path, video_id: str, words: str
) -> None:
    (text,) = read_pictures(shared_data, [video_id]).values()
    assert set(text.split()) >= set(words.split())


@pytest.mark.thorough
@pytest.mark.model
def test_no_vietnamese_letter_is_read_in_another_language(shared_data: Path) -> None:
    with (shared_data / "languages" / "labels.csv").open(encoding="utf-8") as file:
        ids = [row["video_id"] for row in csv.DictReader(file) if row["language"] != "vi"]
    texts = read_pictures(shared_data, ids)
    assert {video_id: text for video_id, text in texts.items() if is_vietnamese(text)} == {}
