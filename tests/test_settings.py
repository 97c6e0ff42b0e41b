"""Old names of settings, misspelled ones, and values with which nothing can be done."""

from collections.abc import Iterator
from typing import Any

import luigi
import luigi.worker
import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks import ExportAttributes, settings
from thumbnail_tasks.errors import SettingsError


@pytest.fixture(autouse=True)
def forget_warnings() -> Iterator[None]:
    """Each test gets the warning once, as each process does."""
    settings._warn_of_old_name.cache_clear()
    yield
    settings._warn_of_old_name.cache_clear()


@pytest.mark.parametrize(
    ("section", "old", "new", "value"),
    [("thumbnails", "stop_share", "max_failure_rate", 0.25), ("gpus", "cards", "devices", "0,1")],
)
def test_an_old_name_in_luigi_cfg_sets_the_new_one_with_one_warning(
    section: str, old: str, new: str, value: object, capfd: pytest.CaptureFixture[str]
) -> None:
    config = luigi.configuration.get_config()
    config.set(section, old, str(value))
    try:
        for _ in range(2):
            assert getattr(getattr(settings, section)(), new) == value
        assert settings.effective_settings()[f"{section}.{new}"] == str(value)
    finally:
        config.remove_section(section)
    warning = f"WARNING: [{section}] {old} is now called {new}; the old name still works\n"
    assert capfd.readouterr().err == warning


@pytest.mark.parametrize(
    ("flag", "section", "new", "value"),
    [
        ("--thumbnails-stop-share", "thumbnails", "max_failure_rate", 1.0),
        ("--gpus-cards", "gpus", "devices", "auto"),
    ],
)
def test_an_old_flag_sets_the_new_setting(
    flag: str, section: str, new: str, value: object, capfd: pytest.CaptureFixture[str]
) -> None:
    with CmdlineParser.global_instance(["ExportAttributes", flag, str(value)]):
        assert getattr(getattr(settings, section)(), new) == value
    assert capfd.readouterr().err.count("the old name still works") == 1


@pytest.fixture
def config() -> Iterator[Any]:
    """The settings in effect, as they were before the test afterwards."""
    config = luigi.configuration.get_config()
    before = {section: dict(config[section]) for section in config.sections()}
    yield config
    for section in config.sections():
        config.remove_section(section)
    for section, values in before.items():
        for name, value in values.items():
            config.set(section, name, value)


def test_misspelled_settings_are_named_and_those_of_others_are_not(config: Any) -> None:
    for section, name in (
        *(("thumbnail", "quality"), ("hdfs", "client"), ("core", "worker"), ("s3", "host")),
        *(("thumbnails", "qality"), ("thumbnails", "stop-after"), ("gpus", "cards")),
        *(("resources", "gup"), ("resources", "licences"), ("night", "xyz")),
    ):
        config.set(section, name, "1")
    assert settings.describe_misspelled() == [
        "[thumbnail] is ignored: there is no such section. Did you mean thumbnails?",
        "[night] xyz is ignored: there is no such setting.",
        "[resources] gup is ignored: there is no such setting. Did you mean gpu?",
        "[thumbnails] qality is ignored: there is no such setting. Did you mean quality?",
    ]


@pytest.mark.parametrize(
    ("section", "name", "value", "message"),
    [
        ("resources", "gpu", "0", r"\[resources\] gpu: expected 1 or more; found: 0"),
        ("resources", "download", "x", r"\[resources\] download: expected 1 or more; found: x"),
        ("faces", "min_score", "nan", r"expected a number from -100 to 100; found: 'nan'"),
        ("storage", "data_dir", "", r"\[storage\] data_dir: expected a folder or an s3://"),
    ],
)
def test_a_setting_with_which_nothing_can_be_done_is_refused(
    config: Any, section: str, name: str, value: str, message: str
) -> None:
    config.set(section, name, value)
    with pytest.raises(SettingsError, match=message):
        settings.check_all()


def test_a_missing_file_of_settings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings.check_all()
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "none.cfg")
    with pytest.raises(SettingsError, match=r"LUIGI_CONFIG_PATH=none.cfg: expected a file"):
        settings.check_all()


def test_attempt_is_the_old_name_of_plan_number(capfd: pytest.CaptureFixture[str]) -> None:
    old = ExportAttributes(videos="videos.csv", data_dir="data", attempt=3)
    assert old.plan_number == 3
    assert capfd.readouterr().err == (
        "WARNING: --attempt is now called --plan-number; the old name still works\n"
    )
    assert old == ExportAttributes(videos="videos.csv", data_dir="data", plan_number=3)


def test_the_old_task_process_context_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    config = luigi.configuration.get_config()
    now = config.get("worker", "task_process_context")
    config.set("worker", "task_process_context", "thumbnail_tasks.terminal.ReadableFailures")
    try:
        settings.accept_old_context()
        context = luigi.worker.worker().task_process_context
    finally:
        config.set("worker", "task_process_context", now)
    assert context == "thumbnail_tasks.tasks.interrupts.ReadableFailures"
    assert "WARNING: [worker] task_process_context is now called" in capfd.readouterr().err


def test_old_names_are_not_among_the_effective_settings() -> None:
    names = settings.effective_settings()
    assert "thumbnails.max_failure_rate" in names
    assert "gpus.devices" in names
    assert not {"thumbnails.stop_share", "gpus.cards"} & set(names)


def test_the_settings_of_a_record_are_all_but_the_messages() -> None:
    found = settings.effective_settings()
    assert found["storage.shard_size"] == "512"
    assert found["engines.preset"] == "embedded"
    assert "messages.webhook_url" not in found
    assert not any("webhook" in name for name in found)
