"""keras-ocr: the words of its own pipeline, in any company; with weights that drawn words taught.

``training/keras_ocr`` says where those come from, and what they are not.
"""

import csv
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import luigi
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.words import count_words, score_words
from tests.conftest import EXAMPLES, ROOT
from thumbnail_tasks.engines import TextRecognizer, Word
from thumbnail_tasks.engines.crnn_words import crop_word, read_letters
from thumbnail_tasks.engines.keras_ocr import (
    ENGINE,
    chosen_reading,
    fit_size,
    load_text_recognizer,
)
from thumbnail_tasks.engines.keras_ocr_networks import (
    import_keras_ocr,
    load_detector,
    load_recognizer,
    run_in_batches,
)
from thumbnail_tasks.engines.keras_ocr_weights import WeightsFile, published_weights
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.images import ImageRGB, crop_bars, decode_image

DETECTOR = ROOT / "tests" / "weights" / "craft_drawn.h5"
RECOGNIZER = ROOT / "tests" / "weights" / "crnn_drawn.h5"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

Configure = Callable[..., None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Sets [keras_ocr] until the end of the test."""
    config = luigi.configuration.get_config()

    def set_all(**values: object) -> None:
        for name, value in values.items():
            config.set("keras_ocr", name, str(value))

    yield set_all
    if config.has_section("keras_ocr"):
        config.remove_section("keras_ocr")


@pytest.fixture
def drawn(configure: Configure) -> Configure:
    """The weights that drawn words taught."""
    configure(detector_weights=DETECTOR, recognizer_weights=RECOGNIZER)
    return configure


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of keras-ocr."""
    monkeypatch.setenv("KERAS_OCR_CACHE_DIR", str(tmp_path))
    return tmp_path


def read(video_id: str) -> ImageRGB:
    content = (EXAMPLES / "images" / f"{video_id}.jpg").read_bytes()
    return np.ascontiguousarray(crop_bars(decode_image(content)).image_rgb)


def draw(*texts: str) -> ImageRGB:
    """160×90 pixels, with a line for each text."""
    image = Image.new("RGB", (160, 90), "#203060")
    font = ImageFont.truetype(EXAMPLES_FONT, 24)
    for i, text in enumerate(texts):
        ImageDraw.Draw(image).text((8, 6 + 40 * i), text, "white", font)
    return np.asarray(image)
