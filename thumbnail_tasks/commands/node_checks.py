"""Check, before a run on a cluster computes anything, that its nodes can."""

import functools
import importlib.util
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from luigi.interface import core

from thumbnail_tasks import settings
from thumbnail_tasks.commands.engine_checks import check_engines, warn_of_limits
from thumbnail_tasks.console import TASK_LINE, format_count
from thumbnail_tasks.errors import SettingsError, suggest
from thumbnail_tasks.execution.cluster.driver import Node
from thumbnail_tasks.execution.cluster.executor import check_address, check_cluster, pool_for
from thumbnail_tasks.execution.cluster.setup import ClusterError
from thumbnail_tasks.stages.pipeline import ALL_STAGES, selected_stages
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)

_FEW_WORKERS: Final = 4
"""For a cluster; what a single machine has by default is less."""


def check_nodes(stages: Sequence[type[ShardTask]], plan: ParquetTarget, source: str) -> None:
    """Check each node: its versions, that it sees the results, and the engines of these stages.

    Args:
        stages: Those that have work to do.
        plan: The plan of the run, a file that every node must see.
        source: Source of the pictures.

    Raises:
        ClusterError: There is no such cluster, or a node cannot work.
    """
    warn_of_limits(stages)
    logger.info(TASK_LINE, "Cluster", examine_nodes(stages, plan.path, source))
    if core().workers < _FEW_WORKERS:
        found = f"{core().workers} stages or blocks at the same time"
        logger.info(TASK_LINE, "Cluster", f"{found}; --workers 8 keeps more nodes busy")


def examine_nodes(stages: Sequence[type[ShardTask]], plan: str, source: str) -> str:
    """Check each node as ``check_nodes``; return what the cluster has, in words.

    Args:
        stages: As for ``check_nodes``.
        plan: Address of a file that every node must see; empty: none.
        source: Source of the pictures.

    Raises:
        ClusterError: There is no such cluster, or a node cannot work.
    """
    computed = [stage for stage in stages if stage.upstream]
    tags = {stage.get_task_family(): stage.tag(source) for stage in selected_stages()}
    cluster = check_cluster(functools.partial(_check_here, computed, tags, plan, source))
    for stage in computed:
        _require_room(stage, cluster.nodes)
    total: Counter[str] = Counter()
    for node in cluster.nodes:
        total.update(node.resources)
    if total["GPU"] and settings.gpus().devices == "none":
        logger.warning("[gpus] devices = none: the cluster's %g GPUs are not used", total["GPU"])
    has = ", ".join(f"{amount:g} {name}" for name, amount in sorted(total.items()))
    n_nodes = format_count(len(cluster.nodes), "node")
    page = f"; Ray's page: http://{cluster.dashboard}" if cluster.dashboard else ""
    return f"{n_nodes}: {has}{page}"


def check_settings() -> None:
    """Check what can be checked of the settings of a cluster before anything is read.

    Raises:
        SettingsError: The address is none, or settings by stage are wrong; Ray is not installed.
    """
    options = settings.execution()
    check_address(options.address)
    known = [stage.get_task_family() for stage in ALL_STAGES if stage.upstream]
    for name, given in (
        ("actors", options.actors),
        ("stage_resources", options.stage_resources),
    ):
        if not isinstance(given, Mapping):
            raise SettingsError(
                f"[execution] {name}: expected an object with names of stages; found: {given!r}"
            )
        if unknown := [each for each in given if each not in known]:
            raise SettingsError(
                f"[execution] {name}: expected names of {', '.join(known)}; found: {unknown[0]}."
                f"{suggest(unknown[0], known)}"
            )

    for stage in selected_stages():
        pool_for(stage.get_task_family(), bool(stage.needs().get("gpu")))
    if importlib.util.find_spec("ray") is None:
        raise SettingsError(
            "[execution] engine = ray needs Ray, which is not installed: "
            "pip install 'thumbnail-tasks[ray]'"
        )


def _require_room(stage: type[ShardTask], nodes: Sequence[Node]) -> None:
    """Check that an actor of a stage fits on a node.

    Raises:
        ClusterError: It fits on none, and Ray would wait for ever.
    """
    wanted = pool_for(stage.get_task_family(), bool(stage.needs().get("gpu"))).resources
    for node in nodes:
        if all(node.resources.get(name, 0) >= amount for name, amount in wanted.items()):
            return
    needs = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())
    have = "; ".join(
        f"{node.address} has " + ", ".join(f"{n:g} {name}" for name, n in node.resources.items())
        for node in nodes
    )
    raise ClusterError(
        f"{stage.get_task_family()}: expected a node with {needs} for an actor ([execution] cpus, "
        f"stage_resources, [gpus] devices); found none: {have}"
    )


def _check_here(
    stages: Sequence[type[ShardTask]], tags: Mapping[str, str], plan: str, source: str
) -> None:
    """Check the node on which this is called.

    Raises:
        ThumbnailTasksError: It cannot work.
    """
    if plan and files.find(plan) is None:
        raise ClusterError(
            f"expected {plan}, as on the machine of the run; found no such file. Mount the folder "
            "on every node, or keep the results in a bucket: --out s3://bucket/prefix"
        )
    for stage in selected_stages():
        here, there = stage.tag(source), tags[stage.get_task_family()]
        if here != there:
            raise ClusterError(
                f"{stage.get_task_family()}: expected the engine {there}, as on the machine of the "
                f"run; found: {here}. Install the same packages on every node"
            )
    check_engines(stages)
