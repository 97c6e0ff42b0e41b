"""The thumbnails that the report shows: all of a small export, a sample of a large one."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks import settings

_CANDIDATES: Final = 4
"""Times as many thumbnails as are shown are in the shards that they are chosen from."""


def choose_sample(plan: pa.Table) -> pa.Table:
    """The thumbnails to show: those whose ids have the smallest digests, of some shards.

    Neighbouring videos are in one shard, so a sample of few shards would be of few days; one of all
    shards would read millions of pictures to show 100,000. So it is a quarter of some shards, those
    whose names have the smallest digests. The choice depends on nothing but ids and names, and a
    table that grows keeps most of it.

    Args:
        plan: N rows of ``schemas.PLANS``.

    Returns:
        At most ``[report] max_thumbnails`` of them, in the same order.
    """
    most = settings.report().max_thumbnails
    if len(plan) <= most:
        return plan
    encoded = plan["shard"].combine_chunks().dictionary_encode()
    shard_of_row = encoded.indices.to_numpy()
    shards = _order(encoded.dictionary.to_pylist())
    n_so_far = np.cumsum(np.bincount(shard_of_row)[shards])
    chosen = shards[: 1 + np.searchsorted(n_so_far, _CANDIDATES * most)]
    rows = np.flatnonzero(np.isin(shard_of_row, chosen))
    ids = plan["thumbnail_id"].take(rows)
    order = _order(each for batch in ids.chunks for each in batch.to_pylist())
    return plan.take(np.sort(rows[order[:most]]))


def _order(texts: Iterable[str]) -> NDArray[np.intp]:
    """The positions of texts in the order of their digests."""
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.argsort(np.array(digests, "S8").view(">u8"), kind="stable")
