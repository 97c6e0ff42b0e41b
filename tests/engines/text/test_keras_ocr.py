"""keras-ocr: the same words as its own pipeline, in any batch, with weights trained on drawn words.

``training/keras_ocr`` describes these weights and their limits.
"""

import csv
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import luigi
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.words import count_words, score_words, split_words
from tests.conftest import EXAMPLES, ROOT, needs
from thumbnail_tasks.engines.interface import TextRecognizer, Word
from thumbnail_tasks.engines.text.crnn_words import Floats, crop_word, read_letters
from thumbnail_tasks.engines.text.keras_ocr import (
    ENGINE,
    configured_reading,
    fit_size,
    load_text_recognizer,
)
from thumbnail_tasks.engines.text.keras_ocr_networks import (
    import_keras_ocr,
    load_detector,
    load_recognizer,
    run_in_batches,
)
from thumbnail_tasks.engines.text.keras_ocr_weights import WeightsFile, published_weights
from thumbnail_tasks.engines.text.reading_order import level_boxes, order_lines
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

pytestmark = needs("tensorflow", "tf_keras", "keras_ocr")

DETECTOR = ROOT / "tests" / "weights" / "craft_drawn.h5"
RECOGNIZER = ROOT / "tests" / "weights" / "crnn_drawn.h5"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

