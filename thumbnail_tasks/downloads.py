"""Ask servers politely: pooled, bounded, paced per host, patient, and never for ever."""

import errno
import functools
import random
import threading
import time
from collections import defaultdict
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError
from urllib3.util import Retry

from thumbnail_tasks import settings

_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 5
_PASSING_HTTP = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_NO_HTTP = frozenset({404, 410})


class Answer(NamedTuple):
    """What an address gave: bytes, or the reason why not. Never an exception."""

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

    def wait(self, host: str) -> None:
        """Sleep until the next request to ``host`` is due."""
        with self._lock:
            due = max(self._next_s[host], time.monotonic())
            self._next_s[host] = due + self._interval_s
        time.sleep(max(0.0, due - time.monotonic()))

    def hold(self, host: str, seconds: float) -> None:
        """Let no request to ``host`` start within ``seconds`` from now."""
        with self._lock:
            self._next_s[host] = max(self._next_s[host], time.monotonic() + seconds)


class Downloader:
    """Fetches addresses from several threads under the limits of ``[thumbnails]``."""

    def __init__(self) -> None:
        self._limits = settings.thumbnails()
        self._pace = HostPace(self._limits.requests_per_second)
        self._session = requests.Session()
        self._session.max_redirects = _MAX_REDIRECTS
        self._session.headers.update(
            # Identity: a picture is compressed already, and no bomb can unfold.
            {"User-Agent": self._limits.user_agent, "Accept-Encoding": "identity"}
        )
        adapter = HTTPAdapter(pool_connections=8, pool_maxsize=self._limits.concurrency)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def fetch(self, url: str) -> Answer:
        """The bytes at an address, tried again while the failure may pass.

        Waits between tries: what the server's Retry-After says, else exponential backoff
        with full jitter. A Retry-After beyond ``retry_after_max_s`` ends the tries.
        """
        host = urlsplit(url).netloc
        for attempt in range(self._limits.retries + 1):
            self._pace.wait(host)
            answer, retry_after_s = self._fetch_once(url)
            if not answer.is_retriable or attempt == self._limits.retries:
                break
            if retry_after_s is None:
                time.sleep(random.uniform(0, self._limits.backoff_s * 2**attempt))
            elif retry_after_s > self._limits.retry_after_max_s:
                break
            else:
                self._pace.hold(host, retry_after_s)
        return answer

    def _fetch_once(self, url: str) -> tuple[Answer, float | None]:
        limits = self._limits
        deadline = time.monotonic() + limits.total_timeout_s
        timeouts = (limits.connect_timeout_s, limits.read_timeout_s)
        try:
            with self._session.get(url, stream=True, timeout=timeouts) as response:
                if response.status_code != 200:
                    return _refusal(url, response)
                image = bytearray()
                # read1 gives what has come: a byte a second does not hide from the deadline.
                while chunk := response.raw.read1(_CHUNK_BYTES):
                    image += chunk
                    if len(image) > limits.max_bytes:
                        detail = f"over {limits.max_bytes} bytes"
                        return Answer(url, "too_large", detail, http_status=200), None
                    if time.monotonic() > deadline:
                        detail = f"no whole answer in {limits.total_timeout_s} s"
                        return Answer(url, "timed_out", detail, True, 200), None
                return Answer(url, "ok", http_status=200, image=bytes(image)), None
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            return _failure(url, error), None


@functools.cache
def load_downloader() -> Downloader:
    """The process's one downloader: its pace, waits and connections outlast a shard."""
    return Downloader()


def _refusal(url: str, response: requests.Response) -> tuple[Answer, float | None]:
    code = response.status_code
    detail = f"HTTP {code} {response.reason}"
    if code in _NO_HTTP:
        return Answer(url, "not_found", detail, http_status=code), None
    answer = Answer(url, "http_error", detail, code in _PASSING_HTTP, code)
    return answer, _retry_after_s(response)


def _retry_after_s(response: requests.Response) -> float | None:
    """What ``Retry-After`` says, in seconds or as a date; None where it says nothing."""
    header = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(header) if header else None
    except HTTPError:
        return None


def _failure(url: str, error: Exception) -> Answer:
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(
        error,
        requests.exceptions.InvalidURL
        | requests.exceptions.InvalidSchema
        | requests.exceptions.MissingSchema
        | UnicodeError,
    ):
        return Answer(url, "invalid_link", detail)
    if isinstance(error, requests.TooManyRedirects):
        return Answer(url, "http_error", detail)
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return Answer(url, "timed_out", detail, is_retriable=True)
    status = "unreachable" if _is_unreachable(error) else "refused"
    return Answer(url, status, detail, is_retriable=True)


def _is_unreachable(error: Exception) -> bool:
    """Whether no such host, no route or a TLS failure; not by words, which may be the URL's."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return (
        isinstance(error, requests.exceptions.SSLError)
        or isinstance(reason, NameResolutionError)
        or getattr(getattr(reason, "__cause__", None), "errno", None) in _NO_ROUTE
    )
