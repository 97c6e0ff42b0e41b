"""The engine rapidocr-v5; PP-OCRv6 replaces its models, because tests have no network."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import luigi
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.conftest import Answer, Server
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.engines.text import ppocr, ppocr_v5, rapidocr
from thumbnail_tasks.engines.text.line_features import LineTensors
from thumbnail_tasks.engines.text.ppocr_v5 import load_reader, make_reader, reverse_runs
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.tasks.fetch_weights import FetchWeights

STAND_IN = ppocr.find_model(ppocr.RECOGNIZER)


@pytest.fixture
def models_dir(tmp_path: Path) -> Iterator[Path]:
    config = luigi.configuration.get_config()
    config.set("text", "models_dir", str(tmp_path))
    yield tmp_path
    config.remove_option("text", "models_dir")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, models_dir: Path) -> dict[str, dict[str, str]]:
    table = {name: dict(about) for name, about in ppocr_v5._read_table().items()}
    for name in ppocr_v5.MODELS.values():
        table[name]["SHA256"] = digest_file(STAND_IN)
    monkeypatch.setattr(ppocr_v5, "_read_table", lambda: table)
    return table


def draw_line(text: str) -> ImageRGB:
    picture = Image.new("RGB", (40 * len(text), 64), "white")
    ImageDraw.Draw(picture).text((10, 4), text, "black", ImageFont.load_default(48))
    return np.asarray(picture)


NOTHING = np.zeros((1, 1, 1, 1), np.float32)
NO_TENSORS = LineTensors(NOTHING, NOTHING, NOTHING, 1)


def test_every_model_is_in_the_table_of_the_wheel() -> None:
    published = ppocr_v5.published_weights()
    assert list(published) == list(ppocr_v5.MODELS)
    for weights in published.values():
        assert weights.url.startswith("https://")
        assert weights.url.endswith(f"{weights.path.name}")
        assert len(weights.sha256 or "") == 64
    assert set(ppocr_v5.MODELS) < set(ppocr_v5.ENGINE.scripts)


@pytest.mark.parametrize(
    ("stands", "read"),
    [
        ("", ""),
        ("םולש", "שלום"),
        ("ملاع ابحرم", "مرحبا عالم"),
        ("2024 ماع", "عام 2024"),
        ("لعت ReactJS", "ReactJS تعل"),
    ],
)
def test_what_stands_from_the_right_is_read_from_there(stands: str, read: str) -> None:
    assert "".join(reverse_runs(stands, stands)) == read


def test_a_model_that_is_not_fetched_is_named(models_dir: Path) -> None:
    with pytest.raises(WeightsError, match=r"korean_PP-OCRv5.*found no file.*\[engines\] text"):
        load_reader("Hangul")
    (models_dir / "korean_PP-OCRv5_rec_mobile.onnx").write_bytes(b"other")
    with pytest.raises(WeightsError, match="found another file"):
        load_reader("Hangul")


def test_hebrew_keeps_its_embedded_reader(models_dir: Path) -> None:
    line = np.full((64, 200, 3), 255, np.uint8)
    if "Hebrew" in rapidocr.SCRIPTS:
        assert load_reader("Hebrew")(line, NO_TENSORS) == []


@pytest.mark.model
def test_a_line_is_read_in_the_direction_of_its_script() -> None:
    recognizer = open_session(str(STAND_IN))
    line = draw_line("HELLO WORLD")
    words = make_reader(recognizer, "Hangul")(line, NO_TENSORS)
    assert [word.text for word in words] == ["HELLO", "WORLD"]
    assert 0 <= words[0].start < words[0].end < words[1].start < words[1].end <= 1
    assert make_reader(recognizer, "Arabic")(line, NO_TENSORS) == words  # a run of Latin words


@pytest.mark.model
def test_models_are_fetched_once_and_then_read_with(
    server: Server, stand_in: dict[str, dict[str, str]], models_dir: Path
) -> None:
    content = STAND_IN.read_bytes()
    for name in ppocr_v5.MODELS.values():
        stand_in[name]["model_dir"] = server.lay_down(f"/{name}.onnx", Answer(body=content))
    task = FetchWeights(weights="korean_PP-OCRv5_rec_mobile")
    assert not task.complete()
    task.run()
    assert task.complete()
    words = load_reader("Hangul")(draw_line("HELLO"), NO_TENSORS)
    assert [word.text for word in words] == ["HELLO"]


@pytest.mark.model
def test_pictures_are_read_with_fetched_models(stand_in: object, models_dir: Path) -> None:
    for name in ppocr_v5.MODELS.values():
        shutil.copy(STAND_IN, models_dir / f"{name}.onnx")
    picture = np.full((360, 480, 3), 255, np.uint8)
    picture[100:164, 20 : 20 + 40 * 5] = draw_line("HELLO")
    (words,) = ppocr_v5.load_text_recognizer()([picture])
    assert [word.text for word in words] == ["HELLO"]


def test_fetch_weights_takes_the_engines_name(models_dir: Path) -> None:
    names = [weights.name for weights in FetchWeights(weights="rapidocr-v5").selected_weights()]
    assert names == list(ppocr_v5.MODELS.values())
    by_default = {weights.name for weights in FetchWeights().selected_weights()}
    assert not by_default & set(names)
