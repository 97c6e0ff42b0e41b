"""The actors: processes on the nodes, each of which makes one shard at a time."""

import logging
import pickle
import time

import pyarrow as pa

from thumbnail_tasks.execution.child_process import portable
from thumbnail_tasks.execution.cluster.setup import ClusterError, NodeSetup
from thumbnail_tasks.execution.executors import Done, Place, ShardsWork, set_place

PROGRESS_LOGGER = "thumbnail_tasks.tasks.progress"
"""Its lines are of the shard in progress; the run has lines of its own."""


class ShardActor:
    """Makes shards with the code and the model process of a stage, as on one machine.

    Ray Data creates it in each process of a pool, and calls it with one shard at a time. Only names
    and results of a line pass through Ray; pictures are read from storage, results published there.
    """

    def __init__(self, setup: NodeSetup, work: bytes, attempt: int, n_threads: int) -> None:
        """``work`` is a pickled ``ShardsWork``; an error here is that of each shard."""
        import ray

        context = ray.get_runtime_context()
        self._node = ray.util.get_node_ip_address()
        self._error: Exception | None = None
        set_place(Place(self._node, context.get_actor_id() or "", attempt))
        self._log = _Messages()
        try:
            setup.apply([str(gpu) for gpu in ray.get_gpu_ids()], n_threads)
            self._work: ShardsWork = pickle.loads(work)
            self._work.begin()
        except Exception as error:
            self._error = error

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Make the shards of ``batch``: rows of ``shard`` to rows of a pickled ``Done``."""
        done = [pickle.dumps(self._make(shard)) for shard in batch["shard"].to_pylist()]
        return pa.table({"done": done})

    def _make(self, shard: str) -> Done:
        started = time.monotonic()
        n_thumbnails, error = 0, self._error
        self._log.messages.clear()
        if error is None:
            try:
                n_thumbnails = self._work([shard])
            except Exception as found:
                error = portable(found)
        if isinstance(error, ClusterError):
            error = ClusterError(f"node {self._node}: {error}")
        seconds = time.monotonic() - started
        return Done(shard, self._node, n_thumbnails, seconds, tuple(self._log.messages), error)


class _Messages(logging.Handler):
    """Keeps what this package logs, for the terminal of the run."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[int, str]] = []
        package = logging.getLogger("thumbnail_tasks")
        package.handlers[:] = [self]
        package.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, unless it is the progress of a shard."""
        if record.name != PROGRESS_LOGGER:
            self.messages.append((record.levelno, record.getMessage()))
