"""A message that cannot be sent is one warning; nothing else changes, and no secret is shown."""

import contextlib
import logging
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import luigi
import pytest
from luigi import notifications as luigis

from tests.conftest import running
from tests.mail_server import MailServer, mail_server
from tests.run_records import a_record
from thumbnail_tasks.runs import channels, notifications
from thumbnail_tasks.runs.notifications import send, send_if_needed

TEXT = "ExportAttributes on box FAILED\nFirst error: out of luck"
FAILED = a_record(state="failed", exit_code=30, first_error="X: out of luck")
SECRETS = ("hunter2", "s3cret")
Sections = Mapping[str, Mapping[str, Any]]


class Hook(ThreadingHTTPServer):
    """Counts what is posted to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.n_posted = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/s3cret"


class _Posted(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.n_posted += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Replies(socketserver.StreamRequestHandler):
    """A mail server that gives each command the same answer, the first one after ``greeting``."""

    greeting = b"220 ready\r\n"
    answer = b"250 fine\r\n"

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(self.greeting)
            for _ in iter(self.rfile.readline, b""):
                self.wfile.write(self.answer)


class Refuses(Replies):
    answer = b"550 no hunter2 here\r\n"


class Hangs(Replies):
    def handle(self) -> None:
        time.sleep(30)


class Drips(Replies):
    """Sends a byte now and then, so that no step of the client times out."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"2")
                time.sleep(0.05)


@contextlib.contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Serve in the block; yields the port."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    with running(hook):
        yield hook


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def configure() -> Iterator[Callable[[Sections], None]]:
    """Set sections of luigi.cfg, until the test has ended."""
    config = luigi.configuration.get_config()
    changed: set[str] = set()

    def change(sections: Sections) -> None:
        for section, values in sections.items():
            changed.add(section)
            for name, value in values.items():
                config.set(section, name, str(value))

    yield change
    for section in changed:
        config.remove_section(section)


