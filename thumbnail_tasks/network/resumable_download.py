"""Download one large file in any number of pieces.

The part downloaded so far is kept beside the final path and survives the process. The next try
requests only the rest, and only of the same file (If-Range).
"""

import contextlib
import fcntl
import json
import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import requests
from urllib3.exceptions import HTTPError

logger = logging.getLogger(__name__)

_CHUNK_BYTES: Final = 1 << 20
_TIMEOUTS_S: Final = (10.0, 60.0)
"""Timeouts to connect, and between two bytes."""

_TRIES: Final = 5
"""Maximum number of consecutive tries that receive no further byte."""
_TRIES_WITHOUT_RESPONSE: Final = 2
"""Low, so that a machine without a network reports it quickly."""
_BACKOFF_S = 1.0

Advance = Callable[[int, int | None], None]
"""Called with the number of bytes so far, and the total if known."""


class DownloadError(Exception):
    """Why a download is incomplete; the caller adds what to do."""

    def __init__(self, reason: str, max_tries: int = 1) -> None:
        super().__init__(reason)
        self.max_tries = max_tries


class Origin(NamedTuple):
    """The file on the server to which a part belongs."""

    validator: str
    """Its strong ETag, or else Last-Modified; empty: the download cannot be resumed."""
    n_bytes: int | None


class Part:
    """The part of a file downloaded so far, and the state of the server's file."""

    def __init__(self, path: Path) -> None:
        """The part of the file that will be at ``path``, in two hidden files beside it."""
        self.path = path.with_name(f".{path.name}.part")
        self._about = path.with_name(f".{path.name}.part.json")

    @property
    def n_bytes(self) -> int:
        """Number of bytes downloaded."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin | None:
        """The file that the part belongs to; None if there is no part, or it is unknown."""
        try:
            origin = Origin(**json.loads(self._about.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return origin if origin.validator and self.n_bytes else None

    def begin(self, origin: Origin) -> None:
        """Drop the part and start again; in this order, or a kill could mix two files."""
        self.path.write_bytes(b"")
        self._about.write_text(json.dumps(origin._asdict()))

    def remove(self) -> None:
        """Drop the part: the next download starts from the beginning."""
        self.path.unlink(missing_ok=True)
        self.forget_origin()

    def forget_origin(self) -> None:
        """Remove the state of the server's file, after the part has been published."""
        self._about.unlink(missing_ok=True)


def download(url: str, part: Part, n_bytes: int | None, advance: Advance) -> None:
    """Complete a partial download.

    Args:
        url: The address.
        part: The part downloaded so far; the whole file on return.
        n_bytes: Expected size of the file, if known.
        advance: Called with the number of bytes so far, and the total if known.

    Raises:
        DownloadError: The file is incomplete, or has another size. The part is kept, unless it
            cannot belong to this file.
        OSError: The part cannot be written.
    """
    furthest, tries, max_tries = part.n_bytes, 0, 0
    while True:
        try:
            return _download_once(url, part, n_bytes, advance)
        except DownloadError as error:
            tries = 1 if part.n_bytes > furthest else tries + 1
            furthest = max(furthest, part.n_bytes)
            max_tries = max(max_tries, error.max_tries)  # it may respond again
            if error.max_tries == 1 or tries >= max_tries:
                raise
        time.sleep(random.uniform(0.5, 1) * _BACKOFF_S * 2 ** (tries - 1))


def _download_once(url: str, part: Part, n_bytes: int | None, advance: Advance) -> None:
    origin = part.origin()
    if origin and part.n_bytes == origin.n_bytes:
        return  # killed between the last byte and the check
    headers = {"User-Agent": "thumbnail-tasks", "Accept-Encoding": "identity"}
    if origin:
        headers |= {"Range": f"bytes={part.n_bytes}-", "If-Range": origin.validator}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUTS_S) as response:
            total = _prepare(part, origin, response)
            if total and n_bytes and total != n_bytes:
                part.remove()
                raise DownloadError(f"{total} bytes")
            _append(part, response, total or n_bytes, advance)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise DownloadError(_short(error), _TRIES_WITHOUT_RESPONSE) from error
    except (requests.RequestException, HTTPError, UnicodeError) as error:  # not an address
        raise DownloadError(_short(error)) from error


def _prepare(part: Part, origin: Origin | None, response: requests.Response) -> int | None:
    """Prepare the part for the response's bytes; returns the total size, if known."""
    code, now = response.status_code, Origin(_validator(response), _whole_size(response))
    if code == 200:  # the first try; or the file has changed, or the server has no ranges
        part.begin(now)
        return now.n_bytes
    if code == 206 and origin and now.validator in ("", origin.validator):
        first_byte = response.headers.get("Content-Range", "").partition("-")[0]
        if first_byte == f"bytes {part.n_bytes}":
            return now.n_bytes
    if code in (206, 416):
        part.remove()
        raise DownloadError(f"HTTP {code}, but not the rest of the file", _TRIES)
    is_transient = code >= 500 or code in (408, 425, 429)
    raise DownloadError(f"HTTP {code} {response.reason}", _TRIES if is_transient else 1)


def _append(part: Part, response: requests.Response, total: int | None, advance: Advance) -> None:
    with part.path.open("ab") as file:
        advance(file.tell(), total)
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES):
                file.write(chunk)
                file.flush()  # data in the system's cache survives a killed process
                advance(file.tell(), total)
                if total and file.tell() > total:
                    break
        except HTTPError as error:
            at = f"broke off after {file.tell()} of {total or 'unknown'} bytes"
            raise DownloadError(f"{at}: {_short(error)}", _TRIES) from error
    found = part.n_bytes
    if total and found > total:
        part.remove()
        raise DownloadError(f"more than {total} bytes")
    if total and found < total:
        raise DownloadError(f"broke off after {found} of {total} bytes", _TRIES)


def _validator(response: requests.Response) -> str:
    etag = response.headers.get("ETag", "")
    is_strong = etag and not etag.startswith("W/")  # a weak one may match other bytes
    return etag if is_strong else response.headers.get("Last-Modified", "")


def _whole_size(response: requests.Response) -> int | None:
    """The size of the whole file in bytes; None if the response does not give it."""
    if response.status_code == 206:
        size = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        size = response.headers.get("Content-Length", "")
    return int(size) if re.fullmatch("[0-9]+", size) else None


def _short(error: Exception) -> str:
    """The error's innermost reason, on one line."""
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", None) or inner
    return " ".join(f"{type(error).__name__}: {reason}".split())[:300]


@contextlib.contextmanager
def hold_download_lock(path: Path) -> Iterator[None]:
    """Wait until no other process is downloading to ``path``.

    Holds a kernel lock on a hidden file beside it, which is released however the process ends.
    """
    lock = path.with_name(f".{path.name}.lock")
    while True:
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("Waiting for another process that is downloading %s", path)
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_same_file(lock, file.fileno()):
                continue  # its holder has removed the file, and another process may lock a new one
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