with (EXAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
    EXPECTED = {row["video_id"]: row["words"] for row in csv.DictReader(file)}

Configure = Callable[..., None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Change [keras_ocr] until the end of the test."""
    config = luigi.configuration.get_config()

    def set_all(**values: object) -> None:
        for name, value in values.items():
            config.set("keras_ocr", name, str(value))

    yield set_all
    if config.has_section("keras_ocr"):
        config.remove_section("keras_ocr")


@pytest.fixture
def drawn(configure: Configure) -> Configure:
    """Use the weights trained on drawn words."""
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


def draw(*lines: str) -> ImageRGB:
    """A picture of 160×90 pixels, white words on blue."""
    image = Image.new("RGB", (160, 90), "#203060")
    for i, line in enumerate(lines):
        font = ImageFont.load_default(24)
        ImageDraw.Draw(image).text((10, 6 + 40 * i), line, "white", font)
    return np.asarray(image)


# Letters.

NOTHING, A, B = (0.1, 0.1, 0.8), (0.9, 0.1, 0), (0.2, 0.7, 0.1)


@pytest.mark.parametrize(
    ("steps", "text", "confidence"),
    [
        ([NOTHING], "", 0),
        ([A, A, A], "a", 0.9),
        ([A, NOTHING, A], "aa", 0.9),
        ([NOTHING, A, B, NOTHING], "ab", 0.8),
        ([(0.5, 0.1, 0.4), A, NOTHING], "a", 0.9),
    ],
)
def test_a_words_confidence_is_that_of_its_best_letters(
    steps: list[tuple[float, float, float]], text: str, confidence: float
) -> None:
    found, best = read_letters(np.array(steps, np.float32), "ab")
    assert found == text
    assert best == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("scale", "max_size", "expected"),
    [
        (2, 2048, ((960, 540), 2)),
        (2, 720, ((720, 405), 1.5)),
        (0.5, 2048, ((240, 135), 0.5)),
        (0.001, 2048, ((0, 0), 0.001)),
    ],
)
def test_a_picture_is_enlarged_but_not_beyond_the_largest_size(
    scale: float, max_size: int, expected: tuple[tuple[int, int], float]
) -> None:
    assert fit_size(480, 270, scale, max_size) == expected


@pytest.mark.parametrize("n_items", [0, 1, 3, 4, 7])
def test_all_batches_have_one_size(n_items: int) -> None:
    seen = []

    def network(batch: Floats) -> Floats:
        seen.append(batch.shape)
        return batch + 1

    items = [np.full((2, 5), i, np.float32) for i in range(n_items)]
    found = list(run_in_batches(network, iter(items), 3))
    assert [values[0, 0] for values in found] == [i + 1 for i in range(n_items)]
    assert set(seen) <= {(3, 2, 5)}


def test_tilted_lines_are_ordered_as_if_level() -> None:
    rise = np.array([[1, -0.3], [0.3, 1]])  # by 17°
    corners = np.array([(0, 0), (40, 0), (40, 20), (0, 20)])
    offsets = [(0, 0), (50, 0), (100, 0), (0, 26), (50, 26)]
    quads = [((corners + offset) @ rise).astype(np.float32) for offset in offsets]
    order = [3, 1, 4, 0, 2]
    found = order_lines(level_boxes([quads[i] for i in order]))
    assert [order[i] for i in found] == [0, 1, 2, 3, 4]
    assert level_boxes([]) == []


# Settings and weights.


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("detection_threshold", -0.1, "a number from 0 to 1"),
        ("text_threshold", 1.5, "a number from 0 to 1"),
        ("link_threshold", "nan", "a number from 0 to 1"),
        ("size_threshold", -1, "a whole number, 0 or more"),
        ("scale", 0, "a number above 0 and up to 100"),
        ("scale", "inf", "a number above 0 and up to 100"),
        ("max_size_px", 0, "a whole number, 1 or more"),
        ("alphabet", "", "at least one letter"),
    ],
)
def test_a_setting_out_of_range_is_reported(
    configure: Configure, name: str, value: object, expected: str
) -> None:
    configure(**{name: value})
    with pytest.raises(SettingsError, match=rf"\[keras_ocr\] {name}: expected {expected}; found: "):
        ENGINE.about()


def test_both_files_are_needed_and_are_in_the_cache_of_keras_ocr(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ENGINE.name() == "keras-ocr-0.9.3"
    detector, recognizer = ENGINE.weights()
    assert (detector.name, recognizer.name) == ("keras-ocr-detector", "keras-ocr-recognizer")
    assert detector.path == cache / "craft_mlt_25k.h5"
    assert recognizer.path == cache / "crnn_kurapan.h5"
    assert (detector.n_bytes, recognizer.n_bytes) == (83_312_696, 35_260_072)
    assert all(weights.url.endswith(weights.path.name) for weights in (detector, recognizer))
    assert detector.instead == recognizer.instead == "[engines] text = rapidocr"
    monkeypatch.delenv("KERAS_OCR_CACHE_DIR")
    assert ENGINE.weights()[0].path == Path.home() / ".keras-ocr" / "craft_mlt_25k.h5"


def test_a_users_own_file_is_not_fetched_and_is_in_the_tag(
    cache: Path, configure: Configure
) -> None:
    published = ENGINE.about()
    assert published["detector"] == ENGINE.weights()[0].sha256
    mine = cache / "mine.h5"
    mine.write_bytes(b"weights")
    configure(detector_weights=mine)
    assert [weights.name for weights in ENGINE.weights()] == ["keras-ocr-recognizer"]
    changed = {"detector": hashlib.sha256(b"weights").hexdigest()}
    assert ENGINE.about() == {**published, **changed}


def test_settings_that_change_the_output_change_the_tag(configure: Configure) -> None:
    seen = [ENGINE.about()]
    for name, value in (("scale", 1), ("max_size_px", 99), ("link_threshold", 0.5)):
        configure(**{name: value})
        assert ENGINE.about() not in seen
        seen.append(ENGINE.about())


def test_a_missing_file_of_a_setting_is_reported(configure: Configure) -> None:
    configure(recognizer_weights="nowhere/mine.h5")
    with pytest.raises(
        WeightsError, match=r"nowhere/mine\.h5: expected .* found: No such file.*recognizer_weights"
    ):
        ENGINE.about()


def test_missing_weights_are_reported_with_the_remedy(cache: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        load_text_recognizer()
    message = str(caught.value)
    detector, _ = ENGINE.weights()
    for part in (cache, detector.url, detector.sha256, "No such file", "[engines] text = rapidocr"):
        assert str(part) in message
    assert "luigi --module thumbnail_tasks FetchWeights" in message
    assert "\n" not in message


def test_weights_with_another_checksum_are_refused_before_they_are_loaded(cache: Path) -> None:
    (cache / "craft_mlt_25k.h5").write_bytes(b"something else")
    with pytest.raises(
        WeightsError, match=r"craft_mlt_25k\.h5: expected SHA-256 7283.*found: f41f"
    ):
        load_text_recognizer()


def test_an_alphabet_that_does_not_fit_is_refused(drawn: Configure) -> None:
    drawn(alphabet="abc")
    reading = configured_reading()
    with pytest.raises(WeightsError, match=r"crnn_drawn\.h5: expected 4 classes.*found: 37\."):
        load_recognizer(reading.recognizer, reading.alphabet)


@pytest.mark.model
@pytest.mark.parametrize(
    ("make", "found"),
    [
        (RECOGNIZER.read_bytes, "Model expected 47 layers, found 17"),
        (lambda: b"no HDF5 at all", "file signature not found"),
        (lambda: DETECTOR.read_bytes()[:500_000], "truncated file"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(
    tmp_path: Path, make: Callable[[], bytes], found: str
) -> None:
    path = tmp_path / "mine.h5"
    path.write_bytes(make())
    file = WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest(), "Fix it.")
    with pytest.raises(
        WeightsError, match=rf"mine\.h5: expected weights .*{found}.*Fix it\.$"
    ) as caught:
        load_detector(file)
    assert "\n" not in str(caught.value)


# The networks.


@pytest.fixture(scope="module")
def recognize() -> TextRecognizer:
    config = luigi.configuration.get_config()
    config.set("keras_ocr", "detector_weights", str(DETECTOR))
    config.set("keras_ocr", "recognizer_weights", str(RECOGNIZER))
    try:
        return load_text_recognizer()
    finally:
        config.remove_section("keras_ocr")


@pytest.fixture(scope="module")
def keras_ocr() -> ModuleType:
    return import_keras_ocr()


@pytest.fixture(scope="module")
def parts(keras_ocr: ModuleType) -> tuple[Any, Any]:
    """keras-ocr's own detector and recogniser with the same weights."""
    detector = keras_ocr.detection.Detector(weights=None)
    detector.model.load_weights(str(DETECTOR))
    recognizer = keras_ocr.recognition.Recognizer(alphabet=ALPHABET, weights=None)
    recognizer.model.load_weights(str(RECOGNIZER))
    return detector, recognizer


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize(
    ("video_id", "changes"),
    [
        ("sample00002", {}),
        ("sample00012", {"scale": 1.0}),
        ("sample00016", {"max_size_px": 333}),
        ("sample00004", {"scale": 1.0, "detection_threshold": 0.4, "text_threshold": 0.2}),
        ("sample00001", {"scale": 0.7, "link_threshold": 0.9, "size_threshold": 40}),
    ],
)
def test_words_and_boxes_equal_those_of_keras_ocr(
    parts: tuple[Any, Any],
    keras_ocr: ModuleType,
    drawn: Configure,
    video_id: str,
    changes: dict[str, float],
) -> None:
    drawn(**changes)
    picture = read(video_id)
    height, width = picture.shape[:2]
    pipeline = keras_ocr.pipeline.Pipeline(
        *parts, scale=changes.pop("scale", 2.0), max_size=changes.pop("max_size_px", 2048)
    )
    (theirs,) = pipeline.recognize([picture], {"verbose": 0, **changes}, {"verbose": 0})
    wanted = []
    for text, quad in theirs:
        inside = np.clip(quad, 0, (width, height))
        if text:
            wanted.append((text, (*inside.min(axis=0).tolist(), *inside.max(axis=0).tolist())))
    (ours,) = load_text_recognizer()([picture])
    assert sorted((word.text, word.box_xyxy) for word in ours) == sorted(wanted)
    assert ours


@pytest.mark.model
def test_a_word_is_cropped_as_keras_ocr_does(keras_ocr: ModuleType) -> None:
    rng = np.random.default_rng(3)
    gray = rng.integers(0, 256, (120, 200), np.uint8)
    for _ in range(50):
        middle, angle = rng.uniform(0, (200, 120)), rng.uniform(-1.5, 1.5)
        along = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(2, 90)
        across = np.array([-np.sin(angle), np.cos(angle)]) * rng.uniform(2, 40)
        corners = [-along - across, along - across, along + across, across - along]
        quad = (middle + corners).astype(np.float32)
        wanted = keras_ocr.tools.warpBox(gray, quad, target_height=31, target_width=200)
        found = crop_word(keras_ocr.tools, gray, quad)
        np.testing.assert_array_equal(found[..., 0], wanted.astype(np.float32) / 255)


@pytest.mark.model
@pytest.mark.parametrize(("width", "height"), [(0, 0), (40, 0), (0, 40), (190, 0.6), (0.2, 0.2)])
def test_a_word_without_height_is_cropped(
    keras_ocr: ModuleType, width: float, height: float
) -> None:
    quad = np.array([[5, 5], [5 + width, 5], [5 + width, 5 + height], [5, 5 + height]], np.float32)
    crop = crop_word(keras_ocr.tools, np.full((60, 200), 255, np.uint8), quad)
    assert crop.shape == (31, 200, 1)
    assert 0 <= crop.min() <= crop.max() <= 1


@pytest.mark.slow
@pytest.mark.model
def test_words_do_not_depend_on_batch_mates(recognize: TextRecognizer) -> None:
    pictures = [draw("Zorbix 42", "quiz"), draw("NIGHT"), draw(), draw("Day 1", "of 100")]
    alone = [recognize([picture])[0] for picture in pictures]
    assert sum(map(len, alone)) >= 3
    assert recognize(pictures) == alone
    assert recognize(pictures[::-1]) == alone[::-1]
    assert recognize(pictures[:2]) + recognize(pictures[2:]) == alone


@pytest.mark.model
def test_a_batch_padded_with_blanks_gives_the_same_scores_as_a_full_one(drawn: Configure) -> None:
    score = load_detector(configured_reading().detector)
    rng = np.random.default_rng(4)
    pictures = [rng.normal(0, 1, (64, 96, 3)).astype(np.float32) for _ in range(4)]
    together = list(run_in_batches(score, pictures, 3))
    for picture, maps in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(next(run_in_batches(score, [picture], 3)), maps)


@pytest.mark.model
def test_words_have_boxes_within_the_picture_and_a_confidence(recognize: TextRecognizer) -> None:
    (words,) = recognize([draw("HELLO", "WORLD")])
    assert len(words) == 2
    for word, top in zip(words, (0, 40), strict=True):
        assert 0 < word.confidence <= 1
        x_min, y_min, x_max, y_max = word.box_xyxy
        assert 0 <= x_min < 20 < 70 < x_max <= 160
        assert top <= y_min < y_max <= top + 50


@pytest.mark.thorough
@pytest.mark.model
def test_no_pictures_give_no_lists(recognize: TextRecognizer) -> None:
    assert recognize([]) == []


@pytest.mark.model
@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (7, 30), (8, 8), (9, 33), (16, 300)])
def test_pictures_of_any_shape_are_read(recognize: TextRecognizer, shape: tuple[int, int]) -> None:
    assert recognize([np.full((*shape, 3), 128, np.uint8)] * 2) == [[], []]


