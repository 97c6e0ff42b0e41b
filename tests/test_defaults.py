"""Luigi's settings that this package sets unless the user does."""

import sys
from pathlib import Path

import luigi
import pytest
from luigi.configuration import LuigiConfigParser
from luigi.task_register import Register

from thumbnail_tasks.defaults import DEFAULTS, set_defaults


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> LuigiConfigParser:
    """Settings of a user who has set nothing, in a process without flags."""
    empty = LuigiConfigParser()
    monkeypatch.setattr(luigi.configuration, "get_config", lambda: empty)
    monkeypatch.setattr(sys, "argv", ["luigi", "--module", "thumbnail_tasks", "ExportAttributes"])
    return empty


def test_every_default_is_set(config: LuigiConfigParser) -> None:
    set_defaults()
    for section, values in DEFAULTS.items():
        for name, value in values.items():
            assert config.get(section, name) == str(value)


def test_every_default_is_a_setting_of_luigi() -> None:
    for section, values in DEFAULTS.items():
        if section != "resources":
            known = [name for name, _ in Register.get_task_cls(section).get_params()]
            assert set(values) <= set(known), section


@pytest.mark.parametrize("name", ["task_failed", "task-failed"])
def test_the_users_own_settings_win_one_by_one(config: LuigiConfigParser, name: str) -> None:
    config.set("retcode", name, "3")
    set_defaults()
    assert config.get("retcode", "task_failed") == "3"
    assert config.get("retcode", "not_run") == "40"


@pytest.mark.parametrize("name", ["scheduler_url", "scheduler_host", "scheduler_port"])
def test_a_luigid_in_the_settings_is_used(config: LuigiConfigParser, name: str) -> None:
    config.set("core", name, "8082")
    set_defaults()
    assert not config.has_option("core", "local_scheduler")


@pytest.mark.parametrize("flag", ["--scheduler-url=http://h:1/", "--core-scheduler-host"])
def test_a_luigid_on_the_command_line_is_used(
    config: LuigiConfigParser, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [*sys.argv, flag])
    set_defaults()
    assert not config.has_option("core", "local_scheduler")


def test_settings_in_a_toml_file_win_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toml = luigi.configuration.LuigiTomlParser()
    toml.data = {"resources": {"gpu": 2}}
    monkeypatch.setattr(luigi.configuration, "get_config", lambda: toml)
    set_defaults()
    assert toml.getintdict("resources") == {"gpu": 2, "download": 1}
    assert toml.getint("retcode", "task_failed") == 30
