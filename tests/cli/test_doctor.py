"""``thumbnail-tasks doctor`` says which engines can run here."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import luigi
import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks.cli import doctor
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.stages import faces, objects, words


def fail() -> None:
    raise WeightsError("model.onnx: cannot be read")


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[luigi.configuration.LuigiConfigParser]:
    """Engines that load at once; the one called ``broken`` does not."""
    works = Engine(load=lambda: None, name=lambda: "works-1", about=dict)
    broken = Engine(load=fail, name=lambda: "broken-1", about=dict)
    monkeypatch.setattr(words, "RECOGNIZERS", {"works": works, "broken": broken})
    monkeypatch.setattr(faces, "DETECTORS", {"works": works, "broken": broken})
    config = luigi.configuration.get_config()
    config.set("engines", "text", "works")
    config.set("engines", "faces", "works")
    yield config
    config.remove_option("engines", "text")
    config.remove_option("engines", "faces")


def examine_with(data_dir: Path) -> int:
    """The exit code with this data directory."""
    with CmdlineParser.global_instance(["CleanUp", "--data-dir", str(data_dir)]):
        return doctor.examine()


def lines(capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The printed line of each check, by its name."""
    printed = capfd.readouterr().out.splitlines()
    return {line[8:20].strip(): f"{line[:8].strip()} {line[20:]}" for line in printed}


def test_each_check_is_one_line_and_the_exit_code_is_zero_if_all_is_well(
    engines: object, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert examine_with(tmp_path / "new") == 0
    found = lines(capfd)
    assert found["text"].startswith("ok works (works-1) on CPU")
    assert found["GPUs"] == "ok none chosen, none needed"
    assert f"{tmp_path}/new, will be created" in found["results"]
    assert "luigi 3.8" in found["versions"]


def test_the_detector_of_objects_is_checked_only_if_it_is_used(
    engines: luigi.configuration.LuigiConfigParser,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = Engine(load=fail, name=lambda: "broken-1", about=dict)
    monkeypatch.setattr(objects, "DETECTORS", {"nanodet": broken})
    assert examine_with(tmp_path) == 0
    assert "objects" not in lines(capfd)
    engines.set("objects", "detect", "true")
    try:
        assert examine_with(tmp_path) == 1
    finally:
        engines.remove_section("objects")
    assert lines(capfd)["objects"] == "FAILED model.onnx: cannot be read"


def test_an_engine_that_cannot_be_loaded_gives_exit_code_1_and_the_other_checks_go_on(
    engines: luigi.configuration.LuigiConfigParser,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    engines.set("engines", "text", "broken")
    assert examine_with(tmp_path) == 1
    found = lines(capfd)
    assert found["text"] == "FAILED model.onnx: cannot be read"
    assert found["faces"].startswith("ok")


def test_an_unknown_engine_and_quality_are_named(
    engines: luigi.configuration.LuigiConfigParser,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines.set("engines", "faces", "nobody")
    monkeypatch.setattr(doctor.settings, "thumbnails", lambda: type("T", (), {"quality": "big"}))
    assert examine_with(tmp_path) == 1
    found = lines(capfd)
    assert found["settings"].startswith("FAILED [thumbnails] quality: expected one of")
    assert found["faces"].startswith("FAILED [engines] faces: expected one of")
    assert found["picture"].startswith("FAILED [thumbnails] quality: expected one of")


def test_a_folder_that_cannot_be_written_is_named(
    engines: object, capfd: pytest.CaptureFixture[str]
) -> None:
    assert examine_with(Path("/proc/nowhere")) == 1
    assert lines(capfd)["results"].startswith("FAILED")


def test_a_reader_that_ends_early_gives_no_stack_trace(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("thumbnail-tasks")), "doctor"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()
