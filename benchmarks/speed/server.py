"""A local server of pictures, fast enough not to distort the measurement.

    python -m benchmarks.speed.server --delay-ms 50 PICTURE.jpg ...

It prints its address, and serves the pictures cyclically at ``/vi/<number>/hqdefault.jpg``. All
have the same ETag: a request that names it is answered with HTTP 304.
"""

import argparse
import asyncio
import contextlib
import functools
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.accuracy.job import ROOT

_REQUEST = re.compile(rb"GET /vi/(\d+)/hqdefault\.jpg HTTP/1\.[01]\r\n")
ETAG = '"1"'
_CONDITION = f"if-none-match: {ETAG}".encode()
_NOT_MODIFIED = f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode()
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Pictures(asyncio.Protocol):
    """One connection, kept open unless the client requests to close it."""

    def __init__(self, responses: Sequence[bytes], delay_s: float) -> None:
        self._responses, self._delay_s = responses, delay_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request, after the delay."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            wanted = _REQUEST.match(head + b"\r\n")
            response = _NOT_FOUND
            if wanted and _CONDITION in head.lower():
                response = _NOT_MODIFIED
            elif wanted:
                response = self._responses[int(wanted[1]) % len(self._responses)]
            is_last = b"connection: close" in head.lower()
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_s, self._send, response, is_last)

    def _send(self, response: bytes, is_last: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(response)
            if is_last:
                self._transport.close()


def format_responses(pictures: Sequence[bytes]) -> list[bytes]:
    """Format pictures as complete HTTP responses."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nETag: {}\r\n\r\n"
    return [head.format(len(picture), ETAG).encode() + picture for picture in pictures]


async def serve(pictures: Sequence[bytes], delay_s: float) -> None:
    """Print the address and serve until the process ends."""
    responses = format_responses(pictures)
    loop = asyncio.get_running_loop()
    connect = functools.partial(Pictures, responses, delay_s)
    server = await loop.create_server(connect, "127.0.0.1", 0, backlog=512)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def running_server(pictures: Sequence[Path], delay_ms: int) -> Iterator[str]:
    """Start a server in a separate process; yields its address.

    Args:
        pictures: JPEG files, one or more.
        delay_ms: Delay of each response.
    """
    command = [sys.executable, "-m", "benchmarks.speed.server", "--delay-ms", str(delay_ms)]
    command += [str(picture) for picture in pictures]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    """Parse the flags and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="+", help="JPEG files")
    parser.add_argument("--delay-ms", type=int, default=0, help="delay of each response")
    args = parser.parse_args()
    pictures = [path.read_bytes() for path in args.pictures]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(pictures, args.delay_ms / 1000))


if __name__ == "__main__":
    main()
