"""The channels of messages about runs: their settings and servers, checked without sending."""

import contextlib
import logging
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import luigi
import requests
from luigi import notifications

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError

logger = logging.getLogger(__name__)

Section = TypeVar("Section", bound=luigi.Config)

_WAIT_S = 3.0
"""Seconds in which the servers of all channels must accept a connection."""
_PROBE: Final = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2]))).close()
except (OSError, UnicodeError) as error:
    sys.exit(getattr(error, "strerror", None) or str(error))
"""
_PACKAGES: Final = {"ses": "boto3", "sns": "boto3", "sendgrid": "sendgrid"}
"""What Luigi imports for each method of ``[email]``, and does not install."""
_ADDRESS: Final = re.compile(r"(?:[^<>]*<)?([^\s<>@]+@[^\s<>@]+)>?")
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
_PORTS: Final = {"http": 80, "https": 443}


class Server(NamedTuple):
    """A server that a channel connects to."""

    host: str
    port: int


class Channel(NamedTuple):
    """A configured channel."""

    setting: str
    """The setting that names its server, as in ``[smtp] host``."""
    where: str
    """Its host or method, as in ``hooks.example.com``; the rest of a webhook's URL is secret."""
    label: str
    """For display, as in ``webhook at hooks.example.com``."""
    server: Server | None
    """None if the package of the method chooses it."""
    timeout_s: float = 0.0
    """Its timeout for a single step, in seconds; 0: none."""
    is_email: bool = False

    @property
    def name(self) -> str:
        """Its name in messages, as in ``[smtp] host (smtp.example.com)``."""
        return f"{self.setting} ({self.where})"


class UnreachableError(ThumbnailTasksError):
    """The server of a channel accepts no connection at the moment."""


def find_channels() -> list[Channel]:
    """All configured channels.

    Raises:
        SettingsError: With these settings no message can ever be sent.
    """
    return [channel for channel in (find_webhook(), find_email()) if channel]


def find_webhook() -> Channel | None:
    """The webhook; None if there is none.

    Raises:
        SettingsError: Its address can never work; the message does not contain it.
    """
    url, timeout_s = settings.messages().webhook_url, settings.messages().webhook_timeout_s
    if not url:
        return None
    fault, host, port = "", None, None
    try:
        scheme, host, port = urlsplit(url).scheme, urlsplit(url).hostname, urlsplit(url).port
        if scheme not in _PORTS:
            fault = "no http:// or https:// at its start"
        elif not host:
            fault = "no host"
        else:
            requests.Request("POST", url).prepare()
    except (ValueError, requests.RequestException):
        fault = "a host or port that cannot be read"
    if fault or not host:
        raise SettingsError(
            "[messages] webhook_url: expected an address as in https://hooks.example.com/…; "
            f"found: {fault} (it is not shown, as it is secret)"
        )
    server = _proxy_of(url) or Server(host, port or _PORTS[scheme])
    return Channel("[messages] webhook_url", host, f"webhook at {host}", server, timeout_s)


def _proxy_of(url: str) -> Server | None:
    """The proxy through which requests connects, as HTTPS_PROXY and the like say."""
    with contextlib.suppress(ValueError):  # no address
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.hostname:
            return Server(parts.hostname, parts.port or _PORTS.get(parts.scheme, 1080))
    return None


