"""Flags and settings are parsed as ``luigi_parsing`` promises, with this version of Luigi."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.cmdline_parser import CmdlineParser

from tests.test_luigi_patches import CHANGED
from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.luigi_parsing import PathParameter


def parse(*words: str) -> luigi.Task:
    with CmdlineParser.global_instance(list(words), allow_override=True) as parser:
        task: luigi.Task = parser.get_task_obj()
        return task


@pytest.mark.parametrize("flag", ["--data-dir", "--storage-data-dir"])
def test_both_flags_of_the_data_directory_are_one(flag: str) -> None:
    with CmdlineParser.global_instance(["CleanUp", flag, "here"], allow_override=True) as parser:
        assert settings.storage().data_dir == "here", f"{CHANGED}flags have another destination"
        assert parser.get_task_obj().data_dir == "here"


def test_the_last_of_both_flags_of_the_data_directory_counts() -> None:
    task: Any = parse("CleanUp", "--data-dir", "first", "--storage-data-dir", "last")
    assert task.data_dir == "last"


def test_an_unknown_task_is_one_line_with_the_most_similar_one() -> None:
    with pytest.raises(SystemExit, match=r"^ERROR: no task CleanUpp\. Did you mean CleanUp\?$"):
        parse("CleanUpp")


def test_an_unknown_flag_is_one_line_with_the_most_similar_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse("CleanUp", "--dry-rum")
    assert capfd.readouterr().err == (
        "ERROR: unrecognized arguments: --dry-rum. Did you mean --dry-run? "
        "All flags: luigi --module … CleanUp --help\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--plan-number", "two"], "--plan-number: expected a whole number; found: 'two'"),
        (["--videos-format", "xls"], "--videos-format: expected one of auto, csv, json, parquet"),
        (["--ExportAttributes-plan-number", "x"], "--ExportAttributes-plan-number: expected a who"),
    ],
)
def test_a_value_that_cannot_be_parsed_is_named(words: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=f"^{message}"):
        parse("ExportAttributes", *words)


def test_a_setting_that_cannot_be_parsed_is_named() -> None:
    config = luigi.configuration.get_config()
    config.set("night", "keep", "many")
    try:
        with pytest.raises(
            SettingsError, match=r"^\[night\] keep: expected a whole number, 1 or more; found"
        ):
            settings.night()
    finally:
        config.remove_option("night", "keep")


def test_a_missing_value_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^SearchTexts: --query is required$"):
        parse("SearchTexts")


Setter = Callable[[str, str, str], None]


@pytest.fixture
def set_config(tmp_path: Path) -> Iterator[Setter]:
    """Sets an option as a luigi.cfg does."""
    config = luigi.configuration.get_config()
    sections = []

    def set_config(section: str, name: str, value: str) -> None:
        path = tmp_path / "luigi.cfg"
        path.write_text(f"[{section}]\n{name} = {value}\n")
        sections.append((section, name))
        config.read([str(path)])

    yield set_config
    for section, name in sections:
        config.remove_option(section, name)


@pytest.mark.parametrize(
    "value",
    [
        "https://example.org/a%2Fb",
        "https://example.org/?q=100%",
        "%",
        "% %x %",
        "a%%2F%b",
    ],
)
def test_a_percent_sign_is_taken_as_it_is(set_config: Setter, value: str) -> None:
    set_config("messages", "webhook_url", value)
    assert settings.messages().webhook_url == value, f"{CHANGED}interpolation is elsewhere"
    set_config("thumbnails", "user_agent", value)
    assert settings.thumbnails().user_agent == value


def test_a_percent_sign_of_an_environment_variable_is_taken_as_it_is(
    set_config: Setter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK", "https://example.org/a%2Fb%(c)s")
    set_config("messages", "webhook_url", "${WEBHOOK}")
    assert settings.messages().webhook_url == "https://example.org/a%2Fb%(c)s"


def test_a_doubled_percent_sign_and_references_mean_the_same_as_before(set_config: Setter) -> None:
    set_config("messages", "webhook_url", "https://example.org/%(webhook_timeout_s)s%%2F")
    set_config("messages", "webhook_timeout_s", "3")
    assert settings.messages().webhook_url == "https://example.org/3%2F"


def test_a_reference_to_a_missing_setting_is_named(set_config: Setter) -> None:
    set_config("messages", "webhook_url", "https://example.org/%(password)s")
    with pytest.raises(SettingsError, match=r"^\[messages\] webhook_url: .*password"):
        settings.messages()


def test_a_tilde_is_the_home_folder_in_every_path(
    set_config: Setter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/her")
    set_config("storage", "data_dir", "~/thumbs")
    assert settings.storage().data_dir == "/home/her/thumbs"
    assert parse("CleanUp").data_dir == "/home/her/thumbs"  # type: ignore[attr-defined]
    task: Any = parse(
        "ExportAttributes", "--videos", "~/a.csv, ~/b.csv,c~.csv", "--images-dir", "~"
    )
    assert task.videos == "/home/her/a.csv,/home/her/b.csv,c~.csv"
    assert task.images_dir == "/home/her"


@pytest.mark.parametrize("path", ["", "a/~b", "~nobody-of-this-name/x", "a~", "./~"])
def test_other_tildes_are_names(path: str) -> None:
    assert PathParameter().normalize(path) == path
