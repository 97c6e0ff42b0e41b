"""Keras emotion files: which are refused before code runs, and how settings apply to the rest."""

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pytest

from tests.conftest import needs
from thumbnail_tasks import fingerprints
from thumbnail_tasks.engines.emotions import keras_model
from thumbnail_tasks.engines.emotions.fer2013 import EmotionClassifier
from thumbnail_tasks.engines.emotions.keras_model import (
    BATCH_SIZE,
    ENGINE,
    configured_model,
    load_emotion_classifier,
    read_labels,
)
from thumbnail_tasks.engines.emotions.keras_safety import find_code, read_keras_file
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.schemas import EMOTION_LABELS

h5py = pytest.importorskip("h5py")
pytestmark = needs("tensorflow", "tf_keras", "keras")

NOTEBOOK = "emotion_model_v6_23.hdf5"
MINI_XCEPTION = "fer2013_mini_XCEPTION.102-0.66.hdf5"
MINI_XCEPTION_LABELS = "angry,disgust,fear,happy,sad,surprise,neutral"
KINDS = [("tf_keras", "h5"), ("tf_keras", "keras"), ("keras", "h5"), ("keras", "keras")]

Choose = Callable[..., None]


@pytest.fixture
def choose() -> Iterator[Choose]:
    config = luigi.configuration.get_config()

    def choose(**values: object) -> None:
        for name, value in values.items():
            config.set("keras_emotions", name, str(value))

    yield choose
    config.remove_section("keras_emotions")


def layer(class_name: str, **config: object) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return layer("Sequential", name="model", layers=list(layers))


def write_hdf5(path: Path, config: object) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.2.4"
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights")
    return path


def write_archive(path: Path, config: object, version: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    return path


# The settings.


def test_without_a_file_the_error_names_the_engine_that_needs_none(choose: Choose) -> None:
    with pytest.raises(SettingsError, match=r"path: expected.*no licence.*fer2013 needs no file"):
        configured_model()


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ("angry,disgust,fear,happy,neutral,sad", "missing: surprise"),
        ("angry,disgust,fear,happy,neutral,sad,sad", "missing: surprise; more than once: sad"),
        ("anger,disgust,fear,happy,neutral,sad,surprise", "missing: angry; unknown: 'anger'"),
        ("angry,disgust,fear,happy,neutral,sad,surprise,contempt", "unknown: 'contempt'"),
        ("angry disgust fear happy neutral sad surprise", "unknown: 'angry disgust"),
        ("", "unknown: ''"),
    ],
)
def test_invalid_labels_are_reported(labels: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=r"^\[keras_emotions\] labels: expected angry, ") as e:
        read_labels(labels)
    assert fault in str(e.value)
    assert f"found: {labels!r}" in str(e.value)


def test_labels_may_have_blanks_and_capitals() -> None:
    read = read_labels(" Surprise,sad , NEUTRAL,happy,fear,disgust,angry")
    assert read == tuple(reversed(EMOTION_LABELS))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        (
            "input_px",
            -1,
            r"\[keras_emotions\] input_px: expected a whole number, 0 or more; found: '-1'",
        ),
        (
            "input_px",
            "many",
            r"\[keras_emotions\] input_px: expected a whole number, 0 or more; found: 'many'",
        ),
        (
            "scaling",
            "0-2",
            r"\[keras_emotions\] scaling: expected one of -1-1, 0-1, 0-255; found: '0-2'",
        ),
    ],
)
def test_an_invalid_setting_is_reported(
    choose: Choose, setting: str, value: object, message: str
) -> None:
    choose(path="any.h5", **{setting: value})
    with pytest.raises(SettingsError, match=message):
        configured_model()


# The file, before it is opened.


def test_a_missing_file_is_reported(choose: Choose, tmp_path: Path) -> None:
    choose(path=tmp_path / "none.h5")
    with pytest.raises(WeightsError, match=r"none\.h5: expected the Keras file.*No such file"):
        ENGINE.name()


def test_a_folder_is_not_a_file(choose: Choose, tmp_path: Path) -> None:
    choose(path=tmp_path)
    with pytest.raises(WeightsError, match="found: Is a directory"):
        ENGINE.name()


