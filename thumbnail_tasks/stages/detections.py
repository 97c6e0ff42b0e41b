"""Find words, faces or objects on pictures, with their boxes: shared by their stages."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pyarrow as pa

from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.interface import DetectedObject, Face, Word
from thumbnail_tasks.execution.bisection import split_on_oom
from thumbnail_tasks.pictures.batches import iter_pictures
from thumbnail_tasks.pictures.decoding import ImageRGB

Found = TypeVar("Found", Word, Face, DetectedObject)

_BATCH_SIZE = 16


def find_on_pictures(
    thumbnails: pa.Table,
    find: Callable[[Sequence[ImageRGB], Sequence[int]], list[list[Found]]],
    describe: Callable[[list[Found]], list[dict[str, Any]]],
    advance: Progress,
) -> list[dict[str, Any]]:
    """Run a detector on each picture, without its black bars.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        find: Maps B pictures of one size and the numbers of their rows to B lists of detections;
            called with fewer pictures if memory runs out.
        describe: Returns the columns of one picture's detections, besides id and box.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        One row per detection, in the order of ``thumbnails`` and of ``find``; boxes in pixels of
        the stored picture.
    """
    ids = thumbnails["thumbnail_id"].to_pylist()
    rows_of: dict[int, list[dict[str, Any]]] = {}
    for numbers, pictures in iter_pictures(thumbnails, _BATCH_SIZE):
        images = [picture.image_rgb for picture in pictures]
        parts = split_on_oom(
            lambda batch: find(*zip(*batch, strict=True)), list(zip(images, numbers, strict=True))
        )
        found = itertools.chain.from_iterable(parts)
        for number, picture, several in zip(numbers, pictures, found, strict=True):
            rows_of[number] = [
                {"thumbnail_id": ids[number], **columns, **picture.box_in_stored(one.box_xyxy)}
                for one, columns in zip(several, describe(several), strict=True)
            ]
        advance(len(numbers))
    return [row for number in sorted(rows_of) for row in rows_of[number]]