def to_mail(port: int, **smtp: Any) -> Sections:
    return {
        "email": {"receiver": "me@example.org", "sender": "night@example.org", "force_send": True},
        "smtp": {"host": "127.0.0.1", "port": port, "timeout": 0.5, **smtp},
    }


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """All that was logged as a warning or an error."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def changed(sections: Sections, section: str, **values: Any) -> Sections:
    return {**sections, section: {**sections.get(section, {}), **values}}


GOOD = to_mail(25)
MAIL_FAULTS: Mapping[str, tuple[Sections, str]] = {
    "method": (changed(GOOD, "email", method="pigeon"), "[email] method: expected one of"),
    "format": (changed(GOOD, "email", format="pdf"), "[email] format: expected one of"),
    "sendgrid": (changed(GOOD, "email", method="sendgrid"), "expected the package sendgrid"),
    "ses": (changed(GOOD, "email", method="ses"), "expected the package boto3"),
    "sns": (changed(GOOD, "email", method="sns"), "expected the package boto3"),
    "port": (changed(GOOD, "smtp", port="abc"), "[smtp] port: expected a whole number"),
    "port range": (changed(GOOD, "smtp", port=99999), "[smtp] port: expected a number from 0 to"),
    "host": (changed(GOOD, "smtp", host="a b"), "[smtp] host: expected the name of a server"),
    "timeout": (changed(GOOD, "smtp", timeout=-1), "[smtp] timeout: expected seconds"),
    "receiver": (
        changed(GOOD, "email", receiver="me@example.org, mé@exämple.org"),
        "[email] receiver: expected an address",
    ),
    "sender": (changed(GOOD, "email", sender="at home"), "[email] sender: expected an address"),
    "password": (
        changed(GOOD, "smtp", username="me", password="hunter2é"),
        "[smtp] password: expected ASCII",
    ),
    "name": (changed(GOOD, "smtp", host="no.such.host.invalid"), "gaierror"),
    "closed": (changed(GOOD, "smtp", port=1), "ConnectionRefusedError"),
}


@pytest.mark.parametrize("case", MAIL_FAULTS)
def test_a_fault_of_the_mail_is_one_warning_and_the_webhook_gets_the_message(
    hook: Hook,
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    monkeypatch.setattr(channels, "find_spec", lambda package: None)
    sections, said = MAIL_FAULTS[case]
    configure({**sections, "messages": {"webhook_url": hook.url}})
    send(TEXT, FAILED)
    (warning,) = warnings_of(caplog)
    assert said in warning
    assert not any(secret in caplog.text for secret in SECRETS)
    assert hook.n_posted == 1


@pytest.mark.parametrize(
    ("server", "smtp", "said"),
    [
        (Refuses, {}, "[smtp] host (127.0.0.1): expected the message to be accepted; found: SMTP"),
        (
            Hangs,
            {},
            "[smtp] host (127.0.0.1): expected the message to be accepted; found: SMTPServerDis",
        ),
        (Hangs, {"timeout": 0}, "found: it was not taken in 1 s"),
        (Drips, {}, "found: it was not taken in 1 s"),
    ],
)
def test_so_is_a_mail_server_that_refuses_or_never_ends(
    hook: Hook,
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    server: type[Replies],
    smtp: Mapping[str, Any],
    said: str,
) -> None:
    monkeypatch.setattr(notifications, "_MAX_SENDING_S", 1.0)
    with serving(server) as port:
        configure(to_mail(port, password="hunter2", username="me", **smtp))
        configure({"messages": {"webhook_url": hook.url}})
        before = signal.getsignal(signal.SIGALRM)
        began = time.monotonic()
        send(TEXT, FAILED)
        assert time.monotonic() - began < 10
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    (warning,) = warnings_of(caplog)
    assert said in warning
    assert not any(secret in caplog.text for secret in SECRETS)
    assert hook.n_posted == 1


WEBHOOKS = {
    "hooks.example.com/s3cret": "no http:// or https:// at its start",
    "ftp://hooks.example.com/s3cret": "no http:// or https:// at its start",
    "https:///s3cret": "no host",
    "https://[s3cret": "a host or port that cannot be read",
    "https://hooks.example.com:s3cret/": "a host or port that cannot be read",
    "https://*.s3cret.com/": "a host or port that cannot be read",
    "http://hö" + "x" * 70 + ".s3cret/": "a host or port that cannot be read",
    "http://no.such.host.invalid/s3cret": "(no.such.host.invalid): expected the message",
    "http://127.0.0.1:1/s3cret": "(127.0.0.1): expected the message to be accepted; found: Conn",
    "http://127.0.0.1:1/s3crét✓": "(127.0.0.1): expected the message to be accepted; found: Conn",
}


@pytest.mark.parametrize("url", WEBHOOKS)
def test_so_is_a_webhook_that_cannot_work_and_the_mail_is_sent(
    mail: MailServer,
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    url: str,
) -> None:
    configure(to_mail(mail.server_address[1], timeout=60))
    configure({"messages": {"webhook_url": url}})
    send(TEXT, FAILED)
    (warning,) = warnings_of(caplog)
    assert "[messages] webhook_url" in warning
    assert WEBHOOKS[url] in warning
    assert not any(secret in caplog.text for secret in SECRETS)
    assert len(mail.messages) == 1


@pytest.mark.parametrize("server", [Hangs, Drips])
def test_so_is_a_webhook_that_never_ends_its_answer(
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    server: type[Replies],
) -> None:
    monkeypatch.setattr(notifications, "_MAX_SENDING_S", 1.0)
    with serving(server) as port:
        url = f"http://127.0.0.1:{port}/s3cret"
        configure({"messages": {"webhook_url": url, "webhook_timeout_s": "0.4"}})
        began = time.monotonic()
        send(TEXT, FAILED)
        assert time.monotonic() - began < 10
    (warning,) = warnings_of(caplog)
    assert "[messages] webhook_url (127.0.0.1): expected the message to be accepted" in warning
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "error", [RuntimeError("broken\nlibrary"), KeyError("a"), UnicodeError("x"), RecursionError()]
)
def test_whatever_a_library_raises_is_one_line(
    hook: Hook,
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*about: object) -> None:
        raise error

    monkeypatch.setattr(luigis, "send_error_email", fail)
    configure({**GOOD, "messages": {"webhook_url": hook.url}})
    send(TEXT, FAILED)
    (warning,) = warnings_of(caplog)
    assert type(error).__name__ in warning
    assert "\n" not in warning
    assert hook.n_posted == 1


@pytest.mark.parametrize("error", [ValueError("Failed to parse: s3cret"), RuntimeError("s3cret")])
def test_the_text_of_an_error_of_the_webhook_is_not_shown(
    configure: Callable[[Sections], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*about: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(notifications.requests, "post", fail)
    configure({"messages": {"webhook_url": "https://hooks.example.com/s3cret"}})
    send(TEXT, FAILED)
    (warning,) = warnings_of(caplog)
    assert warning.startswith("[messages] webhook_url (hooks.example.com): expected")
    assert warning.endswith(f"found: {type(error).__name__}")


def test_a_record_that_is_no_json_is_one_warning(
    hook: Hook, configure: Callable[[Sections], None], caplog: pytest.LogCaptureFixture
) -> None:
    configure({"messages": {"webhook_url": hook.url}})
    send(TEXT, a_record(state="failed", videos=object()))
    (warning,) = warnings_of(caplog)
    assert "TypeError" in warning
    assert "s3cret" not in warning


def test_a_message_that_cannot_be_written_is_one_warning(
    configure: Callable[[Sections], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    send_if_needed("data", a_record(state="failed", updated_at=None), is_written=False)
    (warning,) = warnings_of(caplog)
    assert "TypeError" in warning
    assert caplog.messages[-1].startswith("Record of this run: ")


def test_what_the_run_failed_by_is_not_repeated(
    configure: Callable[[Sections], None], caplog: pytest.LogCaptureFixture
) -> None:
    configure({"messages": {"webhook_url": "s3cret"}})
    with pytest.raises(notifications.ThumbnailTasksError) as raised:
        notifications.find_webhook()
    send(TEXT, a_record(state="failed", first_error=f"luigi: {raised.value}"))
    assert warnings_of(caplog) == []


def test_a_name_that_is_no_unicode_is_escaped_in_the_mail(
    mail: MailServer, configure: Callable[[Sections], None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(to_mail(mail.server_address[1], timeout=60))
    send("Failed\nInput: \udcff.csv", FAILED)
    assert warnings_of(caplog) == []
    (message,) = mail.messages
    assert "\\udcff.csv" in str(message.get_payload(0).get_payload(decode=True))  # type: ignore[union-attr]


def test_control_c_while_sending_ends_the_run(
    configure: Callable[[Sections], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*about: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(luigis, "send_error_email", press)
    configure(GOOD)
    with pytest.raises(KeyboardInterrupt):
        send(TEXT, FAILED)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
