"""All packages of the project install together and import."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.conftest import ROOT, needs

NOTEBOOK = ("dlib", "h5py", "keras", "keras_ocr", "tensorflow", "tensorflow_hub", "tf_keras")
"""Modules of the notebook's engines, which the package does not depend on."""

PACKAGES = (
    "cv2",
    "luigi",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "rapidocr",
    "requests",
    "spellchecker",
)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_importing_does_nothing_heavy() -> None:
    heavy = (
        "tensorflow",
        "onnxruntime",
        "dlib",
        "rapidocr",
        "cv2",
        "nltk",
        "tokenizers",
        "sentencepiece",
    )
    code = f"import sys, thumbnail_tasks; print([m for m in {heavy} if m in sys.modules])"
    finished = run_python(code)
    assert finished.stdout.strip() == "[]", finished.stderr


@pytest.mark.model
def test_the_embedded_engines_import_nothing_of_the_notebooks() -> None:
    code = f"""
import sys
import numpy as np
from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.emotions.face_quality import load_face_judge
from thumbnail_tasks.engines.interface import choose
from thumbnail_tasks.pictures.decoding import decode_image
from thumbnail_tasks.settings import PRESETS
from thumbnail_tasks.stages import embeddings, emotions, faces, objects, texts, words
picture = decode_image((EXAMPLES / "images" / "sample00026.jpg").read_bytes())
load = lambda setting, engines: choose(setting, PRESETS["embedded"][setting], engines).load
load("text", words.RECOGNIZERS)()([picture])
load("correction", texts.CORRECTORS)({{}})
load("embedding", embeddings.ENCODERS)()(["a text"])
((face,),) = load("faces", faces.DETECTORS)()([picture])
load("emotions", emotions.CLASSIFIERS)()([picture])
load("objects", objects.DETECTORS)()([picture])
load_face_judge()(picture, face.box_xyxy)
print([module for module in {NOTEBOOK} if module in sys.modules])
"""
    finished = run_python(code)
    assert (finished.stdout.strip(), finished.stderr) == ("[]", "")


@needs(*NOTEBOOK, "face_recognition")
@pytest.mark.model
def test_all_packages_import_in_one_process() -> None:
    imports = "; ".join(f"import {package}" for package in (*PACKAGES, *NOTEBOOK))
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
