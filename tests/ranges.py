"""A file on a server that supports range requests."""

import re
import time
from dataclasses import dataclass, field

from tests.conftest import Answer, Handler


@dataclass
class ServedFile:
    """Handles a test server's requests; can break off or delay."""

    content: bytes
    etag: str = '"1"'
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off_at: int | None = None
    """Close the connection before this byte."""
    seconds_per_piece: float = 0.0
    """Pause after each 1,000 bytes."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of the requests so far."""

    @property
    def answer(self) -> Answer:
        return Answer(custom=self.send)

    @property
    def ranges(self) -> list[str | None]:
        """The requested ranges."""
        return [headers.get("Range") for headers in self.asked]

    def send(self, to: Handler) -> None:
        self.asked.append(dict(to.headers.items()))
        first = self._first_byte(to)
        if first and first >= len(self.content):
            to.send_response(416)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        to.send_response(206 if first else 200)
        if first:
            n_bytes = len(self.content)
            to.send_header("Content-Range", f"bytes {first}-{n_bytes - 1}/{n_bytes}")
        about = {"Content-Length": str(len(self.content) - first), "ETag": self.etag}
        for name, value in (about | self.headers).items():
            to.send_header(name, value)
        to.end_headers()
        to.close_connection = True
        for at in range(first, self.breaks_off_at or len(self.content), 1000):
            to.wfile.write(self.content[at : min(at + 1000, self.breaks_off_at or at + 1000)])
            time.sleep(self.seconds_per_piece)

    def _first_byte(self, to: Handler) -> int:
        asked = re.fullmatch("bytes=([0-9]+)-", to.headers.get("Range", ""))
        return int(asked[1]) if asked and to.headers.get("If-Range") == self.etag else 0
