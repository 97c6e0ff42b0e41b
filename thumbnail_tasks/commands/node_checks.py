"""Check, before a run on a cluster computes anything, that its nodes can."""

import functools
import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from luigi.interface import core

from thumbnail_tasks import settings
from thumbnail_tasks.commands.engine_checks import check_engines, warn_of_limits
from thumbnail_tasks.console import TASK_LINE
from thumbnail_tasks.execution.cluster.setup import ClusterError
from thumbnail_tasks.stages.pipeline import STAGES
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)


def check_nodes(stages: Sequence[type[ShardTask]], plan: ParquetTarget, source: str) -> None:
    """Check each node: its versions, that it sees the results, and the engines of these stages.

    Args:
        stages: Those that have work to do.
        plan: The plan of the run, a file that every node must see.
        source: Source of the pictures.

    Raises:
        ClusterError: There is no such cluster, or a node cannot work.
    """
    from thumbnail_tasks.execution.cluster.executor import check_cluster

    warn_of_limits(stages)
    computed = [stage for stage in stages if stage.upstream]
    tags = {stage.get_task_family(): stage.tag(source) for stage in STAGES}
    cluster = check_cluster(functools.partial(_check_here, computed, tags, plan.path, source))
    total: Counter[str] = Counter()
    for node in cluster.nodes:
        total.update(node.resources)
    has = ", ".join(f"{amount:g} {name}" for name, amount in sorted(total.items()))
    n_nodes = "1 node" if len(cluster.nodes) == 1 else f"{len(cluster.nodes)} nodes"
    page = f"; Ray's page: http://{cluster.dashboard}" if cluster.dashboard else ""
    logger.info(TASK_LINE, "Cluster", f"{n_nodes}: {has}{page}")
    if total["GPU"] and settings.gpus().devices == "none":
        logger.warning("[gpus] devices = none: the cluster's %g GPUs are not used", total["GPU"])
    if core().workers == 1:
        message = "one stage of one block at a time; --workers 8 keeps more nodes busy"
        logger.info(TASK_LINE, "Cluster", message)


def _check_here(
    stages: Sequence[type[ShardTask]], tags: Mapping[str, str], plan: str, source: str
) -> None:
    """Check the node on which this is called.

    Raises:
        ThumbnailTasksError: It cannot work.
    """
    if files.find(plan) is None:
        raise ClusterError(
            f"expected {plan}, as on the machine of the run; found no such file. Mount the folder "
            "on every node, or keep the results in a bucket: --out s3://bucket/prefix"
        )
    for stage in STAGES:
        here, there = stage.tag(source), tags[stage.get_task_family()]
        if here != there:
            raise ClusterError(
                f"{stage.get_task_family()}: expected the engine {there}, as on the machine of the "
                f"run; found: {here}. Install the same packages on every node"
            )
    check_engines(stages)
