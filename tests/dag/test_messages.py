"""Where messages go is checked when a run begins, and a failing message changes no run."""

import os
import signal
import socketserver
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import QUICKLY, Finished, run, sample_ids, start, wait_until, write_videos
from tests.dag.test_records import Webhook, webhook
from tests.mail_server import mail_server
from thumbnail_tasks.runs.record_files import read_records

__all__ = ["webhook"]
pytestmark = pytest.mark.dag

NO_SUCH_PACKAGE = ("--email-receiver", "me@example.org", "--email-method", "sendgrid")

NEVER = {
    "webhook": (
        ["--messages-webhook-url", "example.com/s3cret"],
        "[messages] webhook_url: expected",
    ),
    "method": (NO_SUCH_PACKAGE, "[email] method = sendgrid: expected the package sendgrid"),
    "port": (
        ["--email-receiver", "me@example.org", "--smtp-port", "abc"],
        "--smtp-port: expected a whole number",
    ),
    "receiver": (["--email-receiver", "me at home"], "[email] receiver: expected an address"),
}
"""Flags with which no message can be sent, and what the line says."""


def sample_flags(folder: Path) -> Sequence[str]:
    videos = write_videos(folder / "videos.csv", sample_ids(2))
    return ("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"), *QUICKLY)


def problems(finished: Finished) -> list[str]:
    """The printed warnings and errors."""
    lines = finished.printed.splitlines()
    return [line for line in lines if line.startswith(("WARNING", "ERROR"))]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "task", ["ExportAttributes", pytest.param("Nightly", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("case", NEVER)
def test_messages_that_can_never_be_sent_end_the_run_with_one_line(
    tmp_path: Path, task: str, case: str
) -> None:
    flags, said = NEVER[case]
    finished = run(tmp_path / "data", *sample_flags(tmp_path), *flags, task=task)
    assert finished.code == 4, finished.printed
    (problem,) = problems(finished)
    assert problem.startswith(f"ERROR: {said}")
    assert "s3cret" not in finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert not (tmp_path / "data" / "shards").exists()
    (record,) = read_records(str(tmp_path / "data"), 9)
    assert (record.state, record.exit_code) == ("failed", 4)


WRONG = [
    "--keras-emotions-scaling",
    "--storage-shard-size",
    "--runs-update-interval-s",
    "--gpus-required",
    "--workers",
]


@pytest.mark.thorough
@pytest.mark.parametrize("flag", [pytest.param(WRONG[0], marks=pytest.mark.slow), *WRONG[1:]])
def test_a_wrong_setting_of_a_night_is_recorded_and_sent(
    tmp_path: Path, webhook: Webhook, flag: str
) -> None:
    flags = (*sample_flags(tmp_path), *webhook.flags, flag, "nonsense")
    finished = run(tmp_path / "data", *flags, task="Nightly")
    assert finished.code == 4, finished.printed
    (problem,) = problems(finished)
    assert problem.startswith(f"ERROR: {flag}: expected")
    (message,) = webhook.posted
    assert problem.removeprefix("ERROR: ") in message["text"]
    (record,) = read_records(str(tmp_path / "data"), 9)
    assert (record.state, record.exit_code) == ("failed", 4)


def test_another_channel_hears_of_it(tmp_path: Path, webhook: Webhook) -> None:
    flags = (*sample_flags(tmp_path), *NO_SUCH_PACKAGE, *webhook.flags)
    assert run(tmp_path / "data", *flags).code == 4
    (message,) = webhook.posted
    assert "expected the package sendgrid" in message["text"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("task", "workers"), [("ExportAttributes", "1"), pytest.param("Nightly", "3")]
)
def test_a_server_out_of_reach_is_one_warning_and_the_run_goes_on(
    tmp_path: Path, task: str, workers: str
) -> None:
    finished = run(
        tmp_path / "data",
        *(*sample_flags(tmp_path), "--workers", workers),
        *("--messages-webhook-url", "http://127.0.0.1:1/s3cret"),
        task=task,
    )
    assert finished.code == 0, finished.printed
    (warning,) = problems(finished)
    assert warning.startswith("WARNING: [messages] webhook_url (127.0.0.1:1): expected a server")
    assert "s3cret" not in finished.printed


def test_nothing_is_sent_when_a_run_begins(tmp_path: Path, webhook: Webhook) -> None:
    with mail_server() as mail:
        to = ("--email-receiver", "me@example.org", "--email-sender", "night@example.org")
        server = ("--smtp-host", "127.0.0.1", "--smtp-port", str(mail.server_address[1]))
        finished = run(tmp_path / "data", *sample_flags(tmp_path), *webhook.flags, *to, *server)
    assert finished.code == 0, finished.printed
    assert (webhook.posted, mail.messages, problems(finished)) == ([], [], [])


@pytest.mark.thorough
def test_a_failing_report_about_a_killed_run_does_not_end_the_next_one(tmp_path: Path) -> None:
    data_dir, flags = tmp_path / "data", sample_flags(tmp_path)
    held = {"HELD": str(tmp_path / "videos.csv")}
    process = start(data_dir, *flags, "--runs-update-interval-s", "0.2", environment=held)
    wait_until(lambda: [record.n_new for record in read_records(str(data_dir), 9)] == [2])
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=600)
    finished = run(data_dir, *flags, "--messages-webhook-url", "http://127.0.0.1:1/s3cret")
    assert finished.code == 0, finished.printed
    died, unsent, unreachable = problems(finished)
    assert died.endswith("died")
    assert "expected the message to be accepted; found: ConnectionError" in unsent
    assert "expected a server that accepts connections" in unreachable
    assert "s3cret" not in finished.printed


def test_a_silent_mail_server_changes_neither_the_error_nor_the_exit_code(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent:
        finished = run(
            tmp_path / "data",
            *("--videos", str(tmp_path / "absent.csv"), "--email-receiver", "me@example.org"),
            *("--smtp-host", "127.0.0.1", "--smtp-port", str(silent.server_address[1])),
            *("--smtp-timeout", "0.5"),
        )
    assert finished.code == 30
    error, warning = problems(finished)
    assert error == f"ERROR: --videos {tmp_path / 'absent.csv'}: no such file"
    assert warning.startswith("WARNING: [smtp] host (127.0.0.1): expected the message to be")
    assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("settings", "code", "line"),
    [
        ([], 0, "ok      messages    none configured"),
        (
            ["messages.webhook_url=http://127.0.0.1:1/s3cret"],
            1,
            "FAILED  messages    [messages] webhook_url (127.0.0.1:1): expected a server",
        ),
        (
            ["messages.webhook_url=s3cret"],
            1,
            "FAILED  messages    [messages] webhook_url: expected",
        ),
    ],
)
@pytest.mark.model
def test_the_doctor_checks_them(
    tmp_path: Path, settings: Sequence[str], code: int, line: str
) -> None:
    command = [str(Path(sys.executable).with_name("thumbnail-tasks")), "doctor"]
    command += ["--out", str(tmp_path)]
    for each in settings:
        command += ["--set", each]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == code, ran.stdout + ran.stderr
    (found,) = [each for each in ran.stdout.splitlines() if " messages " in each]
    assert found.startswith(line)
    assert "s3cret" not in ran.stdout + ran.stderr
