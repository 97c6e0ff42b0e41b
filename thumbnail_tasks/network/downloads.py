"""Ask servers politely: pooled, bounded, paced per host, patient, and never for ever."""

import errno
import functools
import random
import threading
import time
from collections import defaultdict
from typing import NamedTuple
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as LateError

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.network.addresses import BlockedAddressError
from thumbnail_tasks.network.circuit_breaker import CircuitBreaker
from thumbnail_tasks.network.connections import GuardedSession, next_address

_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 5
_PASSING_HTTP = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_NO_HTTP = frozenset({404, 410})
_DETAIL_CHARS = 300


class Answer(NamedTuple):
    """What an address gave: bytes, or the reason why not."""

    url: str | None
    status: str
    """One of ``schemas.STATUSES``."""
    detail: str | None = None
    is_retriable: bool = False
    http_status: int | None = None
    image: bytes | None = None


class HostPace:
    """Spaces the requests to each host, and holds all of them while a host asks to wait."""

    def __init__(self, requests_per_second: float) -> None:
        self._interval_s = 1 / requests_per_second
        self._lock = threading.Lock()
        self._next_s: dict[str, float] = defaultdict(float)

    def wait(self, host: str) -> float:
        """Sleep until the next request to ``host`` is due; returns for how long."""
        with self._lock:
            now_s = time.monotonic()
            due_s = max(self._next_s[host], now_s)
            self._next_s[host] = due_s + self._interval_s
        wait_s = due_s - now_s
        if wait_s > 0:  # a sleep of no time hands the processor over
            time.sleep(wait_s)
        return wait_s

    def hold(self, host: str, seconds: float) -> None:
        """Let no request to ``host`` start within ``seconds`` from now."""
        with self._lock:
            self._next_s[host] = max(self._next_s[host], time.monotonic() + seconds)


class Downloader:
    """Fetches addresses from several threads under the limits of ``[thumbnails]``."""

    def __init__(self) -> None:
        self._limits = limits = settings.thumbnails()
        if limits.stop_after < 1:
            raise SettingsError(
                f"[thumbnails] stop_after: expected 1 or more; found: {limits.stop_after}"
            )
        self._pace = HostPace(limits.requests_per_second)
        self._watch = CircuitBreaker(limits.max_failure_rate, limits.stop_after)
        self._session = GuardedSession(
            limits.user_agent, limits.concurrency, limits.allow_private_addresses
        )

    def fetch(self, url: str) -> Answer:
        """The bytes at an address, tried again while the failure may pass.

        Waits between tries: what the server's Retry-After says, else exponential backoff
        with full jitter. A Retry-After beyond ``retry_after_max_s`` ends the tries.

        Raises:
            HostDownError: This host, or one asked before, fails too often: see ``CircuitBreaker``.
        """
        try:
            host = _host(url)
        except ValueError as error:
            return Answer(url, "invalid_link", _plain(error))
        for attempt in range(self._limits.retries + 1):
            self._pace.wait(host)
            self._watch.refuse()
            answer, retry_after_s = self._fetch_once(url)
            if not answer.is_retriable or attempt == self._limits.retries:
                break
            if retry_after_s is None:
                time.sleep(random.uniform(0, self._limits.backoff_s * 2**attempt))
            elif retry_after_s > self._limits.retry_after_max_s:
                break
            else:
                self._pace.hold(host, retry_after_s)
        if answer.is_retriable:
            self._watch.failed(host, answer.status, answer.detail)
        else:
            self._watch.succeeded(host)
        return answer

    def _fetch_once(self, url: str) -> tuple[Answer, float | None]:
        """One try, redirects included, within ``total_timeout_s``, waits for the pace aside."""
        limits = self._limits
        timeouts_s = (limits.connect_timeout_s, limits.read_timeout_s)
        deadline_s = time.monotonic() + limits.total_timeout_s
        address, code = url, None
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                with self._session.ask(address, timeouts_s, deadline_s) as response:
                    code = response.status
                    following = next_address(address, response)
                    if following is None:
                        return self._take(url, response), _retry_after_s(response)
                if urlsplit(following).scheme not in ("http", "https"):
                    detail = _plain(f"redirects to {following}")
                    return Answer(url, "http_error", detail, http_status=code), None
                address = following
                deadline_s += self._pace.wait(_host(address))
            except BlockedAddressError as error:
                return Answer(url, "blocked_address", _plain(error), http_status=code), None
            except (HTTPError, ValueError) as error:
                if time.monotonic() >= deadline_s:
                    detail = f"no whole answer in {limits.total_timeout_s} s"
                    return Answer(url, "timed_out", detail, True, code), None
                return _failure(url, error, code), None
        detail = f"redirects more than {_MAX_REDIRECTS} times"
        return Answer(url, "http_error", detail, http_status=code), None

    def _take(self, url: str, response: BaseHTTPResponse) -> Answer:
        """The bytes of an answer's body, never unfolded, or why they are not taken."""
        if response.status != 200:
            return _refusal(url, response)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            detail = _plain(f"sent as {encoding}, which was not asked for")
            return Answer(url, "not_an_image", detail, http_status=200)
        max_bytes = self._limits.max_bytes
        too_large = Answer(url, "too_large", f"over {max_bytes} bytes", http_status=200)
        if (response.length_remaining or 0) > max_bytes:
            return too_large
        chunks, n_bytes = [], 0
        while chunk := response.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            n_bytes += len(chunk)
            if n_bytes > max_bytes:
                return too_large
        return Answer(url, "ok", http_status=200, image=b"".join(chunks))


