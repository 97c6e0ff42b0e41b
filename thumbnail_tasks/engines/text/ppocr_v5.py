"""PP-OCRv5's recognisers of single scripts, by choice instead of the embedded readers.

RapidOCR (https://github.com/RapidAI/RapidOCR, Apache-2.0) publishes them; their addresses and
digests are those of the table in its wheel, and ``FetchWeights`` downloads them once. Lines are
found and their scripts told as by the engine ``rapidocr``, of which this is a variant.

The published models could not be fetched where this was written: it was run on PP-OCRv6's
recogniser in their place, which has the same input and output, and their accuracy is not measured.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import TextRecognizer, Weights
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.engines.text import rapidocr
from thumbnail_tasks.engines.text.line_detection import scale_line
from thumbnail_tasks.engines.text.line_features import LineTensors
from thumbnail_tasks.engines.text.lines import WordOnLine, decode_letters, join_letters
from thumbnail_tasks.engines.text.ppocr import read_alphabet, run_on_line
from thumbnail_tasks.engines.text.rapidocr import ForeignReader
from thumbnail_tasks.engines.text.scripts import RIGHT_TO_LEFT
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.pictures.decoding import ImageRGB

NAME: Final = "rapidocr-v5"
MODELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cyrillic": "cyrillic_PP-OCRv5_rec_mobile",
        "Greek": "el_PP-OCRv5_rec_mobile",
        "Hangul": "korean_PP-OCRv5_rec_mobile",
        "Arabic": "arabic_PP-OCRv5_rec_mobile",
        "Devanagari": "devanagari_PP-OCRv5_rec_mobile",
        "Thai": "th_PP-OCRv5_rec_mobile",
    }
)
"""The model of each script; there is none for Hebrew, which the embedded reader keeps."""

SCRIPTS: Final = tuple(dict.fromkeys((*rapidocr.SCRIPTS, *MODELS)))

# As PaddleOCR does with what it reads of Arabic: numbers and Latin words stand from left to right.
_LEFT_TO_RIGHT_RUN = re.compile(r"[A-Za-z0-9]+(?:[ :*./%+-][A-Za-z0-9]+)*|.", re.DOTALL)

Item = TypeVar("Item")


def published_weights() -> dict[str, Weights]:
    """The model of each script, as the table in RapidOCR's wheel has it."""
    folder = Path(settings.text().models_dir)
    table = _read_table()
    return {
        script: Weights(
            name=name,
            url=table[name]["model_dir"],
            path=folder / f"{name}.onnx",
            sha256=table[name]["SHA256"],
            n_bytes=None,
            instead="[engines] text = rapidocr",
        )
        for script, name in MODELS.items()
    }


@functools.cache
def _read_table() -> Mapping[str, Mapping[str, str]]:
    import yaml

    content = (files("rapidocr") / "default_models.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Mapping[str, str]] = yaml.safe_load(content)["onnxruntime"]["PP-OCRv5"][
        "rec"
    ]
    return table


def load_text_recognizer(scripts: tuple[str, ...] = SCRIPTS) -> TextRecognizer:
    """As that of ``rapidocr``, with PP-OCRv5's recognisers for the scripts that have one.

    Raises:
        WeightsError: A model is missing, or is not the expected one.
    """
    return rapidocr.load_text_recognizer(scripts, load_reader)


def load_reader(script: str) -> ForeignReader:
    """Load the reader of a script.

    Raises:
        WeightsError: Its model is missing, or is not the published one.
    """
    if script not in MODELS:
        return rapidocr.load_embedded_reader(script)
    weights = published_weights()[script]
    if not weights.path.is_file() or digest_file(weights.path) != weights.sha256:
        raise WeightsError(
            f"{weights.path}: expected PP-OCRv5's recogniser with SHA-256 {weights.sha256}; found "
            f"{'another file' if weights.path.exists() else 'no file'}. Remove it and run again, "
            f"which fetches it, or read with {weights.instead}."
        )
    return make_reader(open_session(str(weights.path)), script)


def make_reader(recognizer: Any, script: str) -> ForeignReader:
    """A reader of lines with a recogniser of PP-OCR."""
    alphabet = read_alphabet(recognizer)

    def read(line_bgr: ImageRGB, _: LineTensors) -> list[WordOnLine]:
        (probabilities, *_others), n_steps = run_on_line(recognizer, scale_line(line_bgr))
        letters = decode_letters(probabilities[0, :n_steps], alphabet)
        if script in RIGHT_TO_LEFT:
            letters = reverse_runs("".join(letter for letter, _, _ in letters), letters)
        return join_letters(letters)

    return read


def reverse_runs(text: str, items: Sequence[Item]) -> list[Item]:
    """Bring what stands from left to right into the order of reading from the right."""
    runs = [items[match.start() : match.end()] for match in _LEFT_TO_RIGHT_RUN.finditer(text)]
    return [item for run in reversed(runs) for item in run]


ENGINE = rapidocr.ENGINE._replace(
    load=load_text_recognizer,
    name=lambda: f"{NAME}-{version('rapidocr')}",
    about=lambda: {
        **rapidocr.ENGINE.about(),
        "models": [weights.sha256 for weights in published_weights().values()],
    },
    weights=lambda: list(published_weights().values()),
    scripts=SCRIPTS,
    limits=lambda: "",
)