def test_a_file_with_another_hash_is_refused_before_it_is_opened(
    choose: Choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_hdf5(tmp_path / "model.h5", sequential())
    monkeypatch.setattr(keras_model, "load_keras_model", lambda *_: pytest.fail("opened"))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    choose(path=path, sha256="0" * 64)
    with pytest.raises(WeightsError, match=rf"expected SHA-256 {'0' * 64}.*found {found}"):
        load_emotion_classifier()


def test_a_file_is_hashed_again_only_when_it_changes(choose: Choose, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"one")
    choose(path=path)
    first = configured_model().sha256
    assert first == hashlib.sha256(b"one").hexdigest()
    hits = fingerprints.digest_state.cache_info().hits
    assert configured_model().sha256 == first
    assert fingerprints.digest_state.cache_info().hits == hits + 1
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 1))
    assert configured_model().sha256 == hashlib.sha256(b"two").hexdigest()


def test_the_tag_contains_everything_that_changes_the_output(
    choose: Choose, tmp_path: Path
) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"one")
    sha256 = hashlib.sha256(b"one").hexdigest()
    choose(path=path, scaling="-1-1", labels=MINI_XCEPTION_LABELS)
    assert ENGINE.name() == f"keras-{sha256[:8]}"
    about = ENGINE.about()
    assert json.loads(json.dumps(about)) == about
    assert (about["sha256"], about["scaling"]) == (sha256, "-1-1")
    assert about["labels"] == MINI_XCEPTION_LABELS
    assert {"frame_side", "frame_shift_y"} <= about.keys()


# The content of the file, before it is loaded.


@pytest.mark.parametrize("content", [b"", b"GIF89a of course", b"\x89HD"])
def test_a_file_of_another_format_is_reported(content: bytes) -> None:
    with pytest.raises(WeightsError, match=r"a\.h5: expected a Keras model.*file that begins"):
        read_keras_file(Path("a.h5"), content)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_file_is_reported(tmp_path: Path, share: float) -> None:
    for path in (
        write_hdf5(tmp_path / "a.h5", sequential()),
        write_archive(tmp_path / "a.keras", sequential(), "3.15.1"),
    ):
        content = path.read_bytes()
        with pytest.raises(WeightsError, match=rf"{path}: expected a whole Keras model.*damaged"):
            read_keras_file(path, content[: int(share * len(content))])


def test_weights_without_a_model_are_reported(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_group("layers")
    content = (tmp_path / "a.weights.h5").read_bytes()
    with pytest.raises(WeightsError, match=r"weights only.*model_config"):
        read_keras_file(Path("a.weights.h5"), content)


def test_an_archive_of_something_else_is_reported() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("holiday.jpg", b"")
    with pytest.raises(WeightsError, match=r"a\.keras: expected a whole Keras model"):
        read_keras_file(Path("a.keras"), buffer.getvalue())


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (layer("Lambda", function=["code"]), "Lambda"),
        (sequential(sequential(layer("Lambda"))), "Lambda"),
        (layer("TimeDistributed", layer=layer("Lambda")), "Lambda"),
        (layer("Functional", layers=[layer("TFOpLambda")]), "TFOpLambda"),
        (layer("SlicingOpLambda"), "SlicingOpLambda"),
        (layer("TFSMLayer", filepath="/tmp/other"), "TFSMLayer"),
        (layer("Dense", activation={"class_name": "__lambda__", "config": {}}), "__lambda__"),
        (layer("Dense") | {"module": "os.path"}, "os.path.Dense"),
        (layer("Dense") | {"module": "kerasx.layers"}, "kerasx.layers.Dense"),
        (layer("Dense") | {"module": ""}, ".Dense"),
        (layer("Dense") | {"module": "keras.layers", "registered_name": "my>Dense"}, "my>Dense"),
        (
            layer("Activation", f={"module": "builtins", "class_name": "function", "config": "x"}),
            "builtins.function",
        ),
        (
            layer("Dense", f={"module": "keras.utils", "class_name": "function", "config": "x"}),
            "function",
        ),
        (layer("Dense", f={"module": "os", "class_name": "system"}), "os.system"),
        ({"class_name": ["Dense"], "config": {}}, "['Dense']"),
        ({"function_module": 1, "module": "os"}, "os"),
        ({"build_config": {"registered_name": "my>Thing"}}, "my>Thing"),
    ],
)
def test_layers_that_may_run_code_are_found_at_any_depth(part: dict[str, Any], name: str) -> None:
    assert name in find_code(part)
    assert name in find_code(sequential(layer("Dense"), part))


def test_plain_layers_contain_no_code() -> None:
    convolution = layer("Conv2D", kernel_initializer=layer("Zeros")) | {"module": "keras.layers"}
    assert list(find_code(sequential(convolution, layer("Softmax")))) == []
    functional = {"module": "tf_keras.src.engine.functional", "registered_name": "Functional"}
    assert list(find_code(layer("Functional", layers=[convolution]) | functional)) == []


