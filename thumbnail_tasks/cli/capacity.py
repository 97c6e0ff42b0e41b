"""How long a number of thumbnails takes on a number of nodes, and what limits it."""

import argparse
import os
from typing import Final, NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.console import format_count, format_duration

THUMBNAILS_PER_CORE_S: Final = 4.25
"""All stages with the default engines: docs/SPEED.md, whole job, 8.5 per second on two cores."""
OBJECTS_CORE_S: Final = 0.024
"""Seconds of a core for a thumbnail's objects: docs/SPEED.md, a tenth of all other stages."""
PICTURE_BYTES: Final = 28_700
"""Of 480×360 pixels: docs/OPERATIONS.md, sizes."""
RESULT_BYTES: Final = 3_000
"""Of all stages: docs/OPERATIONS.md, sizes."""
EXPORT_BYTES: Final = 3_500
"""Of each export: docs/OPERATIONS.md, sizes."""
WRITES_PER_SHARD: Final = 25
"""Requests that write or list, of all stages: docs/OPERATIONS.md, requests."""
READS_PER_SHARD: Final = 112


class Plan(NamedTuple):
    """A number of thumbnails, and the machines for them."""

    n_thumbnails: int
    n_nodes: int
    n_cores: int
    """Of each node."""
    requests_per_second: float
    """To the host of the pictures; one host, and one picture per request."""
    shard_size: int
    has_objects: bool = False

    @property
    def thumbnails_per_core_s(self) -> float:
        """Thumbnails that a core does in a second."""
        objects_s = OBJECTS_CORE_S if self.has_objects else 0
        return 1 / (1 / THUMBNAILS_PER_CORE_S + objects_s)

    @property
    def compute_s(self) -> float:
        """Seconds that the nodes compute."""
        return self.n_thumbnails / (self.thumbnails_per_core_s * self.n_nodes * self.n_cores)

    @property
    def download_s(self) -> float:
        """Seconds that the download takes."""
        return self.n_thumbnails / self.requests_per_second

    @property
    def n_shards(self) -> int:
        """Shards of the thumbnails."""
        return -(-self.n_thumbnails // self.shard_size)


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that the command line asks for, under the settings in effect."""
    return Plan(
        n_thumbnails=options.thumbnails,
        n_nodes=options.nodes,
        n_cores=options.cores or os.cpu_count() or 1,
        requests_per_second=settings.thumbnails().requests_per_second,
        shard_size=settings.storage().shard_size,
        has_objects=settings.objects().detect,
    )


def describe_plan(plan: Plan) -> str:
    """Time, storage and requests of a plan, and what limits it, as lines of text."""
    compute, download = format_duration(plan.compute_s), format_duration(plan.download_s)
    rate = plan.thumbnails_per_core_s
    core_hours = plan.n_thumbnails / rate / 3600
    enough = max(1, round(plan.requests_per_second / rate + 0.5))
    if plan.download_s > plan.compute_s:
        limit = f"the download: {enough} cores keep up with {plan.requests_per_second:g} a second"
    else:
        limit = "the cores; with another engine over the same pictures nothing is downloaded"
    pictures, results = (_bytes(plan.n_thumbnails * each) for each in (PICTURE_BYTES, RESULT_BYTES))
    export = _bytes(plan.n_thumbnails * EXPORT_BYTES)
    writes, reads = plan.n_shards * WRITES_PER_SHARD, plan.n_shards * READS_PER_SHARD
    n_nodes = format_count(plan.n_nodes, "node")
    return "\n".join(
        [
            f"{plan.n_thumbnails:,} thumbnails in {plan.n_shards:,} shards on {n_nodes} of "
            f"{plan.n_cores} cores",
            "",
            f"compute    {compute}: {core_hours:,.0f} core-hours, at {rate:.3g} "
            "thumbnails per second and core",
            f"download   {download}: {plan.requests_per_second:g} requests per second to one host",
            f"storage    {pictures} of pictures of 480×360, {results} of results, {export} for "
            "each export",
            f"requests   in a bucket {writes:,} that write or list, {reads:,} that read",
            f"limited by {limit}",
            "",
            "Measured with the default engines on two cores of one machine; yours differ. "
            "docs/CLUSTER.md says when a cluster pays.",
        ]
    )


def _bytes(n_bytes: float) -> str:
    for unit in ("kB", "MB", "GB"):
        n_bytes /= 1000
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
    return f"{n_bytes / 1000:.3g} TB"
