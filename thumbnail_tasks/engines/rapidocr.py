"""RapidOCR: PP-OCR's detector and recogniser on ONNX Runtime; the wheel carries the models.

Source: https://github.com/RapidAI/RapidOCR (Apache-2.0).
"""

import functools
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines import Engine, TextRecognizer, Word
from thumbnail_tasks.images import ImageRGB


@functools.cache
def load_text_recognizer() -> TextRecognizer:
    """Load the models that lie in RapidOCR's wheel; nothing is fetched.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of words in reading order. Each picture
        is read alone. RapidOCR reads lines; a line is cut at its spaces, each word gets the
        line's confidence, and its box is cut from the line's in proportion to its letters.
    """
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})

    def recognize(images_rgb: Sequence[ImageRGB]) -> list[list[Word]]:
        found = []
        for image_rgb in images_rgb:
            result = engine(image_rgb[..., ::-1])  # as OpenCV reads files: BGR
            lines = zip(result.boxes, result.txts, result.scores, strict=True) if result else ()
            found.append([word for line in lines for word in _split_line(*line)])
        return found

    return recognize


def _split_line(quad: NDArray[np.float32], text: str, confidence: float) -> list[Word]:
    """The words of a line.

    Args:
        quad: (4, 2) corners x, y of the line: upper left, upper right, lower right, lower left.
        text: What it says.
        confidence: 0 to 1.
    """
    words = []
    end = 0
    for part in text.split():
        start = text.index(part, end)
        end = start + len(part)
        edges = [
            left + (right - left) * share
            for left, right in ((quad[0], quad[1]), (quad[3], quad[2]))
            for share in (start / len(text), end / len(text))
        ]
        x_min, y_min = np.min(edges, axis=0)
        x_max, y_max = np.max(edges, axis=0)
        box = (float(x_min), float(y_min), float(x_max), float(y_max))
        words.append(Word(part, float(confidence), box))
    return words


ENGINE = Engine(
    load=load_text_recognizer,
    name=lambda: f"rapidocr-{version('rapidocr')}",
    about=dict,
)
