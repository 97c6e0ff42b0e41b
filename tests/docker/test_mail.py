"""A failed run sends one e-mail, with and without luigid."""

import signal
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.dag.night_box import hurried_box_cfg
from tests.dag.runs import run, sample_ids, write_videos
from tests.docker.box import Luigid
from tests.docker.test_compose import SERVICES
from tests.mail_server import mail_server

pytestmark = pytest.mark.dag


def fail_twice(tmp_path: Path, *flags: str, **environment: str) -> str:
    """Run a stage that fails until it is disabled; returns what the run printed."""
    videos = write_videos(tmp_path / "videos.csv", sample_ids(2))
    crash = {"KILLED_WHEN_LOADED": f"{signal.SIGILL:d}"}
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--module", "tests.dag.quick_poison", "--smtp-timeout", "600", *flags),
        environment={**environment, **crash},
    )
    assert finished.code != 0, finished.printed
    return finished.printed


def assert_one_message_of_the_run(messages: list[EmailMessage], printed: str) -> None:
    assert len(messages) == 1, printed
    (message,) = messages
    assert message["To"] == "me@example.org"
    assert message["From"] == "night@example.org"
    assert message["Subject"].startswith("Thumbnail Tasks: ExportAttributes on ")
    (text,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    assert "RecognizeText 2 times" in text.get_content()
    assert "First error: RecognizeText: " in text.get_content()
    assert "killed by SIGILL" in text.get_content()


def test_a_failed_run_without_luigid_sends_one_email(tmp_path: Path) -> None:
    config = tmp_path / "mail.cfg"
    with mail_server() as mail:
        config.write_text(
            "[email]\nreceiver = me@example.org\nsender = night@example.org\nforce_send = true\n"
            f"[smtp]\nhost = 127.0.0.1\nport = {mail.server_address[1]}\n"
        )
        printed = fail_twice(
            tmp_path, "--scheduler-retry-delay", "0.1", LUIGI_CONFIG_PATH=str(config)
        )
    assert_one_message_of_the_run(mail.messages, printed)


@pytest.mark.thorough
def test_a_failed_run_of_the_box_sends_one_email(tmp_path: Path) -> None:
    with mail_server() as mail:
        shared = {
            "LUIGI_CONFIG_PATH": str(
                hurried_box_cfg(tmp_path / "box.cfg", worker_disconnect_delay="600")
            ),
            "SMTP_PORT": str(mail.server_address[1]),
        }
        luigids_receiver = SERVICES["scheduler"]["environment"]["ALERT_TO"]
        luigid = Luigid(tmp_path, {**shared, "ALERT_TO": luigids_receiver})
        with luigid.running(subprocess.DEVNULL):
            worker = {**luigid.environment, "ALERT_TO": "me@example.org"}
            printed = fail_twice(tmp_path, "--scheduler-port", str(luigid.port), **worker)
        # luigid has stopped; it would have sent its e-mails by now.
    assert_one_message_of_the_run(mail.messages, printed)
