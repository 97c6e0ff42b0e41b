"""Letters, spaces and words from the recogniser's output."""

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.text.lines import Line, decode_letters, join_letters
from thumbnail_tasks.engines.text.rapidocr import load_text_recognizer
from thumbnail_tasks.pictures.decoding import decode_image

ALPHABET = ["", "A", "B", " "]


def read(*steps: tuple[float, float, float, float]) -> str:
    letters = decode_letters(np.array(steps, np.float32), ALPHABET)
    return "".join(letter for letter, _, _ in letters)


BLANK, A, B, SPACE = (0.98, 0.01, 0.01, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
HALF_SPACE = (0.94, 0, 0, 0.06)
HARDLY_A_SPACE = (0.96, 0, 0, 0.04)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([BLANK], ""),
        ([A, A, BLANK, A], "AA"),
        ([A, SPACE, B], "A B"),
        ([A, HALF_SPACE, B], "A B"),
        ([A, HARDLY_A_SPACE, B], "AB"),
        ([HALF_SPACE, A, HALF_SPACE], "A"),
        ([A, SPACE, HALF_SPACE, B], "A B"),
    ],
)
def test_a_space_is_decoded_at_a_low_probability(
    steps: list[tuple[float, float, float, float]], text: str
) -> None:
    assert read(*steps) == text


def test_a_line_is_split_into_words_at_its_letters_positions() -> None:
    quad = np.array([[10, 0], [110, 0], [110, 20], [10, 20]], np.float32)
    letters = decode_letters(np.array([A, B, BLANK, SPACE, BLANK, A], np.float32), ALPHABET)
    first, second = Line(quad, join_letters(letters)).place_words()
    assert (first.text, second.text) == ("AB", "A")
    assert first.confidence == second.confidence == 1
    assert 10 <= first.box_xyxy[0] < first.box_xyxy[2] < second.box_xyxy[0] < second.box_xyxy[2]
    assert second.box_xyxy[2] == 110
    assert (first.box_xyxy[1], first.box_xyxy[3]) == (0, 20)


@pytest.mark.model
def test_words_do_not_depend_on_batch_mates() -> None:
    files = sorted((EXAMPLES / "images").iterdir())[:6]
    pictures = [decode_image(file.read_bytes()) for file in files]
    recognize = load_text_recognizer()
    together = recognize(pictures)
    assert any(together)
    assert together == [recognize([picture])[0] for picture in pictures]


@pytest.mark.model
def test_the_number_of_threads_does_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted((EXAMPLES / "images").iterdir())[:9]
    pictures = [decode_image(file.read_bytes()) for file in files]
    found = []
    for n_threads in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        found.append(load_text_recognizer.__wrapped__()(pictures))
    assert any(found[0])
    assert found[1:] == found[:1] * 2


@pytest.mark.model
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2000, 3), (90, 120, 3), (300, 3, 3)])
def test_pictures_of_any_shape_are_read(shape: tuple[int, int, int]) -> None:
    assert load_text_recognizer()([np.zeros(shape, np.uint8)]) == [[]]
