"""The thumbnails that the report shows: all of a small export, a sample of a large one."""

import hashlib

import numpy as np
import pyarrow as pa

from thumbnail_tasks import settings


def choose_sample(plan: pa.Table) -> pa.Table:
    """The thumbnails to show: those whose ids have the smallest digests.

    So the choice depends on nothing but the ids, and a table that grows keeps most of it.

    Args:
        plan: N rows of ``schemas.PLANS``.

    Returns:
        At most ``[report] max_thumbnails`` of them, in the same order.
    """
    most = settings.report().max_thumbnails
    if len(plan) <= most:
        return plan
    digests = [
        hashlib.blake2b(each.encode(), digest_size=8).digest()
        for batch in plan.to_batches()
        for each in batch.column("thumbnail_id").to_pylist()
    ]
    order = np.argsort(np.array(digests, "S8").view(">u8"), kind="stable")
    return plan.take(np.sort(order[:most]))
