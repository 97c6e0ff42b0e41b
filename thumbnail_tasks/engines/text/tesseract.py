"""Tesseract's line recogniser for scripts that PP-OCR does not know.

https://github.com/tesseract-ocr/tesseract (Apache-2.0), in the wheel ``tesserocr``; its models
are those of ``tessdata_fast``, see ``weights/tesseract/MODEL_CARD.md``. It is given single lines
that PP-OCR's detector has found: on whole thumbnails it finds few lines, and reads pictures as
text.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parents[2] / "weights" / "tesseract"
MODELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})
"""The file of each script, without its suffix, and its SHA-256."""

_LINE_HEIGHT_PX: Final = 48
_BORDER_PX: Final = 4


class WordOnLine(NamedTuple):
    """A word of a line."""

    text: str
    confidence: float
    """0 to 1."""
    start: float
    """Its left edge on the line, 0 to 1."""
    end: float
    """Its right edge on the line, 0 to 1."""