# Other users of TensorFlow in the same process.

KERAS_OCR = f"""
from thumbnail_tasks.engines.text.keras_ocr import load_text_recognizer
luigi.configuration.get_config().set("keras_ocr", "detector_weights", {str(DETECTOR)!r})
luigi.configuration.get_config().set("keras_ocr", "recognizer_weights", {str(RECOGNIZER)!r})
load_text_recognizer()([np.zeros((20, 30, 3), np.uint8)])
"""
KERAS_3 = "import tensorflow as tf; tf.keras.Model"


def run_python(*parts: str) -> str:
    """The output of a new process."""
    code = "\n".join(["import luigi", "import numpy as np", *parts])
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    return finished.stdout + finished.stderr


@pytest.mark.thorough
@pytest.mark.model
def test_tensorflow_is_loaded_without_output() -> None:
    assert run_python(KERAS_OCR) == ""


@pytest.mark.thorough
@pytest.mark.model
def test_an_imported_keras_3_is_reported() -> None:
    assert "found: Keras 3, already in use" in run_python(KERAS_3, KERAS_OCR)


# Accuracy.


def read_words(video_ids: Sequence[str], recognize: TextRecognizer) -> dict[str, list[Word]]:
    """The words on pictures of the sample, in batches of one size."""
    pictures = {video_id: read(video_id) for video_id in video_ids}
    found: dict[str, list[Word]] = {}
    for shape in {picture.shape for picture in pictures.values()}:
        batch = {video_id: one for video_id, one in pictures.items() if one.shape == shape}
        found.update(zip(batch, recognize(list(batch.values())), strict=True))
    return found


