"""Read lines in scripts that PP-OCR does not know with Tesseract's line recogniser.

https://github.com/tesseract-ocr/tesseract (Apache-2.0), in the wheel ``tesserocr``; its models are
of ``tessdata_fast``: ``weights/tesseract/MODEL_CARD.md``. It is given single lines that PP-OCR's
detector has found: on whole thumbnails it finds few lines, and reads pictures as text. It was
trained on printed pages, so each line is also shown to it without its background: the pixels of one
colour alone, black on white. The reading with the most letters, weighted by their confidence, is
kept.
"""

import functools
import sys
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import not_installed, read_weights
from thumbnail_tasks.engines.text.lines import WordOnLine
from thumbnail_tasks.errors import WeightsError

FOLDER: Final = Path(__file__).parents[2] / "weights" / "tesseract"
MODELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "Arabic": ("ara", "e3206d3dc87fd50c24a0fb9f01838615911d25168f4e64415244b67d2bb3e729"),
        "Hebrew": ("heb", "11f9e43ab227f786352a50f75c94c2e9906f1baba86d93276da19da7ce0904db"),
        "Devanagari": ("hin", "4c73ffc59d497c186b19d1e90f5d721d678ea6b2e277b719bee4e2af12271825"),
        "Thai": ("tha", "294227cc2d1292b0acb28d61d4115c88252b96d466ca90b417cf4cf0c67bf07c"),
    }
)
"""The name and the SHA-256 of the model of each script."""

MIN_CERTAINTY: Final = 0.3
"""A line on which Tesseract is less certain of each word is not read."""
MIN_CONFIDENCE: Final = 0.8
"""The same on the scale of PP-OCR's confidence."""
_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"
_STRAY_MARKS = "|[]{}<>~_=\\^*'`-.,;:،؛ㆍ·"
"""Signs that Tesseract adds at the ends of words, more often than they are on thumbnails."""

LINE_HEIGHT_PX: Final = 64
BORDER_PX: Final = 8

N_COLORS: Final = 6
N_SHOWN_COLORS: Final = 2
MIN_COLOR_SHARE: Final = 0.05
"""A colour with less of a line is none of its letters'."""

LineReader = Callable[[NDArray[np.uint8]], list[WordOnLine]]
"""Maps a line (H, W, 3) in BGR to its words in reading order."""


def is_installed() -> bool:
    """Whether there is a wheel of Tesseract for this platform."""
    return not not_installed(["tesserocr"])


def describe_limits() -> str:
    """What is not read without a wheel; empty if there is one."""
    if is_installed():
        return ""
    *others, last = MODELS
    return (
        f"lines in {', '.join(others)} and {last} are counted as unread, because tesserocr is "
        f"not installed ({sys.executable} -m pip install tesserocr)"
    )


def describe() -> list[str]:
    """What changes its output: the wheel and the models."""
    if not is_installed():
        return []
    return [version("tesserocr"), *(sha256 for _, sha256 in MODELS.values())]


def check() -> None:
    """Check, without loading a model, that all are there.

    Raises:
        WeightsError: One is missing.
    """
    for name, sha256 in MODELS.values():
        if not (path := find_model(name)).is_file():
            raise WeightsError(
                f"{path}: expected the shipped file with SHA-256 {sha256}; found no file. Install "
                "the package again."
            )


def find_model(name: str) -> Path:
    """The file of a model that is shipped."""
    return FOLDER / f"{name}.traineddata"


@functools.cache
def load_line_reader(script: str) -> LineReader:
    """Load the shipped model of a script, of ``MODELS``.

    Raises:
        WeightsError: The file is missing, or is not the one that was shipped.
    """
    from PIL import Image
    from tesserocr import OEM, PSM, RIL, PyTessBaseAPI, iterate_level

    name, sha256 = MODELS[script]
    read_weights(find_model(name), sha256)
    tesseract = PyTessBaseAPI(path=str(FOLDER), lang=name, oem=OEM.LSTM_ONLY, psm=PSM.RAW_LINE)
    one_at_a_time = threading.Lock()  # it holds the picture that it reads

    def read_as(prepared: NDArray[np.uint8]) -> list[WordOnLine]:
        tesseract.SetImage(Image.fromarray(prepared))
        tesseract.Recognize()
        found = tesseract.GetIterator()
        pieces = []
        for word in iterate_level(found, RIL.WORD) if found else ():
            if not word.Empty(RIL.WORD):
                left, _, right, _ = word.BoundingBox(RIL.WORD)
                n_characters = len("".join(word.GetUTF8Text(RIL.WORD).split()))
                pieces.append(Piece(n_characters, left, right, word.Confidence(RIL.WORD) / 100))
        return join_pieces(tesseract.GetUTF8Text().split(), pieces, prepared.shape[1])

    def read(line_bgr: NDArray[np.uint8]) -> list[WordOnLine]:
        shown = (prepare_line(line_bgr), *cut_letters(line_bgr))
        with one_at_a_time:
            readings = [read_as(prepared) for prepared in shown]
        words = max(readings, key=_count_sure_letters)
        surest = max((word.confidence for word in words), default=0.0)
        if surest < MIN_CERTAINTY:
            return []
        return [word._replace(confidence=scale_confidence(word.confidence)) for word in words]

    return read