@functools.cache
def load_downloader() -> Downloader:
    """The process's one downloader: its pace, waits and connections outlast a shard."""
    return Downloader()


def _host(url: str) -> str:
    """The host that an address asks, as it is paced.

    Raises:
        ValueError: It is no address.
    """
    return urlsplit(url).hostname or ""


def _refusal(url: str, response: BaseHTTPResponse) -> Answer:
    code = response.status
    detail = _plain(f"HTTP {code} {response.reason}")
    if code in _NO_HTTP:
        return Answer(url, "not_found", detail, http_status=code)
    return Answer(url, "http_error", detail, code in _PASSING_HTTP, code)


def _retry_after_s(response: BaseHTTPResponse) -> float | None:
    """What ``Retry-After`` says, in seconds or as a date; None where it says nothing."""
    header = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(header) if header else None
    except (HTTPError, ValueError, OverflowError):  # no date, or one beyond the calendar
        return None


def _failure(url: str, error: Exception, redirected_by: int | None) -> Answer:
    """An error's status; ``redirected_by`` is the HTTP status that led there, if one did."""
    detail = _plain(f"{type(error).__name__}: {error}")
    if _is_invalid(error):
        status = "http_error" if redirected_by else "invalid_link"
        return Answer(url, status, detail, http_status=redirected_by)
    if isinstance(error, LateError) and not isinstance(error, NewConnectionError):
        status = "timed_out"
    else:
        status = "unreachable" if _is_unreachable(error) else "refused"
    return Answer(url, status, detail, is_retriable=True, http_status=redirected_by)


def _plain(about: object) -> str:
    """A server's or a library's words, fit to be shown at a terminal."""
    text = str(about)[:_DETAIL_CHARS]
    return "".join(char if char.isprintable() else " " for char in text)


def _is_invalid(error: Exception) -> bool:
    """Whether it is the address that is wrong."""
    return isinstance(error, LocationValueError) or not isinstance(error, HTTPError)


def _is_unreachable(error: Exception) -> bool:
    """Whether no such host, no route or a TLS failure; not by words, which may be the URL's."""
    return (
        isinstance(error, SSLError | NameResolutionError)
        or getattr(error.__cause__, "errno", None) in _NO_ROUTE
    )
