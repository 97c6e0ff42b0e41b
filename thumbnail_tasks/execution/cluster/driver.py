"""The driver of one block: a child process that hands its shards to a pool of actors.

It is a process of its own because Ray ends its driver when the head of the cluster is gone, and
because Luigi forks, which a process that uses Ray should not. When it ends, for any reason, Ray
frees its actors.
"""

import contextlib
import logging
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.execution.child_process import Report
from thumbnail_tasks.execution.cluster.actor import ShardActor
from thumbnail_tasks.execution.cluster.setup import ClusterError, NodeSetup
from thumbnail_tasks.execution.executors import Done

TICK: Final = "tick"
"""What the driver reports besides ``Done``: that it lives."""
SECONDS_BETWEEN_TICKS: Final = 5.0
_SECONDS_TO_CONNECT: Final = 10.0
_SECONDS_FOR_NODE: Final = 120.0


class PoolError(ClusterError):
    """Ray gave up a pool of actors; another may do."""


class Pool(NamedTuple):
    """The actors of a block."""

    most: int
    """There are as many as fit into the cluster, but not more."""
    resources: Mapping[str, float]
    """Of each actor: ``CPU``, ``GPU`` and others by Ray's names."""

    @property
    def n_threads(self) -> int:
        """Threads of an actor's models."""
        return max(1, int(self.resources.get("CPU", 1)))


class Block(NamedTuple):
    """What a driver is started for."""

    address: str
    setup: NodeSetup
    work: bytes
    """A pickled ``ShardsWork``."""
    shards: Sequence[str]
    pool: Pool
    attempt: int


def drive(block: Block, log: Path, report: Report) -> None:
    """Make the shards of a block; report each as ``Done``, in any order, and ticks meanwhile.

    Args:
        block: What to make.
        log: File that takes what Ray prints.
        report: Takes them.

    Raises:
        ClusterError: There is no such cluster, or Ray gave up (``PoolError``).
    """
    with _connected(block.address, log), _ticking(report) as report_alone:
        for done in _compute(block):
            report_alone(done)


@contextlib.contextmanager
def _ticking(report: Report) -> Iterator[Report]:
    """Report ticks from a thread; yields a function that reports something else."""
    one_at_a_time, ended = threading.Lock(), threading.Event()

    def report_alone(message: Any) -> None:
        with one_at_a_time:
            report(message)

    def tick() -> None:
        while not ended.wait(SECONDS_BETWEEN_TICKS):
            report_alone(TICK)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield report_alone
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def _connected(address: str, log: Path) -> Iterator[str]:
    """Be a driver of the cluster while the block runs; yields the address of Ray's dashboard.

    Raises:
        ClusterError: There is no such cluster.
        SettingsError: Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SettingsError(
            f"[execution] engine = ray needs Ray with Ray Data: {first_line(error)}. "
            "pip install 'thumbnail-tasks[ray]'"
        ) from error
    _require_listener(address)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    try:
        context = ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise _no_cluster(address, error) from error
    try:
        yield context.dashboard_url or ""
    finally:
        ray.shutdown()


def _require_listener(address: str) -> None:
    """Notice in seconds that nothing listens; Ray itself tries for minutes.

    Raises:
        ClusterError: Nothing listens at the address.
    """
    host, _, port = address.rpartition(":")
    if not host:  # auto
        return
    try:
        host = host.strip("[]")
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_CONNECT).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> ClusterError:
    return ClusterError(
        f"[execution] address = {address}: expected a Ray cluster of which this machine is a "
        f"node; found: {first_line(error)}. docs/CLUSTER.md says how to start one"
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's message, without its last full stop."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def _compute(block: Block) -> Iterator[Done]:
    """Pass shards' names through a pool of Ray Data, one name at a time to each actor."""
    import ray.data
    import ray.exceptions

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    pool = ray.data.ActorPoolStrategy(size=block.pool.most, max_tasks_in_flight_per_actor=1)
    resources = dict(block.pool.resources)
    rows = [{"shard": shard} for shard in block.shards]
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        ShardActor,
        fn_constructor_args=(block.setup, block.work, block.attempt, block.pool.n_threads),
        batch_size=1,
        batch_format="pyarrow",
        compute=pool,
        num_cpus=resources.pop("CPU", 0),
        num_gpus=resources.pop("GPU", 0),
        resources=resources,
    )
    try:
        for row in done.iter_rows():
            yield pickle.loads(row["done"])
    except ray.exceptions.RayError as error:
        raise PoolError(f"Ray: {first_line(error)}") from error


class Node(NamedTuple):
    """What was found on a node."""

    address: str
    resources: Mapping[str, float]
    niceness: int
    error: str
    """Why it cannot work; empty if it can."""


class Cluster(NamedTuple):
    """The nodes that are up."""

    nodes: Sequence[Node]
    dashboard: str
    """Address of Ray's dashboard; empty if it does not run."""


def examine(address: str, setup: NodeSetup, check: bytes, log: Path, report: Report) -> Cluster:
    """Check all nodes, at the same time.

    Args:
        address: Of the cluster.
        setup: The settings of the run.
        check: A pickled function that raises an error if a node cannot work.
        log: File that takes what Ray prints.
        report: Not used.

    Raises:
        ClusterError: There is no such cluster.
    """
    with _connected(address, log) as dashboard:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node for node in ray.nodes() if node["Alive"]]
        asked = [
            ray.remote(_examine_here)
            .options(
                num_cpus=0,
                max_retries=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            )
            .remote(setup, check, node["Resources"].get("GPU", 0) > 0)
            for node in nodes
        ]
        found = []
        for node, answer in zip(nodes, asked, strict=True):
            resources = {
                name: amount
                for name, amount in node["Resources"].items()
                if not name.startswith(("node:", "object_store", "memory", "accelerator_type"))
            }
            niceness, error = 0, ""
            try:
                niceness, error = ray.get(answer, timeout=_SECONDS_FOR_NODE)
            except ray.exceptions.GetTimeoutError:
                error = f"no answer in {_SECONDS_FOR_NODE:.0f} s"
            except ray.exceptions.RayError as failure:
                error = first_line(getattr(failure, "cause", None) or failure)
                if "thumbnail_tasks" in str(failure) and "No module" in str(failure):
                    error = (
                        f"expected thumbnail-tasks {setup.version}, as on the machine of the run; "
                        "it is not installed for the Python that Ray runs there"
                    )
            found.append(Node(node["NodeManagerAddress"], resources, niceness, error))
    return Cluster(found, dashboard)


def _examine_here(setup: NodeSetup, check: bytes, has_gpu: bool) -> tuple[int, str]:
    """The niceness of a worker of this node, and why it cannot work."""
    try:
        if has_gpu:  # Ray hides them from tasks that take none
            os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        setup.apply(None if has_gpu else [], 1)
        run_check: Callable[[], None] = pickle.loads(check)
        run_check()
    except SettingsError as error:
        return os.nice(0), str(error)
    except Exception as error:
        return os.nice(0), first_line(error)
    return os.nice(0), ""
