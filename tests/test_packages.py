"""All packages of the project install together and import."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

PACKAGES = (
    "cv2",
    "dlib",
    "face_recognition",
    "luigi",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "rapidocr",
    "requests",
    "spellchecker",
    "tensorflow",
    "tensorflow_hub",
)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_importing_does_nothing_heavy() -> None:
    heavy = ("tensorflow", "onnxruntime", "dlib", "rapidocr", "cv2", "nltk", "tokenizers")
    code = f"import sys, thumbnail_tasks; print([m for m in {heavy} if m in sys.modules])"
    finished = run_python(code)
    assert finished.stdout.strip() == "[]", finished.stderr


@pytest.mark.model
def test_all_packages_import_in_one_process() -> None:
    imports = "; ".join(f"import {package}" for package in PACKAGES)
    code = (
        "from thumbnail_tasks.engines.text.keras_ocr import import_keras_ocr; "
        f"import_keras_ocr(); {imports}; print('imported')"
    )
    finished = run_python(code)
    assert finished.stdout.strip().endswith("imported"), finished.stderr


@pytest.mark.parametrize("unwanted", ["dlib", "opencv-python"])
def test_wheels_replace_packages_that_would_be_compiled_or_need_libgl(unwanted: str) -> None:
    with pytest.raises(PackageNotFoundError):
        version(unwanted)
