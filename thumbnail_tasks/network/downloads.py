"""Polite downloads: pooled connections, a rate limit per host, retries, and deadlines."""

import errno
import functools
import math
import multiprocessing
import random
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
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
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.network.addresses import BlockedAddressError
from thumbnail_tasks.network.circuit_breaker import CircuitBreaker
from thumbnail_tasks.network.connections import GuardedSession, next_address
from thumbnail_tasks.network.validators import NO_VALIDATORS, Validators, read_validators

_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 5
_TRANSIENT_HTTP = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_MISSING_HTTP = frozenset({404, 410})
_DETAIL_CHARS = 300


class FetchResult(NamedTuple):
    """The result of fetching an address: bytes, or the reason why there are none."""

    url: str | None
    status: str
    """One of ``schemas.STATUSES``; ``not_modified`` as the answer to a conditional request."""
    detail: str | None = None
    is_retriable: bool = False
    http_status: int | None = None
    image: bytes | None = None
    fetched_at: datetime | None = None
    """When the answer had arrived, in whole seconds, UTC."""
    etag: str | None = None
    last_modified: str | None = None


class HostPace:
    """Limits the rate of requests to each host, and pauses them on a host's Retry-After."""

    def __init__(self, requests_per_second: float) -> None:
        self._interval_s = 1 / requests_per_second
        self._lock = threading.Lock()
        self._next_s: dict[str, float] = defaultdict(float)

    def wait(self, host: str) -> float:
        """Sleep until the next request to ``host`` is due; returns the seconds slept."""
        with self._lock:
            now_s = time.monotonic()
            due_s = max(self._next_s[host], now_s)
            self._next_s[host] = due_s + self._interval_s
        wait_s = due_s - now_s
        if wait_s > 0:  # sleeping for 0 s yields the CPU
            time.sleep(wait_s)
        return wait_s

    def hold(self, host: str, seconds: float) -> None:
        """Start no request to ``host`` for this many seconds."""
        with self._lock:
            self._next_s[host] = max(self._next_s[host], time.monotonic() + seconds)


class LockLostError(ThumbnailTasksError):
    """This process may download no more, as another one may have begun to."""


_may_until = multiprocessing.RawValue("d", math.inf)
"""Shared with the child process, which downloads, by the one that holds the lock on downloads."""


def allow_until(monotonic_s: float) -> None:
    """Allow this process and its forks to start requests until a moment of ``time.monotonic``."""
    _may_until.value = monotonic_s


def _require_permission() -> None:
    if time.monotonic() > _may_until.value:
        raise LockLostError(
            "expected to be the only one that downloads; found that its lock could not be renewed, "
            "so that another run may download"
        )