def test_names_from_training_count_only_where_keras_loads_them(tmp_path: Path) -> None:
    config = sequential() | {"compile_config": {"loss": layer("MyLoss")}}
    archive = write_archive(tmp_path / "a.keras", config, "3.15.1")
    hdf5 = write_hdf5(tmp_path / "a.h5", config)
    nested = write_archive(tmp_path / "b.keras", sequential(config), "3.15.1")
    found = [
        list(find_code(read_keras_file(path, path.read_bytes()).config))
        for path in (archive, hdf5, nested)
    ]
    assert found == [[], ["MyLoss"], ["MyLoss"]]


@pytest.mark.parametrize("version", ["2.15.0", "3.15.1"])
def test_a_function_of_another_module_is_refused(
    choose: Choose, tmp_path: Path, version: str
) -> None:
    call = {"module": "os", "class_name": "function", "config": "system", "registered_name": None}
    path = write_archive(tmp_path / "a.keras", sequential(layer("Dense", f=call)), version)
    choose(path=path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(
        WeightsError,
        match=rf"a\.keras: expected plain layers.*found: os\.function.*sha256 = {sha256}",
    ):
        load_emotion_classifier()


# Loaded files.


def import_keras(name: str) -> Any:
    load_tensorflow()
    return __import__(name)


def build(
    keras: Any,
    input_shape: tuple[int | None, ...] = (48, 48, 1),
    n_outputs: int = 7,
    activation: str | None = "softmax",
    first: Any = None,
) -> Any:
    """A network whose output 0 is exp(mean of the input) times the others."""
    inputs = keras.Input(input_shape)
    values = first(inputs) if first else inputs
    means = keras.layers.GlobalAveragePooling2D()(values) if len(input_shape) == 3 else values
    dense = keras.layers.Dense(n_outputs, activation=activation)
    model = keras.Model(inputs, dense(means))
    kernel = np.zeros(dense.get_weights()[0].shape, np.float32)
    kernel[:, 0] = 1
    dense.set_weights([kernel, np.zeros(n_outputs, np.float32)])
    return model


def save(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def plain_face(grey: int, side_px: int = 60) -> ImageRGB:
    return np.full((side_px, side_px, 3), grey, np.uint8)


def random_faces(count: int) -> list[ImageRGB]:
    random = np.random.default_rng(7)
    return [
        random.integers(0, 256, (50 + i % 9, 40 + i % 7, 3), dtype=np.uint8) for i in range(count)
    ]


@pytest.mark.model
@pytest.mark.parametrize(("keras", "suffix"), KINDS)
@pytest.mark.parametrize("side_px", [48, 64])
def test_every_file_format_is_read_scaled_and_reordered(
    choose: Choose, tmp_path: Path, keras: str, suffix: str, side_px: int
) -> None:
    model = build(import_keras(keras), (side_px, side_px, 1))
    labels = "surprise,angry,disgust,fear,happy,neutral,sad"
    choose(path=save(model, tmp_path / f"a.{suffix}"), labels=labels)
    for scaling, mean in (("0-1", 0.2), ("-1-1", -0.6), ("0-255", 51)):
        choose(scaling=scaling, input_px=side_px if scaling == "0-1" else 0)
        probabilities = load_emotion_classifier()([plain_face(51), plain_face(0, side_px=3)])
        assert probabilities.shape == (2, 7)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
        surprise, others = probabilities[0, -1], probabilities[0, :-1]
        assert EMOTION_LABELS[-1] == "surprise"
        assert surprise == pytest.approx(np.exp(mean) / (np.exp(mean) + 6), rel=1e-5)
        assert others.min() == others.max()


@pytest.mark.model
def test_each_output_goes_to_its_label(choose: Choose, tmp_path: Path) -> None:
    model = build(import_keras("tf_keras"))
    shares = np.array([1, 2, 3, 4, 5, 6, 7], np.float32) / 28
    model.layers[-1].set_weights([np.zeros((1, 7), np.float32), np.log(shares)])
    choose(path=save(model, tmp_path / "a.h5"), labels=MINI_XCEPTION_LABELS)
    (row,) = load_emotion_classifier()([plain_face(9)])
    found = dict(zip(EMOTION_LABELS, (row * 28).round().tolist(), strict=True))
    assert found == dict(zip(MINI_XCEPTION_LABELS.split(","), range(1, 8), strict=True))


@pytest.mark.model
@pytest.mark.parametrize(
    ("input_shape", "n_outputs", "message"),
    [
        ((48, 48, 3), 7, r"input \(None, s, s, 1\); found: \(None, 48, 48, 3\)"),
        ((48, 64, 1), 7, r"input \(None, s, s, 1\); found: \(None, 48, 64, 1\)"),
        ((None, None, 1), 7, r"found: \(None, None, None, 1\)"),
        ((2304,), 7, r"found: \(None, 2304\)"),
        ((48, 48, 1), 8, r"7 emotions \(None, 7\); found: \(None, 8\)"),
        ((48, 48, 1), 6, r"7 emotions \(None, 7\); found: \(None, 6\)"),
    ],
)
def test_other_shapes_are_reported(
    choose: Choose,
    tmp_path: Path,
    input_shape: tuple[int | None, ...],
    n_outputs: int,
    message: str,
) -> None:
    model = build(import_keras("tf_keras"), input_shape, n_outputs)
    choose(path=save(model, tmp_path / "a.h5"))
    with pytest.raises(WeightsError, match=rf"a\.h5: expected one .*{message}"):
        load_emotion_classifier()


@pytest.mark.model
@pytest.mark.parametrize(("keras", "suffix"), [KINDS[0], KINDS[3]])
def test_two_inputs_are_reported(choose: Choose, tmp_path: Path, keras: str, suffix: str) -> None:
    library = import_keras(keras)
    inputs = [library.Input((48, 48, 1)), library.Input((48, 48, 1))]
    pooled = library.layers.GlobalAveragePooling2D()(library.layers.Add()(inputs))
    model = library.Model(inputs, library.layers.Dense(7, activation="softmax")(pooled))
    choose(path=save(model, tmp_path / f"a.{suffix}"))
    with pytest.raises(WeightsError, match=r"input \(None, s, s, 1\); found: \[\("):
        load_emotion_classifier()


@pytest.mark.model
def test_a_model_without_an_input_is_reported(choose: Choose, tmp_path: Path) -> None:
    keras = import_keras("keras")
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(7)])
    choose(path=save(model, tmp_path / "a.keras"))
    with pytest.raises(WeightsError, match=r"input \(None, s, s, 1\); found: none"):
        load_emotion_classifier()