def measure_recall(found: dict[str, list[Word]]) -> float:
    counts = [
        count_words(EXPECTED[video_id], "", " ".join(word.text or "" for word in words))
        for video_id, words in found.items()
    ]
    return score_words(counts).recall


@pytest.mark.slow
@pytest.mark.model
def test_clean_titles_are_read_in_order(recognize: TextRecognizer) -> None:
    found = read_words(("sample00007", "_sample0009", "sample00015"), recognize)
    assert measure_recall(found) > 0.75  # was 1
    for video_id, words in found.items():
        wanted = split_words(EXPECTED[video_id])
        positions = [wanted.index(word.text) for word in words if word.text in wanted]
        assert positions == sorted(positions)


@pytest.mark.slow
@pytest.mark.model
def test_some_of_the_samples_words_are_read_without_enlarging(drawn: Configure) -> None:
    drawn(scale=1.0)
    with_words = [video_id for video_id, words in EXPECTED.items() if words]
    assert measure_recall(read_words(with_words, load_text_recognizer())) > 0.35  # was 0.50


@pytest.mark.model
@pytest.mark.skipif(
    not all(weights.path.exists() for weights in published_weights().values()),
    reason="no published weights; `luigi --module thumbnail_tasks FetchWeights` fetches them",
)
def test_keras_ocrs_own_weights_read_a_clean_title() -> None:
    (words,) = load_text_recognizer()([read("sample00007")])
    assert [word.text for word in words] == ["24", "hours", "alone", "in", "the", "city"]
    assert min(word.confidence for word in words) > 0.5
