"""Which models of Tesseract are used, and what is said without them."""

import sys
from pathlib import Path

import pytest

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.peers.plain_tesseract import missing_models, read_with_tesseract
from benchmarks.accuracy.scripts import Label

LABELS = [
    Label(Path("a.jpg"), "Hant", "zh", "x"),
    Label(Path("b.jpg"), "Cyrl", "ru", "x"),
    Label(Path("c.jpg"), "Telu", "te", "x"),
]


def test_the_models_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    (tmp_path / "rus.traineddata").touch()
    reason = f"no chi_tra, te-Telu.traineddata in {tmp_path}"
    assert missing_models(LABELS) == reason
    assert missing_models(LABELS[1:2]) == ""


def test_without_models_the_reason_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(MissingError, match=r"no \*\.traineddata in .*tesseract-ocr-\*"):
        read_with_tesseract(LABELS)


def test_without_tesserocr_the_reason_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    (tmp_path / "rus.traineddata").touch()
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    with pytest.raises(MissingError, match="tesserocr is not installed"):
        read_with_tesseract(LABELS)
