"""Selecting an engine, and checking its weights."""

import subprocess
import sys
from pathlib import Path

import luigi
import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import Engine, choose, read_weights
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import ENCODERS
from thumbnail_tasks.stages.emotions import CLASSIFIERS
from thumbnail_tasks.stages.faces import DETECTORS
from thumbnail_tasks.stages.objects import DETECTORS as OBJECT_DETECTORS
from thumbnail_tasks.stages.texts import CORRECTORS
from thumbnail_tasks.stages.words import RECOGNIZERS

CHOICES = {
    "text": RECOGNIZERS,
    "correction": CORRECTORS,
    "embedding": ENCODERS,
    "faces": DETECTORS,
    "emotions": CLASSIFIERS,
    "objects": OBJECT_DETECTORS,
}


@pytest.mark.parametrize("preset", settings.PRESETS)
def test_a_preset_names_an_engine_for_every_stage(preset: str) -> None:
    assert settings.PRESETS[preset].keys() == CHOICES.keys()
    for stage, name in settings.PRESETS[preset].items():
        assert isinstance(CHOICES[stage][name], Engine)


def test_an_unknown_engine_is_reported_with_the_known_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"text: expected one of rapidocr, .*; found: 'tesseract'"
    ):
        choose("text", "tesseract", RECOGNIZERS)


@pytest.mark.parametrize(
    ("setting", "name", "module"),
    [
        ("text", "keras-ocr", "keras_ocr"),
        ("embedding", "tensorflow-hub", "tensorflow"),
        ("faces", "face-recognition-cnn", "dlib"),
        ("faces", "face-recognition-hog", "dlib"),
        ("emotions", "keras", "tensorflow"),
    ],
)
def test_an_engine_without_its_packages_is_refused_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, setting: str, name: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    expected = (
        rf"\[engines\] {setting}: {name}: expected the packages of the notebook's engines; not "
        rf"installed: .*{module}.*{sys.executable} -m pip install --no-deps -r .*notebook\.lock$"
    )
    with pytest.raises(SettingsError, match=expected):
        choose(setting, name, CHOICES[setting])


def test_no_embedded_engine_needs_packages_of_the_notebooks() -> None:
    for setting, name in settings.PRESETS["embedded"].items():
        assert not CHOICES[setting][name].modules


def test_a_stages_setting_overrides_the_preset() -> None:
    config = luigi.configuration.get_config()
    config.set("engines", "faces", "another")
    try:
        assert settings.engine_name("faces") == "another"
        assert settings.engine_name("text") == "rapidocr"
        config.set("engines", "preset", "no such")
        with pytest.raises(SettingsError, match=r"preset: expected one of embedded"):
            settings.engine_name("text")
    finally:
        config.remove_section("engines")


def test_a_tag_starts_with_the_engine_and_depends_on_the_source() -> None:
    assert MeasureAppearance.tag("source").startswith("opencv-")
    assert MeasureAppearance.tag("source") != MeasureAppearance.tag("another")


def test_missing_weights_are_reported(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.onnx.*expected.*No such file"):
        read_weights(tmp_path / "model.onnx", "0" * 64)


def test_weights_with_another_checksum_are_refused_before_they_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match=rf"model\.onnx.*{'0' * 64}.*found f41f3fa6"):
        read_weights(path, "0" * 64)


EMBEDDED = (
    *("rapidocr", "pyspellchecker", "use-multilingual", "minilm", "dlib-cnn", "fer2013"),
    "nanodet",
)


@pytest.mark.model
def test_loading_an_engine_unpickles_nothing() -> None:
    code = """
import pathlib, pickle, sys
found = []
sys.addaudithook(lambda event, about: found.append(about) if event == "pickle.find_class" else None)
from thumbnail_tasks.stages import embeddings, emotions, faces, objects, texts, words
for engines in (
    words.RECOGNIZERS, texts.CORRECTORS, embeddings.ENCODERS, faces.DETECTORS, emotions.CLASSIFIERS,
    objects.DETECTORS,
):
    for name in set(engines) & {*sys.argv[1:]}:
        engines[name].load(*[{}] * (name == "pyspellchecker"))
        print(name)
assert found == [], found
pickle.loads(pickle.dumps(pathlib.PurePath()))
assert found, "the hook is never called"
"""
    loaded = subprocess.run(
        [sys.executable, "-c", code, *EMBEDDED], capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert sorted(loaded.stdout.split()) == sorted(EMBEDDED)
