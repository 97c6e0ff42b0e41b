"""Which thumbnails of a table look alike: the column ``duplicate_group``."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks.export.attributes import Attributes
from thumbnail_tasks.export.look_alikes import decode_colors, decode_hashes, group_look_alikes


def order_by_mention(mentioned: Sequence[NDArray[np.int32]], n_thumbnails: int) -> NDArray[np.intp]:
    """The thumbnails of a plan in the order in which a table mentions them first.

    Unlike the order of the plan, it is the same whatever earlier runs have processed.

    Args:
        mentioned: For each column of ids, the thumbnail of each row of the table; -1 for none.
        n_thumbnails: The number of thumbnails.

    Returns:
        Their numbers; those that are not mentioned are last.
    """
    first_row = np.full(n_thumbnails, np.iinfo(np.int64).max)
    for numbers in mentioned:
        rows = np.flatnonzero(numbers >= 0)
        np.minimum.at(first_row, numbers[rows], rows)
    return np.argsort(first_row, kind="stable")


def find_duplicates(attributes: Attributes, order: NDArray[np.intp]) -> NDArray[np.int32]:
    """Group the thumbnails of a plan that look alike.

    Args:
        attributes: Of the N thumbnails.
        order: Their numbers in the order in which the first of a group is sought.

    Returns:
        For each thumbnail the number of the first of its group; -1 without a picture.

    Raises:
        LostFileError: A shard's file is missing, damaged or misplaced.
        StorageError: A file cannot be read.
    """
    hashes = np.zeros(len(order), np.uint64)
    colors = np.zeros((len(order), 3), np.uint8)
    has_picture = np.zeros(len(order), bool)
    for rows, looks in attributes.iter_looks():
        hashes[rows] = decode_hashes(looks["perceptual_hash"])
        colors[rows] = decode_colors(looks["color_mean"])
        has_picture[rows] = True
    order = order[has_picture[order]]
    groups = np.full(len(hashes), -1, np.int32)
    groups[order] = order[group_look_alikes(hashes[order], colors[order])]
    return groups


def name_groups(ids: pa.Array, groups: NDArray[np.int32]) -> pa.Array:
    """The ids of the first thumbnails of some groups; null for -1.

    Args:
        ids: The ids of all thumbnails.
        groups: From ``find_duplicates``.
    """
    return ids.take(pa.array(groups, mask=groups < 0))
