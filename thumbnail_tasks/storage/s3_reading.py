"""Read an object of a bucket: all of it in one request, or some ranges."""

import io
import itertools
import os
import re
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pyarrow as pa

from thumbnail_tasks.storage import s3_client
from thumbnail_tasks.storage.s3_client import S3Error, client, naming_errors, split

T = TypeVar("T")

_BLOCK_BYTES: Final = 1 << 16
_MAX_IN_MEMORY_BYTES: Final = 64 << 20
"""Larger objects are read whole through a temporary file."""
_PIECE_BYTES: Final = 1 << 20


class _CutError(Exception):
    """A body ended before its announced end, or its connection was lost."""


def open_whole(address: str) -> pa.NativeFile:
    """Read an object with one request.

    Raises:
        OSError: It cannot be read.
    """
    bucket, key = split(address)

    def get() -> pa.NativeFile:
        answer = client().get_object(Bucket=bucket, Key=key)
        n_bytes = int(answer["ContentLength"])
        if n_bytes <= _MAX_IN_MEMORY_BYTES:
            return pa.BufferReader(_read_body(answer, n_bytes))
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with what is returned
        n_read = 0
        while piece := _read_piece(answer["Body"]):
            n_read += len(piece)
            file.write(piece)
        if n_read != n_bytes:
            raise _CutError(f"{n_read} of {n_bytes} bytes")
        return pa.PythonFile(file, mode="r")

    return _until_complete(address, get)


def read_start(address: str, n_bytes: int) -> bytes:
    """The first bytes of an object, or all of it.

    Raises:
        OSError: It cannot be read.
    """
    bucket, key = split(address)

    def get() -> bytes:
        answer = client().get_object(Bucket=bucket, Key=key)
        n_wanted = min(n_bytes, int(answer["ContentLength"]))
        data = b""
        while len(data) < n_wanted and (piece := _read_piece(answer["Body"])):
            data += piece
        answer["Body"].close()
        if len(data) < n_wanted:
            raise _CutError(f"{len(data)} of {n_wanted} bytes")
        return data[:n_bytes]

    return _until_complete(address, get)


def open_ranges(address: str) -> pa.NativeFile:
    """Open an object of which only some ranges will be read; all are of one state of it.

    Raises:
        OSError: It cannot be read.
    """
    return pa.PythonFile(io.BufferedReader(_Ranges(address), _BLOCK_BYTES), mode="r")


class _Ranges(io.RawIOBase):
    """An object's blocks, each of which is read once, and kept in a temporary file.

    Two columns of ten million rows are 3 GB.
    """

    def __init__(self, address: str) -> None:
        self._address, self._at = address, 0
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        self._blocks: set[int] = set()
        """Those that the file has: where they start in the object, and there."""
        self._etag = ""
        # A Parquet file's footer is at its end; the answer also tells the size.
        end, self._n_bytes = self._get(f"bytes=-{_BLOCK_BYTES}")
        first = self._n_bytes - len(end)
        whole = -(-first // _BLOCK_BYTES) * _BLOCK_BYTES
        self._keep(whole, end[whole - first :])

    def _get(self, range_header: str) -> tuple[bytes, int]:
        """The bytes of a range, and the size of the object."""
        bucket, key = split(self._address)
        same = {"IfMatch": self._etag} if self._etag else {}

        def get() -> tuple[bytes, int]:
            answer = client().get_object(Bucket=bucket, Key=key, Range=range_header, **same)
            self._etag = answer["ETag"]
            n_bytes = int(answer["ContentLength"])
            size = re.search(r"/(\d+)$", answer.get("ContentRange", ""))
            return _read_body(answer, n_bytes), int(size[1]) if size else n_bytes

        return _until_complete(self._address, get)

    def _keep(self, start: int, data: bytes) -> None:
        """Keep bytes that begin with a block."""
        os.pwrite(self._kept.fileno(), data, start)
        self._blocks.update(range(start, start + len(data), _BLOCK_BYTES))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._n_bytes}
        self._at = before[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._kept.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._n_bytes)
        if end <= self._at:
            return 0
        first = self._at // _BLOCK_BYTES * _BLOCK_BYTES
        self._fetch([at for at in range(first, end, _BLOCK_BYTES) if at not in self._blocks])
        n_read = os.preadv(self._kept.fileno(), [buffer[: end - self._at]], self._at)
        self._at += n_read
        return n_read

    def _fetch(self, missing: list[int]) -> None:
        """Read blocks, with one request for those that follow each other."""
        numbered = enumerate(at // _BLOCK_BYTES for at in missing)
        for _, group in itertools.groupby(numbered, lambda pair: pair[1] - pair[0]):
            numbers = [number for _, number in group]
            start, end = numbers[0] * _BLOCK_BYTES, (numbers[-1] + 1) * _BLOCK_BYTES
            data, _ = self._get(f"bytes={start}-{min(end, self._n_bytes) - 1}")
            self._keep(start, data)


def _read_body(answer: Any, n_bytes: int) -> bytes:
    data = b"".join(iter(lambda: _read_piece(answer["Body"]), b""))
    if len(data) != n_bytes:
        raise _CutError(f"{len(data)} of {n_bytes} bytes")
    return data


def _read_piece(body: Any) -> bytes:
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ReadTimeoutError

    try:
        return bytes(body.read(_PIECE_BYTES))
    except (HTTPClientError, IncompleteReadError, ReadTimeoutError, OSError) as error:
        raise _CutError(" ".join(str(error).split())) from error


def _until_complete(address: str, get: Callable[[], T]) -> T:
    """Repeat a request whose body is cut: boto3 repeats only those that fail before."""
    with naming_errors(address):
        for attempt in range(1, s3_client.ATTEMPTS + 1):
            try:
                return get()
            except _CutError as error:
                found = str(error)
                time.sleep(min(0.1 * 2**attempt, 5))
    raise S3Error(f"GetObject: the connection was lost {s3_client.ATTEMPTS} times: {found}")
