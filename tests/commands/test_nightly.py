"""The dated export of a night, and the service that runs it."""

import configparser
import os
import shlex
from pathlib import Path
from typing import NoReturn

import pytest
from luigi.cmdline_parser import CmdlineParser
from luigi.interface import PidLockAlreadyTakenExit

from tests.conftest import ROOT
from thumbnail_tasks.commands import nightly
from thumbnail_tasks.commands.nightly import Nightly, latest_date, link_or_copy
from thumbnail_tasks.storage.directory_locks import DataDirBusyError


def test_a_dated_file_has_the_exports_bytes_and_stays_when_the_export_is_rewritten(
    tmp_path: Path,
) -> None:
    export, dated = tmp_path / "a.csv", tmp_path / "2026-11-25" / "a.csv"
    export.write_text("first")
    link_or_copy(export, dated)
    link_or_copy(export, dated)  # again, over the existing link
    assert dated.samefile(export)
    export.unlink()
    export.write_text("second")
    assert dated.read_text() == "first"
    link_or_copy(export, dated)
    assert dated.read_text() == "second"
    assert [path.name for path in dated.parent.iterdir()] == ["a.csv"]


def test_without_hard_links_a_copy_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.csv").write_text("text")
    link_or_copy(tmp_path / "a.csv", tmp_path / "dated" / "a.csv")
    assert (tmp_path / "dated" / "a.csv").read_text() == "text"
    assert not (tmp_path / "dated" / "a.csv").samefile(tmp_path / "a.csv")


def test_a_dangling_pointer_counts_as_none(tmp_path: Path) -> None:
    assert latest_date(tmp_path) == ""
    (tmp_path / "latest").symlink_to("2026-11-25")
    assert latest_date(tmp_path) == ""
    (tmp_path / "2026-11-25").mkdir()
    assert latest_date(tmp_path) == "2026-11-25"


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
