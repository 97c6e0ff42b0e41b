"""Tesseract plainly on whole pictures, told the language of each.

Its models are those of Debian's packages ``tesseract-ocr-*`` (``tessdata_fast``), or of the folder
``TESSDATA_PREFIX``.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.scripts import Label

PEER: Final = "Tesseract, plain"
DEBIAN_FOLDERS: Final = (
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tesseract-ocr/4.00/tessdata"),
)
_MODELS: Final = {
    "ar": "ara",
    "de": "deu",
    "el": "ell",
    "en": "eng",
    "es": "spa",
    "fr": "fra",
    "he": "heb",
    "hi": "hin",
    "id": "ind",
    "it": "ita",
    "ja": "jpn",
    "ko": "kor",
    "nl": "nld",
    "pl": "pol",
    "pt": "por",
    "ru": "rus",
    "sr-Latn": "srp_latn",
    "sr-Cyrl": "srp",
    "sv": "swe",
    "th": "tha",  # codespell:ignore
    "tr": "tur",
    "uk": "ukr",
    "vi": "vie",
    "zh-Hans": "chi_sim",
    "zh-Hant": "chi_tra",
}
"""Our codes of languages, some with a script, and Tesseract's."""


def read_with_tesseract(labels: Sequence[Label]) -> tuple[str, list[str | None]]:
    """Read whole pictures, bars included, with the model of each one's language.

    Returns:
        The name with the version, and one text for each picture; None without a model.

    Raises:
        MissingError: Tesseract or all of its models are missing.
    """
    folder = _find_folder()
    try:
        from tesserocr import PyTessBaseAPI
    except ImportError as error:
        raise MissingError("tesserocr is not installed: there is no wheel for macOS") from error
    models = [_find_model(label, folder) for label in labels]
    texts: list[str | None] = [None] * len(labels)
    for model in sorted(filter(None, set(models))):
        with PyTessBaseAPI(path=str(folder), lang=model) as tesseract:
            for position, label in enumerate(labels):
                if models[position] == model:
                    tesseract.SetImageFile(str(label.picture))
                    texts[position] = tesseract.GetUTF8Text()
    return f"Tesseract {PyTessBaseAPI.Version()}, plain", texts


def missing_models(labels: Sequence[Label]) -> str:
    """What is missing for some of the pictures; empty if nothing is."""
    folder = _find_folder()
    missing = {
        _MODELS.get(_code(label), _code(label))
        for label in labels
        if not _find_model(label, folder)
    }
    return f"no {', '.join(sorted(missing))}.traineddata in {folder}" if missing else ""


def _code(label: Label) -> str:
    return label.language if label.language in _MODELS else f"{label.language}-{label.script}"


def _find_model(label: Label, folder: Path) -> str:
    """The name of the model of a picture's language; empty if the folder has none."""
    name = _MODELS.get(_code(label), "")
    return name if name and (folder / f"{name}.traineddata").exists() else ""


def _find_folder() -> Path:
    """The first folder that has models.

    Raises:
        MissingError: There is none.
    """
    prefix = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(prefix)] if prefix else DEBIAN_FOLDERS
    for folder in folders:
        if any(folder.glob("*.traineddata")):
            return folder.resolve()
    listed = " or ".join(map(str, folders))
    raise MissingError(
        f"no *.traineddata in {listed}; Debian's packages tesseract-ocr-* have them, or set "
        "TESSDATA_PREFIX"
    )
