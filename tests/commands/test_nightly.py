"""The dated export of a night, and the service that runs it."""

import configparser
import shlex
from pathlib import Path
from typing import NoReturn

import pytest
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import PidLockAlreadyTakenExit

from tests.conftest import ROOT
from thumbnail_tasks.commands import nightly
from thumbnail_tasks.commands.nightly import Nightly, latest_date
from thumbnail_tasks.storage.directory_locks import DataDirBusyError


def test_a_dangling_pointer_counts_as_none(tmp_path: Path) -> None:
    assert latest_date(str(tmp_path)) == ""
    (tmp_path / "latest").symlink_to("2026-11-25")
    assert latest_date(str(tmp_path)) == ""
    (tmp_path / "2026-11-25").mkdir()
    assert latest_date(str(tmp_path)) == "2026-11-25"


def test_the_command_of_the_service_is_known_to_luigi() -> None:
    unit = configparser.ConfigParser()
    unit.read(ROOT / "docker" / "systemd" / "thumbnails-nightly.service")
    _, *arguments = shlex.split(unit["Service"]["ExecStart"])
    with CmdlineParser.global_instance(arguments) as parser:
        assert parser.known_args.root_task == "Nightly"
        assert parser.known_args.tables == "/srv/incoming"


def test_a_second_night_stops_with_an_error_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(data_dir: Path, who: str) -> NoReturn:
        raise DataDirBusyError(f"{data_dir}: busy")

    monkeypatch.setattr(nightly, "hold_night_lock", refuse)
    with pytest.raises(PidLockAlreadyTakenExit):
        Nightly(data_dir=str(tmp_path))
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("ERROR", f"{tmp_path}: busy")
    ]