class Downloader:
    """Fetches addresses within the limits of ``[thumbnails]``; thread-safe."""

    def __init__(self) -> None:
        self._limits = limits = settings.thumbnails()
        self._pace = HostPace(limits.requests_per_second)
        self._breaker = CircuitBreaker(limits.max_failure_rate, limits.stop_after)
        self._session = GuardedSession(
            limits.user_agent, limits.concurrency, limits.allow_private_addresses
        )

    def fetch(self, url: str, validators: Validators = NO_VALIDATORS) -> FetchResult:
        """Fetch the bytes at an address, with retries of transient failures.

        Retries wait for the server's Retry-After, or else with exponential backoff and full
        jitter. A Retry-After beyond ``retry_after_max_s`` ends the retries.

        Args:
            url: The address.
            validators: From an earlier result of the same address; if the server says that they
                still hold (HTTP 304), the status is ``not_modified``, and there are no bytes.

        Raises:
            HostDownError: This host, or an earlier one, fails too often: see ``CircuitBreaker``.
            LockLostError: See ``allow_until``.
        """
        try:
            host = _host(url)
        except ValueError as error:
            return FetchResult(url, "invalid_link", _plain(error))
        for retry in range(self._limits.retries + 1):
            self._pace.wait(host)
            self._breaker.check()
            _require_permission()
            result, retry_after_s = self._fetch_once(url, validators)
            if not result.is_retriable or retry == self._limits.retries:
                break
            if retry_after_s is None:
                time.sleep(random.uniform(0, self._limits.backoff_s * 2**retry))
            elif retry_after_s > self._limits.retry_after_max_s:
                break
            else:
                self._pace.hold(host, retry_after_s)
        if result.is_retriable:
            self._breaker.record_failure(host, result.status, result.detail)
        else:
            self._breaker.record_success(host)
        return result._replace(fetched_at=datetime.fromtimestamp(int(time.time()), UTC))

    def _fetch_once(self, url: str, validators: Validators) -> tuple[FetchResult, float | None]:
        """One try, redirects included, within ``total_timeout_s`` plus waits of the rate limit.

        Returns:
            The result, and the seconds of the response's Retry-After, if it has one.
        """
        limits = self._limits
        timeouts_s = (limits.connect_timeout_s, limits.read_timeout_s)
        deadline_s = time.monotonic() + limits.total_timeout_s
        address, code = url, None
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                # They are those of this resource, and of none that it redirects to.
                of_address = validators if address == url else NO_VALIDATORS
                with self._session.request(
                    address, timeouts_s, deadline_s, of_address.headers()
                ) as response:
                    code = response.status
                    if code == 304 and any(of_address):
                        return _not_modified(url, response, of_address), None
                    following = next_address(address, response)
                    if following is None:
                        result = self._read_body(url, response)
                        if result.image is not None and address == url:
                            result = result._replace(**read_validators(response.headers)._asdict())
                        return result, _retry_after_s(response)
                if urlsplit(following).scheme not in ("http", "https"):
                    detail = _plain(f"redirects to {following}")
                    return FetchResult(url, "http_error", detail, http_status=code), None
                address = following
                deadline_s += self._pace.wait(_host(address))
            except BlockedAddressError as error:
                return FetchResult(url, "blocked_address", _plain(error), http_status=code), None
            except (HTTPError, ValueError) as error:
                if time.monotonic() >= deadline_s:
                    detail = f"no complete response in {limits.total_timeout_s} s"
                    return FetchResult(url, "timed_out", detail, True, code), None
                return _failure(url, error, code), None
        detail = f"redirects more than {_MAX_REDIRECTS} times"
        return FetchResult(url, "http_error", detail, http_status=code), None

    def _read_body(self, url: str, response: BaseHTTPResponse) -> FetchResult:
        """The body of a response, never decompressed, or the reason to reject it."""
        if response.status != 200:
            return _refusal(url, response)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            detail = _plain(f"sent as {encoding}, which was not requested")
            return FetchResult(url, "not_an_image", detail, http_status=200)
        max_bytes = self._limits.max_bytes
        too_large = FetchResult(url, "too_large", f"over {max_bytes} bytes", http_status=200)
        if (response.length_remaining or 0) > max_bytes:
            return too_large
        chunks, n_bytes = [], 0
        while chunk := response.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            n_bytes += len(chunk)
            if n_bytes > max_bytes:
                return too_large
        return FetchResult(url, "ok", http_status=200, image=b"".join(chunks))


@functools.cache
def load_downloader() -> Downloader:
    """The downloader of this process: rate limits and connections last beyond a shard."""
    return Downloader()


def _host(url: str) -> str:
    """The host of an address, for the rate limit.

    Raises:
        ValueError: It is not an address.
    """
    return urlsplit(url).hostname or ""


def _not_modified(url: str, response: BaseHTTPResponse, known: Validators) -> FetchResult:
    """The result of HTTP 304, with the new validators if the server has sent some."""
    new = read_validators(response.headers)
    return FetchResult(
        url,
        "not_modified",
        http_status=response.status,
        etag=new.etag or known.etag,
        last_modified=new.last_modified or known.last_modified,
    )


def _refusal(url: str, response: BaseHTTPResponse) -> FetchResult:
    code = response.status
    detail = _plain(f"HTTP {code} {response.reason}")
    if code in _MISSING_HTTP:
        return FetchResult(url, "not_found", detail, http_status=code)
    return FetchResult(url, "http_error", detail, code in _TRANSIENT_HTTP, code)


def _retry_after_s(response: BaseHTTPResponse) -> float | None:
    """The seconds of ``Retry-After``, given in seconds or as a date; None without one."""
    header = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(header) if header else None
    except (HTTPError, ValueError, OverflowError):  # not a date, or out of range
        return None


def _failure(url: str, error: Exception, redirected_by: int | None) -> FetchResult:
    """The result for an error; ``redirected_by`` is the HTTP status of a redirect before it."""
    detail = _plain(f"{type(error).__name__}: {error}")
    if _is_invalid(error):
        status = "http_error" if redirected_by else "invalid_link"
        return FetchResult(url, status, detail, http_status=redirected_by)
    if isinstance(error, LateError) and not isinstance(error, NewConnectionError):
        status = "timed_out"
    else:
        status = "unreachable" if _is_unreachable(error) else "refused"
    return FetchResult(url, status, detail, is_retriable=True, http_status=redirected_by)


def _plain(about: object) -> str:
    """A message of a server or library, safe to print on a terminal."""
    text = str(about)[:_DETAIL_CHARS]
    return "".join(char if char.isprintable() else " " for char in text)


def _is_invalid(error: Exception) -> bool:
    """Whether the address itself is wrong."""
    return isinstance(error, LocationValueError) or not isinstance(error, HTTPError)


def _is_unreachable(error: Exception) -> bool:
    """Whether there is no such host, no route or a TLS failure.

    Not judged by the message, which may contain the URL.
    """
    return (
        isinstance(error, SSLError | NameResolutionError)
        or getattr(error.__cause__, "errno", None) in _NO_ROUTE
    )
