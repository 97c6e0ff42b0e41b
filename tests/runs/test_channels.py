"""The settings of messages are checked when a run begins, without sending anything."""

import contextlib
import importlib.util
import logging
import socketserver
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.runs.test_sending import (
    GOOD,
    MAIL_FAULTS,
    WEBHOOKS,
    Sections,
    changed,
    configure,
    to_mail,
    warnings_of,
)
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.runs import channels
from thumbnail_tasks.runs.channels import (
    Server,
    UnreachableError,
    check_at_start,
    describe_channels,
    find_channels,
)

__all__ = ["configure"]
Configure = Callable[[Sections], None]

MAY_WORK = ("name", "closed")
"""Faults of ``MAIL_FAULTS`` that may be gone when the message is sent."""


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """A server that accepts connections in the block; yields its port."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        yield server.server_address[1]


@pytest.mark.parametrize("case", [each for each in MAIL_FAULTS if each not in MAY_WORK])
def test_mail_that_can_never_work_is_refused(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(channels, "find_spec", lambda package: None)
    sections, said = MAIL_FAULTS[case]
    configure(sections)
    with pytest.raises(SettingsError) as raised:
        check_at_start()
    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", [url for url, said in WEBHOOKS.items() if said[0] != "("])
def test_so_is_a_webhook_and_its_address_stays_secret(configure: Configure, url: str) -> None:
    configure({"messages": {"webhook_url": url}})
    with pytest.raises(SettingsError) as raised:
        check_at_start()
    assert WEBHOOKS[url] in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("sections", "label", "server"),
    [
        (GOOD, "e-mail to me@example.org through 127.0.0.1", Server("127.0.0.1", 25)),
        (
            changed(GOOD, "email", receiver="Ops <a@b.c>, d@e.f"),
            "e-mail to Ops <a@b.c>, d@e.f through 127.0.0.1",
            Server("127.0.0.1", 25),
        ),
        (changed(GOOD, "email", receiver="root"), "e-mail to root through 127.0.0.1", None),
        (changed(GOOD, "smtp", port=0, ssl=True), None, Server("127.0.0.1", 465)),
        (changed(GOOD, "smtp", port=0, host="mx.example:587"), None, Server("mx.example", 587)),
        (changed(GOOD, "smtp", port=0, host="bücher.example"), None, Server("bücher.example", 25)),
        (
            {"messages": {"webhook_url": "https://hooks.example.com/s3cret"}},
            "webhook at hooks.example.com",
            Server("hooks.example.com", 443),
        ),
        ({"messages": {"webhook_url": "http://[::1]:81/s3crét"}}, None, Server("::1", 81)),
    ],
)
def test_settings_that_may_work_are_accepted(
    configure: Configure, sections: Sections, label: str | None, server: Server | None
) -> None:
    configure(sections)
    (channel,) = find_channels()
    assert channel.label == (label or channel.label)
    assert channel.server == (server or channel.server)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        changed(GOOD, "email", receiver=""),
        changed(GOOD, "email", receiver=" , "),
        changed(GOOD, "email", format="none"),
    ],
)
def test_without_a_channel_nothing_is_started(
    configure: Configure, sections: Sections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_ask", pytest.fail)
    configure(sections)
    check_at_start()
    assert describe_channels().startswith("none configured")


@pytest.mark.parametrize("method", ["ses", "sns", "sendgrid"])
def test_a_method_with_its_package_is_accepted(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    for package in ("boto3", "sendgrid"):
        monkeypatch.setitem(sys.modules, package, importlib.util)
    receiver = "arn:aws:sns:x" if method == "sns" else "a@b.c"
    configure(changed(GOOD, "email", method=method, receiver=receiver))
    if method == "sendgrid":
        with pytest.raises(SettingsError, match=r"\[sendgrid\] apikey: expected the key"):
            check_at_start()
    configure({"sendgrid": {"apikey": "hunter2"}})
    (channel,) = find_channels()
    assert channel.label == f"e-mail to {receiver} by {method}"
    assert channel.server is None
    if method == "sns":
        configure({"email": {"receiver": "a@b.c"}})
        with pytest.raises(SettingsError, match="expected the ARN of a topic"):
            check_at_start()


@pytest.mark.parametrize(
    ("host", "found"), [("127.0.0.1", "Connection refused"), ("no.such.host.invalid", "")]
)
def test_a_server_out_of_reach_is_one_warning(
    configure: Configure, caplog: pytest.LogCaptureFixture, host: str, found: str
) -> None:
    configure(to_mail(1, host=host))
    configure({"messages": {"webhook_url": f"http://{host}:1/s3cret"}})
    check_at_start()
    webhook, mail = warnings_of(caplog)
    expected = f"({host}:1): expected a server that accepts connections; found: {found}"
    assert webhook.startswith(f"[messages] webhook_url {expected}")
    assert mail.startswith(f"[smtp] host {expected}")
    assert webhook.endswith("A message about this run may not arrive")
    assert "s3cret" not in caplog.text
    with pytest.raises(UnreachableError, match=r"\[smtp\] host"):
        describe_channels()


def test_a_server_in_reach_is_no_warning(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with listening() as port:
        configure({"messages": {"webhook_url": f"http://127.0.0.1:{port}/s3cret"}})
        check_at_start()
        assert describe_channels() == "webhook at 127.0.0.1"
    assert caplog.messages == []


def test_a_silent_name_server_costs_at_most_the_time_limit(
    configure: Configure, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(channels, "_WAIT_S", 1.0)
    configure({**to_mail(1), "messages": {"webhook_url": "http://127.0.0.1:1/"}})
    began = time.monotonic()
    check_at_start()
    assert time.monotonic() - began < 5
    assert ["no answer in 1 s" in warning for warning in warnings_of(caplog)] == [True, True]


def test_a_webhook_behind_a_proxy_needs_only_the_proxy(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    for host, server in {
        "hooks.example.com": Server("proxy.example", 3128),
        "inside.example": Server("inside.example", 443),
    }.items():
        configure({"messages": {"webhook_url": f"https://{host}/s3cret"}})
        (channel,) = find_channels()
        assert (channel.where, channel.server) == (host, server)


@pytest.mark.parametrize(
    ("is_terminal", "force_send", "n_asked"),
    [(True, "false", 0), (True, "true", 1), (False, "", 1)],
)
def test_the_mail_server_is_asked_only_if_luigi_would_send(
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_terminal: bool,
    force_send: str,
    n_asked: int,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    wanted: Mapping[str, Any] = {"force_send": force_send or "false"}
    configure(changed(to_mail(1), "email", **wanted))
    check_at_start()
    assert len(warnings_of(caplog)) == n_asked
