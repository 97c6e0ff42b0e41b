"""FetchWeights: which models, their folders, and the output."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import luigi
import pytest

from tests.conftest import Server
from tests.ranges import ServedFile
from thumbnail_tasks import FetchWeights, settings
from thumbnail_tasks.engines.interface import Weights
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.network import resumable_download
from thumbnail_tasks.tasks import fetch_weights
from thumbnail_tasks.tasks.fetch_weights import known_weights

MODEL = b"0123456789" * 200_000


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable_download, "_BACKOFF_S", 0.001)


@pytest.fixture
def config() -> Iterator[luigi.configuration.LuigiConfigParser]:
    config = luigi.configuration.get_config()
    yield config
    for section in ("tensorflow_hub", "keras_ocr"):
        config.remove_section(section)


@pytest.fixture
def two(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> list[Weights]:
    """Two models instead of the known ones; their server does not have them yet."""
    sha256, instead = hashlib.sha256(MODEL).hexdigest(), "[engines] text = rapidocr"
    both = [
        Weights(name, f"{server.url}/{name}.h5", tmp_path / f"{name}.h5", sha256, None, instead)
        for name in ("first", "second")
    ]
    known = {weights.name: weights for weights in both}
    monkeypatch.setattr(fetch_weights, "known_weights", lambda: known)
    return both


def serve(server: Server, name: str) -> None:
    server.lay_down(f"/{name}.h5", ServedFile(MODEL).answer)


def test_the_help_names_all_weights() -> None:
    assert known_weights()
    for name in known_weights():
        assert name in dict(FetchWeights.get_params())["weights"].description


def test_a_model_says_how_to_bring_it_by_hand() -> None:
    for weights in known_weights().values():
        assert weights.url.startswith("https://")
        assert weights.path.is_absolute()
        stage, engine = weights.instead.removeprefix("[engines] ").split(" = ")
        assert engine == settings.PRESETS["embedded"][stage]


def test_the_folders_are_those_of_keras_ocr_and_tf_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_OCR_CACHE_DIR", "/ocr")
    monkeypatch.setenv("TFHUB_CACHE_DIR", "/hub")
    assert {name: str(weights.path) for name, weights in known_weights().items()} == {
        "keras-ocr-detector": "/ocr/craft_mlt_25k.h5",
        "keras-ocr-recognizer": "/ocr/crnn_kurapan.h5",
        "tensorflow-hub-encoder": "/hub/063d866c06683311b44b4992fd46003be952409c",
    }


def test_weights_replaced_by_a_file_in_the_settings_are_not_fetched(
    config: luigi.configuration.LuigiConfigParser,
) -> None:
    config.set("tensorflow_hub", "handle", "models/encoder")
    config.set("keras_ocr", "detector_weights", "detector.h5")
    assert list(known_weights()) == ["keras-ocr-recognizer"]


def test_an_unknown_name_is_reported_with_the_known_ones(two: list[Weights]) -> None:
    task = FetchWeights(weights="first,third")
    assert not task.complete()
    with pytest.raises(SettingsError, match="first, second, rapidocr-v5; found: 'third'"):
        task.run()


def test_an_invalid_hash_is_reported(config: luigi.configuration.LuigiConfigParser) -> None:
    config.set("tensorflow_hub", "sha256", "abc")
    task = FetchWeights()
    assert not task.complete()
    with pytest.raises(SettingsError, match="sha256: expected 64 hexadecimal digits"):
        task.run()


def test_without_a_name_all_are_fetched(server: Server, two: list[Weights]) -> None:
    serve(server, "first")
    serve(server, "second")
    task = FetchWeights()
    assert not task.complete()
    task.run()
    assert task.complete()
    assert [weights.path.read_bytes() == MODEL for weights in two] == [True, True]


@pytest.mark.parametrize("names", ["second", " second , "])
def test_only_the_named_are_fetched(server: Server, two: list[Weights], names: str) -> None:
    serve(server, "second")
    FetchWeights(weights=names).run()
    assert FetchWeights(weights=names).complete()
    assert not two[0].path.exists()


def test_a_failed_download_does_not_stop_the_others(server: Server, two: list[Weights]) -> None:
    serve(server, "second")
    with pytest.raises(WeightsError, match=r"^first: first\.h5 cannot be fetched.*HTTP 404"):
        FetchWeights().run()
    assert two[1].path.exists()
    assert not FetchWeights().complete()


def test_each_failed_download_has_its_line(two: list[Weights]) -> None:
    with pytest.raises(WeightsError, match=r"^first: .*\nsecond: [^\n]*$"):
        FetchWeights().run()


def test_another_file_at_its_path_is_not_complete(two: list[Weights]) -> None:
    two[0].path.write_bytes(b"something else")
    assert not FetchWeights(weights="first").complete()


def test_the_terminal_shows_progress(
    server: Server,
    two: list[Weights],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetch_weights, "SECONDS_BETWEEN_LINES", 0.0)
    serve(server, "first")
    FetchWeights(weights="first").run()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("FetchWeights       first.h5 0/2 MB (0.0 MB/s)")
    assert lines[-2].startswith("FetchWeights       first.h5 2/2 MB (")
    assert lines[-1] == f"FetchWeights       first is at {two[0].path}"


def test_luigis_page_shows_progress(server: Server, two: list[Weights]) -> None:
    shares: list[int] = []
    task = FetchWeights()
    task.set_status_message = lambda message: None
    task.set_progress_percentage = shares.append
    serve(server, "first")
    serve(server, "second")
    task.run()
    assert shares == sorted(shares)
    assert {50, 100} <= set(shares)
