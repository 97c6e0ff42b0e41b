"""What ``thumbnail-tasks`` asks of ``luigi``, and how it reports wrong arguments."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import luigi
import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.cli.arguments import COMMANDS, build_parser, last_input, luigi_arguments
from thumbnail_tasks.cli.setting_values import apply_settings, list_settings
from thumbnail_tasks.errors import InputError, SettingsError
from thumbnail_tasks.runs.record_files import write_json
from thumbnail_tasks.runs.records import Record


@pytest.fixture(autouse=True)
def config() -> Iterator[luigi.configuration.LuigiConfigParser]:
    """The settings, which are restored after the test."""
    config = luigi.configuration.get_config()
    before = {section: dict(config[section]) for section in config.sections()}
    yield config
    config.clear()
    config.read_dict(before)


def translate(command: str) -> str:
    options = build_parser().parse_args(shlex.split(command))
    apply_settings(options)
    return shlex.join(luigi_arguments(options)).removeprefix("--module thumbnail_tasks ")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("export a.csv", "ExportAttributes --videos=a.csv"),
        (
            "export a.csv b.csv --images-dir pics --workers 2 --quality default --preset notebook",
            "ExportAttributes --videos=a.csv,b.csv --images-dir=pics --workers=2 "
            "--thumbnails-quality=default --engines-preset=notebook",
        ),
        ("export a.csv --objects", "ExportAttributes --videos=a.csv --objects-detect=true"),
        (
            "export a.csv --embed-columns title,tags",
            "ExportAttributes --videos=a.csv --embedding-columns=title,tags",
        ),
        (
            "export a.csv --id-column key --title-column heading",
            "ExportAttributes --videos=a.csv --columns-id=key --columns-title=heading",
        ),
        ("report a.csv", "BuildReport --videos=a.csv"),
        ("report a.csv --serve --port 0 --no-browser", "BuildReport --videos=a.csv"),
        ("search 'a cat' a.csv --most 3", "SearchTexts --videos=a.csv '--query=a cat' --most=3"),
        ("nightly in --date 2026-01-31", "Nightly --tables=in --date=2026-01-31"),
        (
            "export a.csv --as-of 2026-01-31",
            "ExportAttributes --videos=a.csv --as-of=2026-01-31",
        ),
        ("clean-up --dry-run", "CleanUp --dry-run"),
        ("fetch-weights", "FetchWeights"),
    ],
)
def test_each_command_is_a_luigi_task(command: str, expected: str) -> None:
    assert translate(command) == expected


def test_out_is_the_data_directory() -> None:
    translate("export a.csv --out elsewhere")
    assert settings.storage().data_dir == "elsewhere"


def test_set_changes_any_setting() -> None:
    translate(
        "export a.csv --set thumbnails.quality=default --set thumbnails.retry_failed=true "
        "--set resources.gpu=2 --set scheduler.retry_count=5 --set 'thumbnails.user_agent=100 %'"
    )
    assert settings.thumbnails().quality == "default"
    assert settings.thumbnails().retry_failed is True
    assert settings.thumbnails().user_agent == "100 %"
    assert luigi.configuration.get_config().getintdict("resources")["gpu"] == 2
    assert luigi.configuration.get_config().get("scheduler", "retry_count") == "5"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("thumbnails.qualty=x", "no such setting. Did you mean thumbnails.quality?"),
        ("ExportAttributes.videos=x", "no such setting."),
        ("night.keep=two", "--set night.keep: expected a whole number, 1 or more; found: 'two'"),
        ("report.build=maybe", "--set report.build: expected true or false; found: 'maybe'"),
        ("thumbnails", "expected SECTION.NAME=VALUE, as in thumbnails.quality=default"),
    ],
)
def test_a_wrong_setting_is_named(assignment: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace("?", r"\?")):
        translate(f"export a.csv --set {assignment}")


def test_a_luigid_is_used_instead_of_the_runs_own_scheduler() -> None:
    translate("export a.csv --luigid http://127.0.0.1:8082/")
    assert not luigi.interface.core().local_scheduler
    assert luigi.interface.core().scheduler_url == "http://127.0.0.1:8082/"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("exprot a.csv", "Did you mean export? See thumbnail-tasks --help"),
        ("export a.csv --engines-text keras-ocr", "Use --set engines.text=VALUE."),
        (
            "export a.csv --qualty default",
            "Did you mean --quality? See thumbnail-tasks export",
        ),
        ("export", "the following arguments are required: VIDEOS"),
        (
            "export a.csv --workers two",
            "argument --workers: expected a whole number from 1, as in 1000000 or 1e6",
        ),
        ("export a.csv --as-of May", "expected a date, as in 2026-01-31; found: 'May'"),
        (
            "export a.csv --images-dir ''",
            "argument --images-dir: expected a folder or an s3:// address; found: ''",
        ),
        ("export a.csv --out ''", "argument --out: expected a folder or an s3:// address"),
        ("copy ''", "argument TO: expected a folder or an s3:// address; found: ''"),
        ("search ''", "argument QUERY: expected a text to search for; found: ''"),
        ("nightly in --date 2026-13-01", "expected a date, as in 2026-01-31; found: '2026-13-01'"),
    ],
)
def test_a_wrong_argument_is_one_line(
    command: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        translate(command)
    printed = capfd.readouterr().err
    assert message in printed
    assert printed.startswith("ERROR: ")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_fits_a_screen_and_has_examples(
    command: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        build_parser().parse_args([*command.split(), "--help"])
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) <= 36
    assert any(line.startswith(f"  thumbnail-tasks {command}") for line in lines)


def test_all_settings_are_listed_as_in_luigi_cfg() -> None:
    config = luigi.configuration.LuigiConfigParser(interpolation=None)
    config.read_string(list_settings())
    assert config["storage"]["shard_size"] == "512"
    assert config["thumbnails"]["url_template"].startswith("https://")
    assert "stop_share" not in config["thumbnails"]


def record(folder: Path, started_s: int, **about: object) -> None:
    now = datetime.fromtimestamp(started_s, UTC)
    values = {
        **dict.fromkeys(("host", "package_version", "luigi_version", "videos_digest", "source")),
        **{"command": "", "settings": {}, "attempt": 1, "state": "succeeded"},
        **{"run_id": f"{now:%Y-%m-%dT%H-%M-%S}", "started_at": now, "updated_at": now},
        **{"task": "ExportAttributes", "folder": "/project", "videos": "a.csv", "images_dir": ""},
        **about,
    }
    write_json(str(folder), Record(**values))  # type: ignore[arg-type]


def test_without_a_table_that_of_the_last_successful_run_is_used(tmp_path: Path) -> None:
    record(tmp_path, 10, videos="old.csv")
    record(tmp_path, 20, videos="a.csv,/abs/b.csv", images_dir="pics")
    record(tmp_path, 30, videos="wrong.csv", state="failed")
    assert last_input(str(tmp_path)) == (["/project/a.csv", "/abs/b.csv"], "/project/pics", {})
    assert translate(f"report --out {tmp_path}") == (
        "BuildReport --videos=/project/a.csv,/abs/b.csv --images-dir=/project/pics"
    )


def test_without_a_table_the_last_run_says_what_is_exported(tmp_path: Path) -> None:
    used = {
        "objects.detect": "True",
        "embedding.columns": "title,tags",
        "engines.text": "",
        "core.workers": "3",
        "report.build": "False",
    }
    record(tmp_path, 10, videos="/a.csv", settings=used)
    assert translate(f"search --out {tmp_path} cat") == (
        "SearchTexts --objects-detect=True --embedding-columns=title,tags --engines-text= "
        "--videos=/a.csv --query=cat"
    )
    now = "--set objects.detect=false --embed-columns title"
    assert translate(f"report --out {tmp_path} {now}") == (
        "BuildReport --embedding-columns=title --engines-text= --videos=/a.csv"
    )
    assert translate(f"report b.csv --out {tmp_path}") == "BuildReport --videos=b.csv"


def test_without_a_table_and_without_a_run_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a run that succeeded; found none\. Name a"):
        translate(f"search cat --out {tmp_path}")


def test_an_address_of_luigid_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(["export", "videos.csv", "--luigid", "foo"])
    assert (
        "expected an address, as in http://127.0.0.1:8082; found: 'foo'" in capsys.readouterr().err
    )


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        build_parser().parse_args(["--version"])
    assert capsys.readouterr().out.startswith("thumbnail-tasks 0.")


def test_the_access_key_is_not_listed() -> None:
    config = luigi.configuration.get_config()
    config.set("s3", "secret_access_key", "never shown")
    try:
        assert "never shown" not in list_settings().replace("never shown or recorded", "")
        assert "secret_access_key = (set, not shown)" in list_settings()
    finally:
        config.remove_section("s3")
