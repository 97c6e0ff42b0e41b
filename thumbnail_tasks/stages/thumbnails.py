"""Get the picture of each thumbnail, or the reason why there is none."""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import HostDownError, StorageError
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.inputs.thumbnail_sources import urls_by_quality, wanted_qualities
from thumbnail_tasks.network.downloads import Answer, load_downloader
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, measure_image
from thumbnail_tasks.pictures.headers import read_header
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.shard_task import PICTURES, ShardTask

_PLACEHOLDER_PX = (120, 90)
_PLACEHOLDER_MAX_BYTES = 3 * 120 * 90
"""YouTube's has 1,097; no picture of its size takes more than its pixels."""
_SMALLEST = ("/default.jpg", "/default.webp")
"""The only quality that is of the placeholder's size by right."""

_NO_PICTURE = dict.fromkeys(("width_px", "height_px", "sha256", "image"))

Fetch = Callable[[str], Answer]
"""An address to the bytes found there, or the reason why there are none."""


def fetch_thumbnails(
    shard: pa.Table,
    fetch: Fetch,
    concurrency: int,
    advance: Callable[[int], None],
    had: pa.Table | None = None,
    keep: Callable[[pa.Table], None] | None = None,
) -> pa.Table:
    """Get the pictures of a shard from the network or from files.

    Args:
        shard: N rows of ``schemas.SHARDS``.
        fetch: Asks one address.
        concurrency: Addresses asked at once.
        advance: Told how many more are done.
        had: What ``keep`` was given when this was stopped before; it is not asked for again.
        keep: Given the rows that are settled when a host is found down: pictures, and failures
            for good.

    Returns:
        N rows of ``schemas.THUMBNAILS`` in the order of ``shard``; every row has a status.

    Raises:
        HostDownError: As ``fetch``, after all that is under way has ended.
    """
    limits = settings.thumbnails()  # read once: Luigi takes 0.7 ms
    qualities = wanted_qualities()
    known = {row["thumbnail_id"]: row for row in had.to_pylist()} if had is not None else {}
    rows, stopped = [], None
    pool = ThreadPoolExecutor(concurrency)

    def find(wanted: Mapping[str, Any]) -> Answer:
        if wanted["url"] is None:
            return read_picture(wanted["path"], limits.max_bytes)
        return _ask_for(urls_by_quality(wanted["url"], qualities), fetch)

    try:
        planned = shard.to_pylist()
        asked = deque(
            pool.submit(find, each) for each in planned if each["thumbnail_id"] not in known
        )
        for thumbnail_id in shard["thumbnail_id"].to_pylist():
            if thumbnail_id in known:
                rows.append(known[thumbnail_id])
            else:
                try:
                    answer = asked.popleft().result()  # and let go of what it holds
                except HostDownError as error:  # the next ones end at once
                    stopped = error
                    continue
                # One picture at a time, and in this thread: the largest takes 350 MB, and each
                # thread that has decoded one keeps 120 MB of them (measured).
                seen = answer._asdict() | examine_picture(answer, limits.max_pixels)
                rows.append({"thumbnail_id": thumbnail_id, **seen})
            advance(1)
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C waits for the requests under way alone
    if stopped:
        if keep:
            settled = [row for row in rows if not row["is_retriable"]]
            keep(pa.Table.from_pylist(settled, schemas.THUMBNAILS))
        raise stopped
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


def _ask_for(urls: Sequence[str], fetch: Fetch) -> Answer:
    """What the first of these addresses gives that has the picture."""
    placeholder = None
    for url in urls:
        answer = fetch(url)
        image = answer.image
        if _is_small(image) and (not url.endswith(_SMALLEST) or image == placeholder):
            placeholder = image
            detail = f"120×90 pixels at {url}"
            answer = answer._replace(status="placeholder", detail=detail, image=None)
        if answer.status not in ("not_found", "placeholder"):
            break
    return answer


def _is_small(image: bytes | None) -> bool:
    """Whether an answer has the placeholder's size, as its header says: it is not decoded here."""
    if image is None or len(image) > _PLACEHOLDER_MAX_BYTES:
        return False
    try:
        header = read_header(image)
    except NotAnImageError:
        return False
    return (header.width_px, header.height_px) == _PLACEHOLDER_PX


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


class PlannedShard(DataTask):
    """A shard's list, as PlanShards wrote it."""

    source: str = luigi.Parameter(description="Where the pictures come from")
    shard: str = luigi.Parameter(description="Shard name")

    def output(self) -> list[ParquetTarget]:
        return [self.target("shards", self.source, self.shard)]

    def run(self) -> None:
        """Only asked for if the list was lost after it had been planned.

        Raises:
            StorageError: Always.
        """
        raise StorageError(
            f"{self.output()[0].path}: expected the list of a planned shard; found none. Run "
            "again: its thumbnails are planned anew."
        )


class DownloadThumbnails(ShardTask):
    """Write the pictures of some shards, as received.

    It holds ``download``, which is limited to 1: the pace per host is kept by one process.
    """

    table = PICTURES
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
        ids = shard["thumbnail_id"].to_pylist()
        part = self.target("unfinished", self.source, short_digest(ids, 16))
        had = part.read() if part.exists() else None
        table = fetch_thumbnails(
            shard,
            load_downloader().fetch,
            settings.thumbnails().concurrency,
            progress,
            had,
            part.write,
        )
        if had is not None:
            part.remove()
        return table
