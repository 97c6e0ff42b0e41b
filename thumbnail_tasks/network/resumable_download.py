"""Download one large file in as many pieces as it takes.

What has come so far stays beside the place of the file, in a part that survives the process.
The next try asks the server for the rest only, and only of the very same file (If-Range).
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
"""To connect; without a byte."""

_TRIES: Final = 5
"""In a row without a further byte."""
_TRIES_WITHOUT_ANSWER: Final = 2
"""A machine without a network is to say so soon."""
_BACKOFF_S = 1.0

Advance = Callable[[int, int | None], None]
"""Told how many bytes there are, and how many there will be, if that is known."""


class DownloadError(Exception):
    """Why an address gave no whole file; who wanted it says what to do."""

    def __init__(self, reason: str, worth_tries: int = 1) -> None:
        super().__init__(reason)
        self.worth_tries = worth_tries


class Origin(NamedTuple):
    """The file on the server that a part is of."""

    validator: str
    """Its ETag or, where that is none or weak, Last-Modified; empty: it cannot be resumed."""
    n_bytes: int | None


class Part:
    """What has come of a file so far, and of which state of the server's file it is."""

    def __init__(self, path: Path) -> None:
        """The part of the file that is to be at ``path``, in two hidden files beside it."""
        self.path = path.with_name(f".{path.name}.part")
        self._about = path.with_name(f".{path.name}.part.json")

    @property
    def n_bytes(self) -> int:
        """How much there is."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin | None:
        """What the part is of; None where nothing has come, or nobody knows of what."""
        try:
            origin = Origin(**json.loads(self._about.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return origin if origin.validator and self.n_bytes else None

    def begin(self, origin: Origin) -> None:
        """Drop what there is, and begin anew; in this order, or a kill would mix two files."""
        self.path.write_bytes(b"")
        self._about.write_text(json.dumps(origin._asdict()))

    def remove(self) -> None:
        """Drop it: the next download begins anew."""
        self.path.unlink(missing_ok=True)
        self.forget_origin()

    def forget_origin(self) -> None:
        """Remove what is left beside a file that is whole and in its place."""
        self._about.unlink(missing_ok=True)


def download(url: str, part: Part, n_bytes: int | None, advance: Advance) -> None:
    """Complete a part, from where it is.

    Args:
        url: The address.
        part: What there is of the file; when this ends well, all of it.
        n_bytes: The size that the file is to have, if that is known.
        advance: Told how far it is.

    Raises:
        DownloadError: The file did not come, or is of another size. What has come is kept,
            unless it cannot be of this file.
        OSError: The part cannot be written.
    """
    furthest, tries, worth_tries = part.n_bytes, 0, 0
    while True:
        try:
            return _download_once(url, part, n_bytes, advance)
        except DownloadError as error:
            tries = 1 if part.n_bytes > furthest else tries + 1
            furthest = max(furthest, part.n_bytes)
            worth_tries = max(worth_tries, error.worth_tries)  # who has answered may do so again
            if error.worth_tries == 1 or tries >= worth_tries:
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
        raise DownloadError(_short(error), _TRIES_WITHOUT_ANSWER) from error
    except (requests.RequestException, HTTPError, UnicodeError) as error:  # no address
        raise DownloadError(_short(error)) from error


def _prepare(part: Part, origin: Origin | None, response: requests.Response) -> int | None:
    """Make the part ready for the answer's bytes; gives the size of the whole, if known."""
    code, now = response.status_code, Origin(_validator(response), _whole_size(response))
    if code == 200:  # the first time; or the file is another one now, or there are no ranges
        part.begin(now)
        return now.n_bytes
    if code == 206 and origin and now.validator in ("", origin.validator):
        first_byte = response.headers.get("Content-Range", "").partition("-")[0]
        if first_byte == f"bytes {part.n_bytes}":
            return now.n_bytes
    if code in (206, 416):
        part.remove()
        raise DownloadError(f"HTTP {code}, but not the rest of the file", _TRIES)
    may_pass = code >= 500 or code in (408, 425, 429)
    raise DownloadError(f"HTTP {code} {response.reason}", _TRIES if may_pass else 1)


def _append(part: Part, response: requests.Response, total: int | None, advance: Advance) -> None:
    with part.path.open("ab") as file:
        advance(file.tell(), total)
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES):
                file.write(chunk)
                file.flush()  # what the system has outlasts a killed process
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
    is_strong = etag and not etag.startswith("W/")  # a weak one may stand for other bytes
    return etag if is_strong else response.headers.get("Last-Modified", "")


def _whole_size(response: requests.Response) -> int | None:
    """The size of the whole file, of which a 206 is a piece; None where it is not said."""
    if response.status_code == 206:
        said = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        said = response.headers.get("Content-Length", "")
    return int(said) if re.fullmatch("[0-9]+", said) else None


def _short(error: Exception) -> str:
    """The error's innermost reason, on one line."""
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", None) or inner
    return " ".join(f"{type(error).__name__}: {reason}".split())[:300]


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is about to put something at ``path``.

    The lock is the kernel's, on a hidden file beside: it goes with the process, however that ends.
    """
    lock = path.with_name(f".{path.name}.lock")
    while True:
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("Waiting for another process that is downloading %s", path)
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(lock, file.fileno()):
                continue  # who held it has removed the file: somebody may lock a new one
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