@pytest.mark.model
def test_another_input_size_than_the_files_is_reported(choose: Choose, tmp_path: Path) -> None:
    path = save(build(import_keras("tf_keras")), tmp_path / "a.h5")
    choose(path=path, input_px=64)
    expected = r"input_px: expected 48, the input of .*a\.h5, or 0; found: 64"
    with pytest.raises(SettingsError, match=expected):
        load_emotion_classifier()


@pytest.mark.model
def test_layers_that_do_not_fit_together_are_reported(choose: Choose, tmp_path: Path) -> None:
    choose(path=write_hdf5(tmp_path / "a.h5", sequential(layer("Conv2D", filters="many"))))
    with pytest.raises(WeightsError, match=r"a\.h5: expected a model that Keras 2\.\S+ loads"):
        load_emotion_classifier()


@pytest.mark.model
@pytest.mark.parametrize("activation", [None, "relu", "sigmoid"])
def test_outputs_that_are_not_probabilities_are_reported(
    choose: Choose, tmp_path: Path, activation: str | None
) -> None:
    model = build(import_keras("tf_keras"), activation=activation)
    choose(path=save(model, tmp_path / "a.h5"))
    classify = load_emotion_classifier()
    with pytest.raises(WeightsError, match=r"a\.h5: expected probabilities.*softmax.*found.*sum"):
        classify([plain_face(0), plain_face(99)])


@pytest.mark.model
def test_nan_outputs_are_reported(choose: Choose, tmp_path: Path) -> None:
    model = build(import_keras("tf_keras"))
    model.layers[-1].set_weights([np.full((1, 7), np.nan, np.float32), np.zeros(7, np.float32)])
    choose(path=save(model, tmp_path / "a.h5"))
    with pytest.raises(WeightsError, match="found a face with nan"):
        load_emotion_classifier()([plain_face(9)])


