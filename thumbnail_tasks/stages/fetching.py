"""Fetch the pictures of some thumbnails, or the reasons why there are none."""

import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.inputs.thumbnail_sources import urls_by_quality, wanted_qualities
from thumbnail_tasks.network.downloads import FetchResult, LockLostError
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, measure_image
from thumbnail_tasks.pictures.headers import read_header
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import is_s3
from thumbnail_tasks.tasks.checkpoints import SECONDS_BETWEEN_SAVES

_PLACEHOLDER_PX = (120, 90)
_PLACEHOLDER_MAX_BYTES = 3 * 120 * 90
"""YouTube's has 1,097 bytes; no picture of its size has more bytes than its pixels."""
_SMALL_FILE = re.compile(r"/(?:default|[123])\.(?:jpg|webp)(?:\?|$)")
"""The only pictures that really have the placeholder's size: one quality, and three frames."""

_NO_PICTURE = dict.fromkeys(("width_px", "height_px", "sha256", "image"))

Fetch = Callable[[str], FetchResult]
"""Maps an address to its bytes, or the reason why there are none."""


def fetch_thumbnails(
    shard: pa.Table,
    fetch: Fetch,
    concurrency: int,
    advance: Progress,
    unfinished: pa.Table | None = None,
    save_unfinished: Callable[[pa.Table], None] | None = None,
    received: Mapping[str, FetchResult] = MappingProxyType({}),
) -> pa.Table:
    """Fetch the pictures of a shard from the network or from files.

    Args:
        shard: N rows of ``schemas.SHARDS``.
        fetch: Fetches one address.
        concurrency: Maximum number of concurrent requests.
        advance: Called with the number of thumbnails completed since the last call.
        unfinished: Rows saved by ``save_unfinished`` in an earlier run; not requested again.
        save_unfinished: Called with the final rows, pictures and permanent failures: twice a
            minute, and when a host is down.
        received: Results that are not requested again, by thumbnail id: see ``read_received``.

    Returns:
        N rows of ``schemas.THUMBNAILS`` in the order of ``shard``; every row has a status.

    Raises:
        HostDownError, LockLostError: As ``fetch``, after requests in progress have ended.
    """
    limits = settings.thumbnails()  # read once: Luigi takes 0.7 ms
    qualities = wanted_qualities()
    saved = unfinished.to_pylist() if unfinished is not None else []
    known = {row["thumbnail_id"]: row for row in saved}
    rows, stopped = [], None
    saved_at = time.monotonic()
    pool = ThreadPoolExecutor(concurrency)

    def fetch_one(wanted: Mapping[str, Any]) -> FetchResult:
        if wanted["thumbnail_id"] in received:
            return received[wanted["thumbnail_id"]]
        if wanted["url"] is None:
            return read_picture(wanted["path"], limits.max_bytes)
        return _fetch_first(urls_by_quality(wanted["url"], qualities), fetch)

    try:
        planned = shard.to_pylist()
        futures = deque(
            pool.submit(fetch_one, each) for each in planned if each["thumbnail_id"] not in known
        )
        for each in planned:
            thumbnail_id = each["thumbnail_id"]
            if thumbnail_id in known:
                rows.append(known[thumbnail_id])
            else:
                try:
                    result = futures.popleft().result()  # and release its memory
                except (
                    HostDownError,
                    LockLostError,
                ) as error:  # the remaining requests end immediately
                    stopped = error
                    continue
                # One picture at a time, in this thread: the largest takes 350 MB, and each
                # thread that has decoded one keeps 120 MB (measured).
                columns = result._asdict() | examine_picture(result, limits.max_pixels)
                about = {"thumbnail_id": thumbnail_id, "version": each.get("version") or 1}
                rows.append(about | columns)
            advance(1)
            if save_unfinished and time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES:
                save_unfinished(_final(rows))
                saved_at = time.monotonic()
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C waits only for requests in progress
    if stopped:
        if save_unfinished:
            save_unfinished(_final(rows))
        raise stopped
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


def _final(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    final = [row for row in rows if not row["is_retriable"]]
    return pa.Table.from_pylist(final, schemas.THUMBNAILS)


def _fetch_first(urls: Sequence[str], fetch: Fetch) -> FetchResult:
    """The result of the first of these addresses that has the picture."""
    placeholder = None
    for url in urls:
        result = fetch(url)
        image = result.image
        if _is_small(image) and (not _SMALL_FILE.search(url) or image == placeholder):
            placeholder = image
            detail = f"120×90 pixels at {url}"
            result = result._replace(status="placeholder", detail=detail, image=None)
        if result.status not in ("not_found", "placeholder"):
            break
    return result


def _is_small(image: bytes | None) -> bool:
    """Whether a picture has the placeholder's size according to its header."""
    if image is None or len(image) > _PLACEHOLDER_MAX_BYTES:
        return False
    try:
        header = read_header(image)
    except NotAnImageError:
        return False
    return (header.width_px, header.height_px) == _PLACEHOLDER_PX


def read_picture(path: str | None, max_bytes: int) -> FetchResult:
    """Read a file, or an object, of at most ``max_bytes``; errors become the result's status."""
    if path is None:
        return FetchResult(None, "not_found", "no picture of this id in the folder")
    try:
        if not is_s3(path) and not Path(path).is_file():  # opening a pipe could block for ever
            return FetchResult(path, "not_found", "cannot be read: not a file, or removed")
        image = files.read_start(path, max_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        detail = f"cannot be read: {error}"
        if is_s3(path) and not isinstance(error, FileNotFoundError):
            return FetchResult(path, "unreachable", detail, is_retriable=True)
        return FetchResult(path, "not_found", detail)
    if len(image) > max_bytes:
        return FetchResult(path, "too_large", f"over {max_bytes} bytes")
    return FetchResult(path, "ok", image=image)


def examine_picture(result: FetchResult, max_pixels: int) -> dict[str, Any]:
    """Check the bytes of a result.

    Args:
        result: Its ``image`` is a file's bytes, or None.
        max_pixels: Maximum width × height.

    Returns:
        Columns of ``schemas.THUMBNAILS`` that replace those of the result.
    """
    if result.image is None:
        return _NO_PICTURE
    try:
        width, height = measure_image(result.image, max_pixels)
    except (NotAnImageError, TooManyPixelsError) as error:
        status = "too_large" if isinstance(error, TooManyPixelsError) else "not_an_image"
        return _NO_PICTURE | {"status": status, "detail": str(error)}
    return {
        "width_px": width,
        "height_px": height,
        "sha256": hashlib.sha256(result.image).hexdigest(),
    }