def read_quietly(section: type[Section]) -> Section:
    """Read a section of Luigi's own, which warns of its own defaults.

    Raises:
        SettingsError: A value cannot be parsed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return section()


def find_email() -> Channel | None:
    """Luigi's e-mail; None without a receiver, or with ``format = none``.

    Raises:
        SettingsError: Its settings can never work.
    """
    email = read_quietly(notifications.email)
    receivers = [each.strip() for each in email.receiver.split(",") if each.strip()]
    if not receivers or email.format == "none":
        return None
    package = _PACKAGES.get(email.method)
    if package and find_spec(package) is None:
        raise SettingsError(
            f"[email] method = {email.method}: expected the package {package}; not installed. "
            f"Install it: {sys.executable} -m pip install {package}"
        )
    label = f"e-mail to {', '.join(receivers)}"
    by_package = Channel("[email] method", email.method, f"{label} by {email.method}", None)
    by_package = by_package._replace(is_email=True)
    if email.method == "sns":
        if not receivers[0].startswith("arn:"):
            raise SettingsError(
                "[email] receiver: expected the ARN of a topic, as in arn:aws:sns:…, for "
                f"method = sns; found: {receivers[0]!r}"
            )
        return by_package
    if email.method == "sendgrid":
        _require_sendgrid_key()
    smtp = read_quietly(notifications.smtp)
    server = _smtp_server(smtp) if email.method == "smtp" else None
    is_local = server is not None and server.host in _LOCAL_HOSTS
    for address in receivers:
        _check_address("receiver", address, is_local)
    if email.sender:
        _check_address("sender", email.sender, is_local)
    if server is None:
        return by_package
    label = f"{label} through {server.host}"
    return Channel("[smtp] host", server.host, label, server, smtp.timeout, is_email=True)


def _require_sendgrid_key() -> None:
    try:
        read_quietly(notifications.sendgrid)
    except SettingsError as error:
        raise SettingsError(
            "[sendgrid] apikey: expected the key for [email] method = sendgrid; found none"
        ) from error


def _check_address(setting: str, text: str, is_local: bool) -> None:
    """Refuse what no mail server takes; a local one also takes the name of a user."""
    match = _ADDRESS.fullmatch(text)
    address = match[1] if match else text if is_local else ""
    if not re.fullmatch(r"[!-~]+", address):
        raise SettingsError(
            f"[email] {setting}: expected an address as in night@example.org, in ASCII; "
            f"found: {text!r}"
        )


def _smtp_server(smtp: notifications.smtp) -> Server:
    """The mail server, with the port that Python's smtplib connects to."""
    host, port = smtp.host, smtp.port
    if not port and host.count(":") == 1:
        host, _, text = host.partition(":")
        port = int(text) if text.isdecimal() else -1
    if not host or re.search(r"\s|/", host) or not _can_be_looked_up(host):
        raise SettingsError(f"[smtp] host: expected the name of a server; found: {smtp.host!r}")
    if not 0 <= port < 65536:
        found = smtp.port or smtp.host
        raise SettingsError(f"[smtp] port: expected a number from 0 to 65535; found: {found}")
    if smtp.timeout < 0:
        raise SettingsError(f"[smtp] timeout: expected seconds; found: {smtp.timeout}")
    if smtp.username and smtp.password:
        for name in ("username", "password"):
            if not getattr(smtp, name).isascii():
                raise SettingsError(
                    f"[smtp] {name}: expected ASCII, as Python's smtplib sends nothing else; "
                    "found other characters"
                )
    return Server(host, port or (465 if smtp.ssl else 25))


def _can_be_looked_up(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def check_at_start() -> None:
    """Check the channels of a run that begins; a server that is out of reach is one warning.

    Nothing is sent. E-mail's server is asked only if Luigi would send: not from a terminal.

    Raises:
        SettingsError: With these settings no message can ever be sent.
    """
    channels = find_channels()
    if sys.stdout.isatty() and not read_quietly(notifications.email).force_send:
        channels = [channel for channel in channels if not channel.is_email]
    faults = []
    with contextlib.suppress(OSError):  # no process can be started: the run will say so
        faults = find_unreachable(channels)
    for fault in faults:
        logger.warning("%s. A message about this run may not arrive", fault)


def describe_channels() -> str:
    """All configured channels in one line, after asking each server.

    Raises:
        SettingsError: As ``find_channels``.
        UnreachableError: A server accepts no connection.
    """
    channels = find_channels()
    if faults := find_unreachable(channels):
        raise UnreachableError("; ".join(faults))
    if not channels:
        return "none configured ([messages] webhook_url, [email] receiver)"
    return "; ".join(channel.label for channel in channels)


def find_unreachable(channels: Sequence[Channel]) -> list[str]:
    """What is wrong with each server that accepts no connection within three seconds.

    Each is asked by a process of its own: a silent name server cannot be interrupted in this one,
    and a thread would still be there when Luigi forks.
    """
    if not (asked := [channel for channel in channels if channel.server]):
        return []
    faults = []
    deadline_s = time.monotonic() + _WAIT_S
    probes = [_ask(channel.server) for channel in asked if channel.server]
    for channel, probe in zip(asked, probes, strict=True):
        try:
            _, found = probe.communicate(timeout=max(deadline_s - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            probe.kill()
            probe.communicate()
            found = f"no answer in {_WAIT_S:.0f} s"
        if probe.returncode:
            assert channel.server is not None
            host, port = channel.server
            faults.append(
                f"{channel.setting} ({host}:{port}): expected a server that accepts connections; "
                f"found: {' '.join(found.split()[-20:])}"
            )
    return faults


def _ask(server: Server) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROBE, server.host, str(server.port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
