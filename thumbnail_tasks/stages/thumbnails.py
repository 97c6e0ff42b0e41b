"""Get the picture of each thumbnail, or the reason why there is none."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.downloads import Answer, load_downloader
from thumbnail_tasks.images import NotAnImageError, TooManyPixelsError, measure_image
from thumbnail_tasks.shards import DataTask, ShardTask
from thumbnail_tasks.sources import urls_by_quality, wanted_qualities
from thumbnail_tasks.targets import ParquetTarget
from thumbnail_tasks.terminal import Progress

_PLACEHOLDER_PX = (120, 90)
_SMALLEST = ("/default.jpg", "/default.webp")
"""The only quality that is of the placeholder's size by right."""

_NO_PICTURE = dict.fromkeys(("width_px", "height_px", "sha256", "image"))

Fetch = Callable[[str], Answer]
"""An address to the bytes found there, or the reason why there are none."""

Examine = Callable[[Answer], dict[str, Any]]
"""As ``examine_picture``."""


def fetch_thumbnails(
    shard: pa.Table, fetch: Fetch, concurrency: int, advance: Callable[[int], None]
) -> pa.Table:
    """Get the pictures of a shard from the network or from files.

    Args:
        shard: N rows of ``schemas.SHARDS``.
        fetch: Asks one address.
        concurrency: Addresses asked at once.
        advance: Told how many more are done.

    Returns:
        N rows of ``schemas.THUMBNAILS`` in the order of ``shard``; every row has a status.
    """
    limits = settings.thumbnails()  # read once: Luigi takes 0.7 ms
    qualities = wanted_qualities()
    rows = []
    pool = ThreadPoolExecutor(concurrency)
    # One picture at a time, and in one thread: the largest takes 350 MB, and each thread that
    # has decoded one keeps 120 MB of them (measured).
    decoder = ThreadPoolExecutor(1)

    def find(wanted: Mapping[str, Any]) -> dict[str, Any]:
        if wanted["url"] is None:
            answer = read_picture(wanted["path"], limits.max_bytes)
            return answer._asdict() | examine(answer)
        return _ask_for(urls_by_quality(wanted["url"], qualities), fetch, examine)

    def examine(answer: Answer) -> dict[str, Any]:
        return decoder.submit(examine_picture, answer, limits.max_pixels).result()

    try:
        planned = shard.to_pylist()
        for wanted, found in zip(planned, pool.map(find, planned), strict=True):
            row = {"thumbnail_id": wanted["thumbnail_id"], **found}
            rows.append(row)
            advance(1)
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C waits for the requests under way alone
        decoder.shutdown()
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


def _ask_for(urls: Sequence[str], fetch: Fetch, examine: Examine) -> dict[str, Any]:
    """What the first of these addresses gives that has the picture."""
    placeholder = None
    for url in urls:
        answer = fetch(url)
        found = answer._asdict() | examine(answer)
        is_small = (found["width_px"], found["height_px"]) == _PLACEHOLDER_PX
        if is_small and (not url.endswith(_SMALLEST) or found["image"] == placeholder):
            placeholder = found["image"]
            found |= {"status": "placeholder", "detail": f"120×90 pixels at {url}"}
        if found["status"] not in ("not_found", "placeholder"):
            break
    if found["status"] != "ok":
        found |= _NO_PICTURE
    return found


def read_picture(path: str | None, max_bytes: int) -> Answer:
    """The bytes of a file; never raises for what is wrong with one file."""
    if path is None:
        return Answer(None, "not_found", "no picture of this id in the folder")
    try:
        if not Path(path).is_file():  # a pipe would be waited for, for ever
            return Answer(path, "not_found", "cannot be read: not a file, or gone")
        with Path(path).open("rb") as file:
            image = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        return Answer(path, "not_found", f"cannot be read: {error}")
    if len(image) > max_bytes:
        return Answer(path, "too_large", f"over {max_bytes} bytes")
    return Answer(path, "ok", image=image)


def examine_picture(answer: Answer, max_pixels: int) -> dict[str, Any]:
    """What the bytes of an answer turn out to be: columns that replace the answer's own."""
    if answer.image is None:
        return _NO_PICTURE
    try:
        width, height = measure_image(answer.image, max_pixels)
    except (NotAnImageError, TooManyPixelsError) as error:
        status = "too_large" if isinstance(error, TooManyPixelsError) else "not_an_image"
        return _NO_PICTURE | {"status": status, "detail": str(error)}
    return {
        "width_px": width,
        "height_px": height,
        "sha256": hashlib.sha256(answer.image).hexdigest(),
    }


class PlannedShard(DataTask, luigi.ExternalTask):
    """A shard's list, as PlanShards wrote it."""

    source = luigi.Parameter(description="Where the pictures come from")
    shard = luigi.Parameter(description="Shard name")

    def output(self) -> list[ParquetTarget]:
        return [self.target("shards", self.source, self.shard)]


class DownloadThumbnails(ShardTask):
    """Write the pictures of some shards, as received.

    It holds ``download``, which is limited to 1: the pace per host is kept by one process.
    """

    table = "thumbnails"
    resources = {"download": 1}

    @classmethod
    def tag(cls, source: str) -> str:
        """The source itself: it names whatever changes a picture."""
        return source

    @classmethod
    def requires_weights(cls) -> list[luigi.Task]:
        return []

    def requires_for(self, shard: str) -> list[luigi.Task]:
        return [PlannedShard(data_dir=self.data_dir, source=self.source, shard=shard)]

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (shard,) = tables
        return fetch_thumbnails(
            shard, load_downloader().fetch, settings.thumbnails().concurrency, progress
        )
