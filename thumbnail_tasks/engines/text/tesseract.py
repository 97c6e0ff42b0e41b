"""Read lines in scripts that PP-OCR does not know with Tesseract's line recogniser.

https://github.com/tesseract-ocr/tesseract (Apache-2.0), in the wheel ``tesserocr``; its models are
of ``tessdata_fast``: ``weights/tesseract/MODEL_CARD.md``. It is given single lines that PP-OCR's
detector has found: on whole thumbnails it finds few lines, and reads pictures as text.
"""

import functools
import sys
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
MIN_CONFIDENCE: Final = 0.8
"""A line on which no word has this confidence is not read."""
_STRAY_MARKS = "|[]{}<>~_=\\^*'`-.,;:،؛ㆍ·"
"""Signs that Tesseract adds at the ends of words, more often than they are on thumbnails."""

LINE_HEIGHT_PX: Final = 64
BORDER_PX: Final = 8

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

    def read(line_bgr: NDArray[np.uint8]) -> list[WordOnLine]:
        prepared = prepare_line(line_bgr)
        tesseract.SetImage(Image.fromarray(prepared))
        tesseract.Recognize()
        found = tesseract.GetIterator()
        pieces = []
        for word in iterate_level(found, RIL.WORD) if found else ():
            if not word.Empty(RIL.WORD):
                left, _, right, _ = word.BoundingBox(RIL.WORD)
                n_characters = len("".join(word.GetUTF8Text(RIL.WORD).split()))
                pieces.append(Piece(n_characters, left, right, word.Confidence(RIL.WORD) / 100))
        words = join_pieces(tesseract.GetUTF8Text().split(), pieces, prepared.shape[1])
        return words if any(word.confidence >= MIN_CONFIDENCE for word in words) else []

    return read


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
        stripped = unicodedata.normalize("NFC", text.strip(_STRAY_MARKS))
        if own and any(unicodedata.category(char)[0] in "LN" for char in stripped):
            edges = (min(piece.left for piece in own), max(piece.right for piece in own))
            start, end = (
                min(max((x - BORDER_PX) / (width - 2 * BORDER_PX), 0.0), 1.0) for x in edges
            )
            weights = [piece.n_characters for piece in own]
            certainty = float(np.average([piece.confidence for piece in own], weights=weights))
            words.append(WordOnLine(stripped, start, end, scale_confidence(certainty)))
    return words


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

    grey = cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY)
    width = max(8, round(grey.shape[1] * LINE_HEIGHT_PX / grey.shape[0]))
    enlarges = grey.shape[0] < LINE_HEIGHT_PX
    grey = cv2.resize(
        grey,
        (width, LINE_HEIGHT_PX),
        interpolation=cv2.INTER_CUBIC if enlarges else cv2.INTER_AREA,
    )
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    edge: NDArray[Any] = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.mean(edge <= threshold) > 0.5:
        grey = 255 - grey
    bordered: NDArray[np.uint8] = cv2.copyMakeBorder(
        grey, BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX, cv2.BORDER_REPLICATE
    )
    return bordered
