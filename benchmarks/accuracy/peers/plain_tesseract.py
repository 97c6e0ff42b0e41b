"""Tesseract plainly on whole pictures, told the language of each.

Its engine is in the wheel ``tesserocr``, which ``make accuracy`` installs in an environment of its
own. Its models are those of Debian's packages ``tesseract-ocr-*`` (``tessdata_fast``), or of the
folder ``TESSDATA_PREFIX``.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from benchmarks.accuracy.job import ROOT, run_quietly
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.scripts import Label

PEER: Final = "Tesseract, plain"
DEBIAN_FOLDERS: Final = (
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tesseract-ocr/4.00/tessdata"),
)
_PYTHON: Final = ROOT / "build" / "peers" / "accuracy" / "bin" / "python"
_SCRIPT: Final = Path(__file__).with_name("tesseract_process.py")

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
    models = [_find_model(label, folder) for label in labels]
    python = _find_python()
    with tempfile.TemporaryDirectory(prefix="accuracy-") as scratch:
        job, out = Path(scratch, "job.json"), Path(scratch, "out.json")
        pictures = [
            (str(label.picture.resolve()), model)
            for label, model in zip(labels, models, strict=True)
            if model
        ]
        job.write_text(json.dumps({"folder": str(folder), "pictures": pictures}), encoding="utf-8")
        run_quietly([python, str(_SCRIPT), str(job), str(out)])
        found = json.loads(out.read_text(encoding="utf-8"))
    texts = iter(found["texts"])
    name = f"Tesseract {found['version']}, plain"
    return name, [next(texts) if model else None for model in models]


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


def _find_python() -> str:
    """The Python that has tesserocr: that of the peers, or this one.

    Raises:
        MissingError: Neither has it.
    """
    for python in (str(_PYTHON), sys.executable):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", "import tesserocr"], stderr=subprocess.DEVNULL, check=True
            )
            return python
    raise MissingError(f"no tesserocr in {_PYTHON.parents[1]}: see `make accuracy`")