def _count_sure_letters(words: Sequence[WordOnLine]) -> float:
    return sum(word.confidence * len(word.text) for word in words)


class Piece(NamedTuple):
    """What Tesseract takes for a word: often a single letter of Thai."""

    n_characters: int
    left: float
    """Its edges on the line, in pixels."""
    right: float
    confidence: float
    """0 to 1."""


def join_pieces(texts: Sequence[str], pieces: Sequence[Piece], width: int) -> list[WordOnLine]:
    """The words of a line with the edges and confidences of their pieces.

    Args:
        texts: The words in reading order, with letters of scripts from the right as they are read;
            Tesseract gives those of a piece as they stand.
        pieces: Of these words, in the same order.
        width: Of the line in pixels, with its border.
    """
    words, rest = [], list(pieces)
    for text in texts:
        own: list[Piece] = []
        while rest and sum(piece.n_characters for piece in own) < len(text):
            own.append(rest.pop(0))
        stripped = unicodedata.normalize("NFC", as_read(text).strip(_STRAY_MARKS))
        if own and any(unicodedata.category(char)[0] in "LN" for char in stripped):
            edges = (min(piece.left for piece in own), max(piece.right for piece in own))
            start, end = (
                min(max((x - BORDER_PX) / (width - 2 * BORDER_PX), 0.0), 1.0) for x in edges
            )
            weights = [piece.n_characters for piece in own]
            certainty = float(np.average([piece.confidence for piece in own], weights=weights))
            words.append(WordOnLine(stripped, start, end, certainty))
    return words


def as_read(text: str) -> str:
    """A word's letters in reading order, without marks of direction.

    If Tesseract classifies a word as left-to-right, it adds a left-to-right mark, and the letters
    of a right-to-left script are reversed.
    """
    letters = text.replace(_LEFT_TO_RIGHT, "").replace(_RIGHT_TO_LEFT, "")
    directions = {unicodedata.bidirectional(letter) for letter in letters}
    is_from_right = directions & {"R", "AL"} and not directions & {"L", "EN", "AN"}
    return letters[::-1] if _LEFT_TO_RIGHT in text and is_from_right else letters


def scale_confidence(certainty: float) -> float:
    """Bring Tesseract's confidence to the scale of PP-OCR's, 0 to 1.

    Tesseract is less certain of what it reads right: at 0.3 as many words are right as at PP-OCR's
    0.8.
    """
    return 1 - (1 - certainty) * (1 - MIN_CONFIDENCE) / (1 - MIN_CERTAINTY)


def prepare_line(line_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A line as Tesseract was trained on them: dark on light, (80, W) with a border.

    What covers most of its edge is the background.
    """
    import cv2

    grey = _resize(cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY))
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if np.mean(_edge(grey) <= threshold) > 0.5:
        grey = 255 - grey
    return _add_border(grey)


def cut_letters(line_bgr: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """What may be the letters of a line, black on white: N_SHOWN_COLORS times (80, W).

    Its colours are parted into N_COLORS by k-means; letters are of one that covers little of the
    line's edge. Letters with an outline are so freed of it. A line with fewer colours has no
    background to be freed of: the list is empty.
    """
    import cv2

    pixels = line_bgr.reshape(-1, 3).astype(np.float32)
    brightness = pixels.sum(axis=1)
    if len(np.unique(brightness)) < N_COLORS:
        return []
    by_brightness = np.argsort(brightness, kind="stable")
    start = np.empty((len(pixels), 1), np.int32)
    start[by_brightness, 0] = np.arange(len(pixels)) * N_COLORS // len(pixels)
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    _, colors, _ = cv2.kmeans(pixels, N_COLORS, start, until, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    masks = [colors.reshape(line_bgr.shape[:2]) == color for color in range(N_COLORS)]
    masks = [mask for mask in masks if mask.mean() >= MIN_COLOR_SHARE]
    masks.sort(key=lambda mask: _edge(mask).mean() / mask.mean())
    return [_add_border(_resize(np.where(mask, 0, 255))) for mask in masks[:N_SHOWN_COLORS]]


def _edge(line: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([line[0], line[-1], line[:, 0], line[:, -1]])


def _resize(line: NDArray[Any]) -> NDArray[np.uint8]:
    import cv2

    width = max(8, round(line.shape[1] * LINE_HEIGHT_PX / line.shape[0]))
    how = cv2.INTER_CUBIC if line.shape[0] < LINE_HEIGHT_PX else cv2.INTER_AREA
    resized: NDArray[np.uint8] = cv2.resize(
        line.astype(np.uint8), (width, LINE_HEIGHT_PX), interpolation=how
    )
    return resized


def _add_border(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    bordered: NDArray[np.uint8] = cv2.copyMakeBorder(
        grey, BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX, cv2.BORDER_REPLICATE
    )
    return bordered
