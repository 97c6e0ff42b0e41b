"""With luigi.cfg as it is, a failed run without a luigid is one e-mail, whatever failed in it."""

import signal
import threading
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import run, sample_ids, write_videos
from tests.docker.test_luigid import MailServer

pytestmark = [pytest.mark.dag, pytest.mark.model]


def test_a_task_that_fails_twice_and_is_given_up_is_one_email(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(2))
    with MailServer() as mail:
        threading.Thread(target=mail.serve_forever, args=(0.05,), daemon=True).start()
        config = tmp_path / "mail.cfg"
        config.write_text(
            "[email]\nreceiver = me@example.org\nforce_send = true\n"
            f"[smtp]\nhost = 127.0.0.1\nport = {mail.server_address[1]}\n"
        )
        finished = run(
            tmp_path / "data",
            *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
            *("--module", "tests.dag.poison", "--scheduler-retry-delay", "0.1"),
            environment={
                "LUIGI_CONFIG_PATH": str(config),
                "PYTHONPATH": str(ROOT),
                "KILLED_WHEN_LOADED": f"{signal.SIGILL:d}",
            },
        )
        mail.shutdown()
    assert finished.code != 0, finished.printed
    (message,) = mail.messages
    assert message["Subject"].startswith("Thumbnail Tasks: ExportAttributes on ")
    (text,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    assert "RecognizeText 2 times" in text.get_content()
