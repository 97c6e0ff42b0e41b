"""A Ray cluster on this machine: one raylet per node, each with an address of its own."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from tests.conftest import ROOT


class RayCluster:
    """Nodes that can be added and killed; the head is the first."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster()
        self._nodes: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self, n_cpus: int = 1, **resources: float) -> str:
        """Start a node; returns its IP address."""
        # Ray replaces a loopback address of the head by another one of the machine.
        where: dict[str, Any] = {}
        if self._nodes:
            where = {"node_ip_address": f"127.0.0.{len(self._nodes) + 1}"}
        node = self._cluster.add_node(
            **where,
            num_cpus=n_cpus,
            resources=resources,
            object_store_memory=80_000_000,
            include_dashboard=False,
        )
        ip = str(node.node_ip_address)
        self._nodes[ip] = node
        return ip

    def kill(self, ip: str) -> None:
        """Kill a node's raylet, as when its machine goes down."""
        self._cluster.remove_node(self._nodes[ip], allow_graceful=False)

    def stop(self) -> None:
        self._cluster.shutdown()

    def flags(self, *, block_shards: int = 4) -> tuple[str, ...]:
        """Flags of a command that computes on it."""
        return (
            *("--execution-engine", "ray", "--execution-address", self.address),
            *("--execution-min-shards", "1", "--execution-block-shards", str(block_shards)),
        )


@contextlib.contextmanager
def running(environment: Mapping[str, str]) -> Iterator[RayCluster]:
    """A cluster without nodes; ``environment`` is that of its workers."""
    variables = {
        "RAY_worker_niceness": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(ROOT),
        **environment,
    }
    with mock.patch.dict(os.environ, variables):
        cluster = RayCluster()
        try:
            yield cluster
        finally:
            cluster.stop()
