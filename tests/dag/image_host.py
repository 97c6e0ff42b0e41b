"""A host of thumbnails that change, are encoded otherwise, and disappear, as the test says."""

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.conftest import EXAMPLES, Answer, Handler, Server


def drawn(number: int) -> bytes:
    """One of the drawn pictures of the sample."""
    return sorted((EXAMPLES / "images").glob("sample0*.jpg"))[number].read_bytes()


def encoded_otherwise(picture: bytes) -> bytes:
    """The same picture as a JPEG of low quality."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(file, "JPEG", quality=40)
    return file.getvalue()


@dataclass
class ImageHost:
    """Serves pictures by video id, in one quality; answers conditional requests."""

    server: Server
    pictures: dict[str, bytes] = field(default_factory=dict)
    without_validators: set[str] = field(default_factory=set)
    down_after: int | None = None
    """Number of requests after which each is answered with 503."""
    requests: Counter[str] = field(default_factory=Counter)
    bodies: Counter[str] = field(default_factory=Counter)
    """The answers that had a picture."""

    def flags(self) -> Sequence[str]:
        """Flags of a run that asks this host."""
        template = f"{self.server.url}/vi/{{video_id}}/{{quality}}.jpg"
        return ("--thumbnails-url-template", template, "--thumbnails-fallback", "false")

    def show(self, video_id: str, picture: bytes) -> None:
        """From now on, a video has this thumbnail."""
        self.pictures[video_id] = picture
        path = f"/vi/{video_id}/hqdefault.jpg"
        self.server.lay_down(path, Answer(custom=lambda to: self._answer(video_id, to)))

    def forget_counts(self) -> None:
        """Count from zero."""
        self.requests.clear()
        self.bodies.clear()

    def _answer(self, video_id: str, to: Handler) -> None:
        self.requests[video_id] += 1
        if self.down_after is not None and self.requests.total() > self.down_after:
            Answer(503).send(to)
            return
        picture = self.pictures.get(video_id)
        if picture is None:
            Answer(404).send(to)
            return
        etag = f'"{hashlib.sha256(picture).hexdigest()[:16]}"'
        headers = {} if video_id in self.without_validators else {"ETag": etag}
        if headers and to.headers["If-None-Match"] == etag:
            Answer(304, headers=headers).send(to)
            return
        self.bodies[video_id] += 1
        Answer(200, picture, headers).send(to)