@pytest.mark.model
@pytest.mark.parametrize(("keras", "suffix"), KINDS)
def test_code_runs_only_for_the_hash_in_the_settings(
    choose: Choose, tmp_path: Path, keras: str, suffix: str
) -> None:
    library = import_keras(keras)
    marker = tmp_path / "it ran"
    name = str(marker)
    code = library.layers.Lambda(
        lambda values: (__import__("pathlib").Path(name).touch(), values)[1],
        output_shape=(48, 48, 1),
    )
    path = save(build(library, first=code), tmp_path / f"a.{suffix}")
    marker.unlink(missing_ok=True)
    choose(path=path)
    with pytest.raises(WeightsError, match=r"expected plain layers.*found: Lambda.*If you trust"):
        load_emotion_classifier()
    assert not marker.exists()
    choose(sha256=hashlib.sha256(path.read_bytes()).hexdigest().upper())
    assert load_emotion_classifier()([plain_face(9)]).shape == (1, 7)
    assert marker.exists()


@pytest.mark.model
def test_a_keras_2_file_needs_tf_keras(
    choose: Choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    choose(path=write_hdf5(tmp_path / "a.h5", sequential(layer("Dense"))))
    with pytest.raises(SettingsError, match=r"expected tf_keras.*pip install"):
        load_emotion_classifier()


def convolve(library: Any) -> Any:
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((48, 48, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(4),
            layers.SeparableConv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dense(7, activation="softmax"),
        ]
    )
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(0, 0.1, each.shape) for each in model.get_weights()])
    return model


@pytest.mark.model
@pytest.mark.parametrize(("keras", "suffix"), [KINDS[0], KINDS[3]])
def test_a_face_does_not_depend_on_its_batch_mates(
    choose: Choose, tmp_path: Path, keras: str, suffix: str
) -> None:
    choose(path=save(convolve(import_keras(keras)), tmp_path / f"a.{suffix}"))
    assert_independent(load_emotion_classifier())


def assert_independent(classify: EmotionClassifier) -> None:
    faces = random_faces(4 * BATCH_SIZE + 3)
    together = classify(faces)
    for size in (1, 3, BATCH_SIZE, 64):
        parts = [classify(faces[start : start + size]) for start in range(0, len(faces), size)]
        np.testing.assert_array_equal(together, np.concatenate(parts))
    np.testing.assert_array_equal(together[::-1], classify(faces[::-1]))


@pytest.mark.model
def test_no_faces_give_no_rows(choose: Choose, tmp_path: Path) -> None:
    choose(path=save(build(import_keras("tf_keras")), tmp_path / "a.h5"))
    probabilities = load_emotion_classifier()([])
    assert probabilities.shape == (0, 7)
    assert probabilities.dtype == np.float32


# Published files.


@pytest.fixture(scope="module")
def labelled_faces(shared_data: Path) -> tuple[list[ImageRGB], list[str]]:
    """1,200 of the 3,589 faces of FER2013's PublicTest, and their labels."""
    with np.load(shared_data / "emotion" / "fer2013_training_publictest.npz") as arrays:
        chosen = np.random.default_rng(7).permutation(len(arrays["publictest_labels"]))[:1200]
        images = arrays["publictest_images"][chosen]
        labels = arrays["classes"][arrays["publictest_labels"][chosen]]
    return list(np.repeat(images[..., None], 3, axis=3)), labels.tolist()


@pytest.mark.thorough
@pytest.mark.model
@pytest.mark.parametrize(
    ("file", "scaling", "labels", "least", "most"),
    [
        (NOTEBOOK, "0-1", ",".join(EMOTION_LABELS), 0.33, 0.40),
        (NOTEBOOK, "0-255", ",".join(EMOTION_LABELS), 0.19, 0.27),
        (MINI_XCEPTION, "-1-1", MINI_XCEPTION_LABELS, 0.61, 0.69),
    ],
)
def test_a_published_model_reaches_its_known_accuracy(
    choose: Choose,
    shared_data: Path,
    labelled_faces: tuple[list[ImageRGB], list[str]],
    file: str,
    scaling: str,
    labels: str,
    least: float,
    most: float,
) -> None:
    faces, wanted = labelled_faces
    choose(path=shared_data / "models" / file, scaling=scaling, labels=labels)
    found = np.array(EMOTION_LABELS)[load_emotion_classifier()(faces).argmax(axis=1)]
    assert least < (found == wanted).mean() < most


@pytest.mark.thorough
@pytest.mark.model
@pytest.mark.parametrize("file", [NOTEBOOK, MINI_XCEPTION])
def test_a_face_does_not_depend_on_its_batch_mates_in_published_files(
    choose: Choose, shared_data: Path, file: str
) -> None:
    choose(path=shared_data / "models" / file)
    assert_independent(load_emotion_classifier())
