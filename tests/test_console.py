"""Log records as short lines on the terminal, and how a user changes that."""

import logging
import subprocess
import sys
from pathlib import Path

import luigi
import pytest

from thumbnail_tasks.console import TASK_LINE, TerminalHandler, set_up_logging

logger = logging.getLogger("thumbnail_tasks.stages.of_this_test")


def test_progress_is_a_line_without_level_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    logger.info(TASK_LINE, "DetectFaces", "43 thumbnails")
    assert capfd.readouterr() == ("", "DetectFaces        43 thumbnails\n")


def test_warnings_and_errors_have_their_level(capfd: pytest.CaptureFixture[str]) -> None:
    logger.warning("%d %% of the disk", 99)
    logger.error("no disk")
    assert capfd.readouterr().err == "WARNING: 99 % of the disk\nERROR: no disk\n"


def test_setting_up_twice_adds_one_handler() -> None:
    set_up_logging()
    handlers = logging.getLogger("thumbnail_tasks").handlers
    assert len([each for each in handlers if isinstance(each, TerminalHandler)]) == 1


@pytest.mark.parametrize(("level", "n_lines"), [("DEBUG", 3), ("WARNING", 3), ("ERROR", 1)])
def test_progress_is_hidden_from_level_error_on(
    level: str,
    n_lines: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = luigi.configuration.get_config()
    config.set("core", "log_level", level)
    try:
        logger.info("progress")
        logger.warning("careful")
        logger.error("wrong")
    finally:
        config.remove_option("core", "log_level")
    assert len(capfd.readouterr().err.splitlines()) == n_lines


LOGGING_CONF = """
[loggers]
keys = root, ours
[handlers]
keys = file
[formatters]
keys = plain
[logger_root]
level = CRITICAL
handlers =
[logger_ours]
qualname = thumbnail_tasks
level = INFO
handlers = file
propagate = 0
[handler_file]
class = FileHandler
args = ("log.txt", "w")
formatter = plain
[formatter_plain]
format = %(levelname)s %(name)s %(message)s
"""


@pytest.mark.dag
def test_a_logging_conf_file_takes_the_messages(tmp_path: Path) -> None:
    (tmp_path / "logging.conf").write_text(LOGGING_CONF)
    (tmp_path / "videos.csv").write_text("video_id\nabcdefghij1\n")
    luigi_command = [str(Path(sys.executable).with_name("luigi")), "--module", "thumbnail_tasks"]
    flags = ["--local-scheduler", "--logging-conf-file", "logging.conf", "--videos", "videos.csv"]
    ran = subprocess.run(
        [*luigi_command, "ReadVideos", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rows of" not in ran.stderr
    assert (tmp_path / "log.txt").read_text() == (
        "INFO thumbnail_tasks.tasks.progress ReadVideos         1 row of videos.csv\n"
    )
