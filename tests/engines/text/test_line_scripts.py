"""Lines in other scripts: told apart, read or counted as unread, never passed off as Latin."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from thumbnail_tasks.engines.interface import Word
from thumbnail_tasks.engines.text import line_features, line_readers, line_scripts, ppocr, rapidocr
from thumbnail_tasks.engines.text.line_readers import join_cases, settle_case
from thumbnail_tasks.engines.text.line_scripts import LineOutput, LineScript
from thumbnail_tasks.engines.text.lines import Line, WordOnLine, join_letters
from thumbnail_tasks.engines.text.reading_order import order_lines
from thumbnail_tasks.engines.text.scripts import SCRIPTS, name_scripts, script_of
from thumbnail_tasks.pictures.batches import crop_bars


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("HELLO", "Latin"),
        ("Größe", "Latin"),
        ("СРОЧНО!", "Cyrillic"),
        ("Ελλάδα", "Greek"),
        ("푸틴", "Hangul"),
        ("ひらがな", "Japanese"),
        ("カタカナ", "Japanese"),
        ("東京タワー", "Japanese"),
        ("北京", "Chinese"),
        ("دورة", "Arabic"),
        ("שלום", "Hebrew"),
        ("करती", "Devanagari"),
        ("วัง", "Thai"),
        ("বাংলা", "other"),
        ("2024 !?", None),
        ("", None),
        ("TV vs Самсунг", "Cyrillic"),
    ],
)
def test_the_script_of_a_text_is_that_of_most_letters(text: str, script: str | None) -> None:
    assert script_of([text]) == script
    assert script is None or script in SCRIPTS


def test_chinese_characters_beside_japanese_syllables_are_japanese() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    words = [Word("特報", 1.0, box), Word("です", 1.0, box), Word(None, 1.0, box, "Thai")]
    assert [word.script for word in name_scripts(words)] == ["Japanese", "Japanese", "Thai"]
    assert [word.script for word in name_scripts(words[:1])] == ["Chinese"]


@pytest.mark.parametrize(
    ("word", "settled"),
    [("КуЛАКА", "КУЛАКА"), ("привЕт", "привет"), ("Москва", "Москва"), ("Я", "Я"), ("", "")],
)
def test_a_word_has_one_case(word: str, settled: str) -> None:
    assert settle_case(word) == settled


def test_doubt_about_the_case_is_none_about_the_letter() -> None:
    probabilities = np.array([[0.1, 0.5, 0.4, 0.0]], np.float32)
    twins = np.array([0, 2, 1, 3])
    joined = join_cases(probabilities, twins)
    assert joined.argmax() == 1
    assert joined[0, 1] == pytest.approx(0.9, abs=0.001)
    assert joined[0, 0] == pytest.approx(0.1, abs=0.001)


CLASSES = ["Cyrillic", "Greek", "Latin"]


@pytest.mark.parametrize(
    ("shares", "are_doubtful", "told"),
    [
        ([[0.95, 0.0, 0.05]], [False], ["Cyrillic"]),
        ([[0.80, 0.0, 0.20]], [False], ["Latin"]),
        ([[0.80, 0.0, 0.20]], [True], ["Cyrillic"]),
        ([[0.0, 0.80, 0.20]], [True], ["Greek"]),
        ([[0.95, 0.0, 0.05], [0.2, 0.7, 0.1]], [False, False], ["Cyrillic", "Cyrillic"]),
        ([[0.95, 0.0, 0.05], [0.01, 0.0, 0.99]], [False, False], ["Cyrillic", "Latin"]),
        ([[0.05, 0.0, 0.95], [0.4, 0.5, 0.1]], [False, False], ["Latin", "Latin"]),
    ],
)
def test_a_script_that_is_expected_needs_less_certainty(
    shares: list[list[float]], are_doubtful: list[bool], told: list[str]
) -> None:
    found = line_scripts.decide(
        CLASSES, np.array(shares, np.float32), are_doubtful, [()] * len(shares)
    )
    assert [script.name for script in found] == told
    assert all(script.is_sure for script in found)


@pytest.mark.parametrize(
    ("shares", "is_doubtful", "told"),
    [
        ([0.5, 0.46, 0.04], True, ("Cyrillic", False)),
        ([0.46, 0.5, 0.04], True, ("Greek", False)),
        ([0.5, 0.46, 0.04], False, ("Latin", True)),
        ([0.5, 0.4, 0.1], True, ("Latin", True)),
        ([0.8, 0.19, 0.01], True, ("Cyrillic", True)),
    ],
)
def test_a_doubtful_line_in_one_of_two_foreign_scripts_is_to_be_confirmed(
    shares: list[float], is_doubtful: bool, told: tuple[str, bool]
) -> None:
    (found,) = line_scripts.decide(CLASSES, np.array([shares], np.float32), [is_doubtful], [()])
    assert (found.name, found.is_sure) == told


def test_a_certain_line_makes_confirmation_of_the_others_needless() -> None:
    shares = np.array([[0.99, 0.0, 0.01], [0.46, 0.5, 0.04]], np.float32)
    found = line_scripts.decide(CLASSES, shares, [False, True], [(), ()])
    assert [(script.name, script.is_sure) for script in found] == [("Cyrillic", True)] * 2


@pytest.mark.model
@pytest.mark.parametrize(
    ("is_sure", "confidences", "scripts"),
    [
        (True, (0.5,), ["Thai"]),
        (True, (), ["Latin"]),
        (False, (0.95, 0.91), ["Thai", "Thai"]),
        (False, (0.95, 0.89), ["Latin"]),
        (False, (), ["Latin"]),
    ],
)
def test_the_reader_of_a_script_confirms_it(
    is_sure: bool, confidences: Sequence[float], scripts: list[str]
) -> None:
    words = [WordOnLine("วัง", 0.0, 1.0, confidence) for confidence in confidences]
    recognizer: Any = rapidocr.load_text_recognizer()
    reader = dataclasses.replace(
        recognizer,
        tell_scripts=lambda lines, expected: [LineScript("Thai", 0.7, is_sure) for _ in lines],
        load_reader=lambda script: lambda line_bgr, tensors: words,
        readable={"Thai"},
    )
    image = Image.new("RGB", (480, 360), "white")
    draw = ImageDraw.Draw(image)
    draw.text((100, 150), "PHOTO", fill="black", font=ImageFont.load_default(size=60))
    (found,) = reader([np.asarray(image)])
    assert [word.script for word in found] == scripts


@pytest.mark.parametrize(
    ("titled", "told"),
    [
        ((), ["Latin", "Latin"]),
        (("Latin", "Japanese"), ["Latin", "Latin"]),
        (("Cyrillic",), ["Cyrillic", "Latin"]),
        (("Greek",), ["Latin", "Latin"]),
    ],
)
def test_the_scripts_of_the_title_are_expected(titled: Sequence[str], told: list[str]) -> None:
    shares = np.array([[0.5, 0.0, 0.5], [0.3, 0.0, 0.7]], np.float32)
    found = line_scripts.decide(CLASSES, shares, [False, False], [titled] * 2)
    assert [script.name for script in found] == told


def test_the_title_says_nothing_against_a_line_that_is_surely_read() -> None:
    tell = line_scripts.load_script_teller()
    features = np.random.default_rng(0).normal(size=(30, line_features.WIDTH)).astype(np.float32)
    for script in line_readers.SCRIPTS:
        (told,) = tell([LineOutput(features, 0.99)], {script})
        assert told.name == tell([LineOutput(features, 0.99)], ())[0].name


def test_an_unread_line_is_a_word_without_text() -> None:
    quad = np.array([[10, 20], [90, 24], [90, 60], [10, 56]], np.float32)
    (word,) = Line(quad, [], "Hangul", 0.97).place_words()
    assert word == Word(None, 0.97, (10.0, 20.0, 90.0, 60.0), "Hangul")


def test_the_recognizers_own_output_is_unchanged_by_further_outputs() -> None:
    model = ppocr.find_model(ppocr.RECOGNIZER).read_bytes()
    plain = ort.InferenceSession(model)
    more = ort.InferenceSession(line_features.add_outputs(model))
    line = np.random.default_rng(0).uniform(-1, 1, (1, 3, 48, 320)).astype(np.float32)
    name = plain.get_inputs()[0].name
    (expected,) = plain.run(None, {name: line})
    found, last, early, fine = more.run(None, {name: line})
    np.testing.assert_array_equal(found, expected)
    tensors = line_features.LineTensors(last, early, fine, 30)
    assert tensors.features().shape == (30, line_features.WIDTH)
    features = tensors.fine_features()
    assert features.shape == (60, line_features.FINE_WIDTH)
    np.testing.assert_array_equal(features[::2, : line_features.WIDTH], tensors.features())


@pytest.mark.parametrize("script", line_readers.SCRIPTS)
def test_a_readers_alphabet_has_the_letters_of_its_script(script: str) -> None:
    read, alphabet = line_readers.load_line_reader(script)
    assert (alphabet[0], alphabet[-1]) == ("", " ")
    assert script_of(alphabet) == script
    random = np.random.default_rng(0)
    shapes = ((1, 40, 120), (1, 384, 1, 40), (1, 384, 3, 80))
    last, early, fine = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    line = line_features.LineTensors(last, early, fine, 30)
    probabilities = read(line)
    assert probabilities.shape in ((30, len(alphabet)), (60, len(alphabet)))
    np.testing.assert_array_equal(probabilities, read(line))


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국"),
        ("\u1100\u116e\u11a8\u1112", "국"),  # a part that makes no syllable
        ("Vie\u0302\u0323t", "Việt"),
        ("\u1173", ""),
    ],
)
def test_parts_of_letters_are_composed(parts: str, word: str) -> None:
    assert line_readers.compose(parts) == word


def draw_turned(text: str, n_turns: int) -> NDArray[np.uint8]:
    """A picture of 480×360 with a line that is turned counter-clockwise by quarters."""
    line = Image.new("RGB", (330, 70), "navy")
    ImageDraw.Draw(line).text((12, 8), text, "white", ImageFont.load_default(48))
    picture = Image.new("RGB", (480, 360), "navy")
    picture.paste(line.rotate(90 * n_turns, expand=True), (70, 14))
    return np.asarray(picture)


@pytest.mark.model
@pytest.mark.parametrize("n_turns", [0, 1, 2, 3])
def test_a_line_is_read_in_all_four_turns(n_turns: int) -> None:
    (words,) = rapidocr.load_text_recognizer()([draw_turned("SUBSCRIBE", n_turns)])
    assert [word.text for word in words] == ["SUBSCRIBE"]
    x_min, y_min, x_max, y_max = words[0].box_xyxy
    assert (y_max - y_min > x_max - x_min) == n_turns % 2


@pytest.mark.model
def test_a_picture_that_is_upside_down_is_read() -> None:
    upright = np.concatenate([draw_turned("GIANT SPIDER", 0)[:90], draw_turned("FOUND", 0)[:110]])
    for picture in (upright, upright[::-1, ::-1]):
        (words,) = rapidocr.load_text_recognizer()([picture])
        assert [word.text for word in words] == ["GIANT", "SPIDER", "FOUND"]
    x_min, _, x_max, _ = words[0].box_xyxy
    assert 240 < x_min < x_max <= 400


def test_the_words_of_a_tall_line_lie_along_it() -> None:
    quad = np.array([[0, 0], [20, 0], [20, 100], [0, 100]], np.float32)
    line = Line(quad, join_letters([("a", 1.0, 0.1), (" ", 1.0, 0.5), ("b", 1.0, 0.9)]))
    downwards = list(line._replace(n_turns=1).place_words())
    upwards = list(line._replace(n_turns=3).place_words())
    assert [word.text for word in downwards] == [word.text for word in upwards] == ["a", "b"]
    assert downwards[0].box_xyxy[3] < downwards[1].box_xyxy[1]
    assert upwards[0].box_xyxy[1] > upwards[1].box_xyxy[3]


@pytest.mark.parametrize(("letter", "is_from_right"), [("超", True), ("あ", True), ("A", False)])
def test_columns_of_chinese_and_japanese_are_read_from_the_right(
    letter: str, is_from_right: bool
) -> None:
    quad = np.array([[0, 0], [20, 0], [20, 100], [0, 100]], np.float32)
    line = Line(quad, join_letters([(letter, 1.0, 0.5)]), n_turns=1)
    assert line.is_from_right == is_from_right
    assert not line._replace(n_turns=0).is_from_right
    boxes = [(0.0, 0.0, 20.0, 100.0), (30.0, 0.0, 50.0, 100.0)]
    order = [1, 0] if is_from_right else [0, 1]
    assert order_lines(boxes, [is_from_right] * 2) == order
    assert order_lines(boxes, [is_from_right, False]) == [0, 1]


@pytest.mark.parametrize(
    ("text", "script", "is_from_right"),
    [
        ("", "Arabic", True),
        ("שלום", "Hebrew", True),
        ("2024", "Arabic", True),
        ("", "Thai", False),
        ("ABC", None, False),
        ("超", None, False),
        ("2024", None, None),
    ],
)
def test_lines_of_right_to_left_scripts_follow_each_other_from_the_right(
    text: str, script: str | None, is_from_right: bool | None
) -> None:
    quad = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    letters = [(letter, 1.0, 0.5) for letter in text]
    assert Line(quad, join_letters(letters), script).is_from_right is is_from_right


@pytest.fixture(scope="module")
def found(shared_data: Path) -> dict[str, list[Word]]:
    """The words of real thumbnails by video id."""
    with (shared_data / "languages" / "labels.csv").open(encoding="utf-8") as file:
        ids = [row["video_id"] for row in csv.DictReader(file)]
    return read_pictures(shared_data, ids, rapidocr.SCRIPTS)


def read_pictures(
    shared_data: Path, ids: Sequence[str], scripts: tuple[str, ...]
) -> dict[str, list[Word]]:
    recognize = rapidocr.load_text_recognizer(scripts)
    folder = shared_data / "languages" / "hqdefault"
    pictures = {
        video_id: crop_bars(
            np.asarray(Image.open(folder / f"{video_id}.jpg").convert("RGB"))
        ).image_rgb
        for video_id in ids
    }
    return {video_id: recognize([picture])[0] for video_id, picture in pictures.items()}


@pytest.mark.model
@pytest.mark.parametrize(
    ("video_id", "script"),
    [
        ("x3A0GmUIiZB", "Hangul"),
        ("xoIXgqwUiCJ", "Hangul"),
        ("xu8XhKAGgnT", "Arabic"),
        ("xFOzDYn8YF1", "Arabic"),
        ("xjWJH9tYyUX", "Devanagari"),
        ("xpiA3qyTuni", "Devanagari"),
        ("xPyH12LhetC", "Thai"),
    ],
)
def test_lines_in_a_script_that_is_not_wanted_are_unread(
    shared_data: Path, video_id: str, script: str
) -> None:
    words = read_pictures(shared_data, [video_id], ("Latin", "Greek"))[video_id]
    unread = [word.script for word in words if word.text is None]
    assert len(unread) >= (1 if script == "Thai" else 2)
    assert set(unread) == {script}


@pytest.mark.model
def test_latin_can_be_left_unread(shared_data: Path) -> None:
    words = read_pictures(shared_data, ["xst8FMFLr1G"], ("Cyrillic",))["xst8FMFLr1G"]
    assert {word.text for word in words} >= {"Как", "изменить", None}
    assert [word.script for word in words if word.text is None] == ["Latin"]


@pytest.mark.model
@pytest.mark.parametrize(
    ("video_id", "words"),
    [
        ("xhCfosAwP97", {"как", "зовут", "фиксиков"}),
        ("m2Uun9FUhl0", {"школа", "кулака"}),
        ("xOrD7bh6Zdl", {"с", "нуля", "фулл"}),
        ("xBaUWlSBpWq", {"топ", "10", "лучших", "фильмов", "2018"}),
        ("xst8FMFLr1G", {"как", "изменить", "whatsapp"}),
    ],
)
def test_russian_is_read(
    shared_data: Path, found: dict[str, list[Word]], video_id: str, words: set[str]
) -> None:
    assert {(word.text or "").lower() for word in found[video_id]} >= words


@pytest.mark.model
@pytest.mark.parametrize(
    ("video_id", "text"),
    [
        ("x5uqyWg4v3u", "دورة شاملة"),
        ("xjWJH9tYyUX", "उन्हें खरीदना ही पड़ेगा"),
        ("xpiA3qyTuni", "हथियार लगे होते है पनडुब्बी में"),
        ("x3A0GmUIiZB", "우크라가 올린 영상보니"),
        ("xXQMbhWt7dn", "임종석 컷오프"),
        ("xXQMbhWt7dn", "치명적 오판"),  # Tesseract read 제명적
    ],
)
def test_arabic_hindi_and_korean_are_read(
    shared_data: Path, found: dict[str, list[Word]], video_id: str, text: str
) -> None:
    assert text in " ".join(word.text or "" for word in found[video_id])


@pytest.mark.model
@pytest.mark.parametrize("titled", [(), ("Thai",)])
def test_thai_is_read_with_and_without_a_thai_title(
    shared_data: Path, titled: Sequence[str]
) -> None:
    path = shared_data / "languages" / "hqdefault" / "xPyH12LhetC.jpg"
    picture = np.asarray(Image.open(path).convert("RGB"))
    (words,) = rapidocr.load_text_recognizer()([picture], [titled])
    assert [word.script for word in words] == ["Thai"]
    assert "นทรเกษม" in (words[0].text or "")


@pytest.mark.model
def test_no_line_of_a_picture_in_latin_letters_is_of_another_script(
    shared_data: Path, found: dict[str, list[Word]]
) -> None:
    with (shared_data / "languages" / "labels.csv").open(encoding="utf-8") as file:
        latin = [row["video_id"] for row in csv.DictReader(file) if row["script"] == "Latn"]
    others = {
        word.script: word.text
        for video_id in latin
        for word in found[video_id]
        if word.script not in ("Latin", "Chinese", "Japanese", None)
    }
    assert len(latin) == 16
    assert others == {}
