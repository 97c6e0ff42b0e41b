"""The shards of a block on a Ray cluster: given to actors, and again until their files exist.

Which shards are done is decided by their files, not by Ray's answers: a call whose node has lost
its network may have made its file and never return.
"""

import contextlib
import logging
import pickle
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from thumbnail_tasks import settings
from thumbnail_tasks.console import TASK_LINE, format_count
from thumbnail_tasks.errors import SettingsError, StorageError
from thumbnail_tasks.execution.child_process import ChildProcess
from thumbnail_tasks.execution.cluster.driver import (
    TICK,
    Block,
    Cluster,
    Pool,
    PoolError,
    drive,
    examine,
)
from thumbnail_tasks.execution.cluster.setup import ClusterError, NodeSetup
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.executors import Done, ShardsWork
from thumbnail_tasks.storage.parquet_target import LostFileError

logger = logging.getLogger(__name__)

_HOST_AND_PORT: Final = re.compile(r"[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+")
_MOST_ACTORS: Final = 1000
"""More than a cluster has room for, as nodes may join it; Ray starts those that fit."""
_SECONDS_BETWEEN_LOOKS: Final = 20.0
"""At the files, while no shard is reported as done."""
_FIRST_SIGN: Final = 4
"""Stall times until the first sign: the cores may be busy with other blocks."""
_MAX_ERRORS: Final = 3
"""Of storage, in a row: a node may have lost its network, and several nodes rarely do at once."""
_MAX_FAILURES: Final = 3
"""In a row, in which no shard was made."""


class RayExecutor:
    """Computes the shards of one stage on a cluster; see ``executors.Executor``."""

    def run(self, work: ShardsWork, shards: Sequence[str], on_done: Callable[[Done], None]) -> None:
        """Make the files of all shards.

        Raises:
            ClusterError: The cluster cannot be reached, or makes no shard any more.
            ThumbnailTasksError: A shard cannot be made.
        """
        left = list(shards)
        n_failures, attempt = 0, 0
        while left:
            attempt += 1
            round_ = _Round(work, left, on_done)
            try:
                with _log_file() as log:
                    self._drive(work, left, attempt, log, round_)
                reason = str(round_.error or "their actors ended")
            except (_EndedError, PoolError) as ended:
                reason = str(ended)
            except CrashError as crash:  # of the driver: Ray ends it when the head is gone
                reason = f"the connection to the cluster ended: {crash}"
            before, left = left, work.find_missing(left)
            if len(left) < len(before):
                n_failures = 0
            elif not round_.has_only_waited:
                n_failures += 1
            if left and n_failures == _MAX_FAILURES:
                if round_.error:
                    raise round_.error
                raise ClusterError(
                    f"{work.stage}: expected the cluster to make "
                    f"{format_count(len(left), 'more shard')}; found: none in "
                    f"{_MAX_FAILURES} tries, the last one: {reason}"
                )
            if left:
                what = f"{format_count(len(left), 'shard')} to be given to actors again: {reason}"
                logger.info(TASK_LINE, work.stage, what)

    def _drive(
        self, work: ShardsWork, shards: list[str], attempt: int, log: Path, round_: "_Round"
    ) -> None:
        setup, address = NodeSetup.of_this_run(), settings.execution().address
        pool = pool_for(work.stage, work.needs_gpu)
        pool = pool._replace(most=min(pool.most, len(shards)))
        block = Block(address, setup, pickle.dumps(work), shards, pool, attempt)
        with contextlib.closing(ChildProcess()) as driver:
            driver.call(partial(drive, block, log), round_.hear)


class _EndedError(Exception):
    """A round that is not continued; the message says why."""


class _Round:
    """One time that shards are given to actors."""

    def __init__(
        self, work: ShardsWork, shards: Sequence[str], on_done: Callable[[Done], None]
    ) -> None:
        self._work, self._left, self._on_done = work, set(shards), on_done
        self.has_sign = False
        """Whether a shard was done or failed, or a checkpoint was stored."""
        self._last_sign = self._last_look = time.monotonic()
        self._checkpoints = work.list_checkpoints()
        self.has_only_waited = False
        """Whether it has ended because nothing has happened since its start."""
        self.error: Exception | None = None
        """The last one that another node, or the same node later, may not meet."""
        self._n_errors = 0
        """In a row."""

    def hear(self, message: Any) -> None:
        """Take a message of the driver.

        Raises:
            _EndedError: All shards are done, nothing has happened for too long, or storage cannot
                be reached from several actors.
            Exception: The error of a shard.
        """
        if message == TICK:
            if time.monotonic() - self._last_look > _SECONDS_BETWEEN_LOOKS:
                self._look()
            return
        done: Done = message
        for level, text in done.messages:
            logger.log(level, "%s", text)
        if done.error is not None:
            self._note_error(done.error)
            return
        self._n_errors = 0
        self._left.discard(done.shard)
        self._on_done(done)
        self._note_sign()

    def _note_error(self, error: Exception) -> None:
        if not isinstance(error, StorageError) or isinstance(error, LostFileError):
            raise error
        self.error = error
        self.has_sign = True
        self._n_errors += 1
        if self._n_errors == _MAX_ERRORS:
            raise _EndedError(str(error))

    def _note_sign(self) -> None:
        self.has_sign = True
        self._last_sign = self._last_look = time.monotonic()

    def _look(self) -> None:
        """Look at the files for shards that are done, and for signs of those in progress."""
        self._last_look = time.monotonic()
        missing = set(self._work.find_missing(self._left))
        checkpoints = self._work.list_checkpoints()
        if missing != self._left or checkpoints != self._checkpoints:
            self._left, self._checkpoints = missing, checkpoints
            self._note_sign()
        if not missing:
            raise _EndedError("their files exist")
        quiet_s = time.monotonic() - self._last_sign
        limit_s = settings.execution().stall_s * (1 if self.has_sign else _FIRST_SIGN)
        if quiet_s > limit_s:
            self.has_only_waited = not self.has_sign
            raise _EndedError(f"neither a result nor a checkpoint in {quiet_s:.0f} s")


def pool_for(stage: str, needs_gpu: bool) -> Pool:
    """The actors of a stage, by the settings.

    Raises:
        SettingsError: They are not as expected.
    """
    options = settings.execution()
    chosen = options.stage_resources.get(stage)
    if chosen is None:
        chosen = {"CPU": options.cpus}
        if needs_gpu and settings.gpus().devices != "none":
            chosen["GPU"] = 1
    most = options.actors.get(stage, _MOST_ACTORS)
    if not isinstance(most, int) or most < 1:
        raise SettingsError(
            f"[execution] actors: expected a whole number of at least 1 for {stage}; "
            f"found: {most!r}"
        )
    if not isinstance(chosen, Mapping) or not all(
        isinstance(amount, int | float) and amount >= 0 for amount in chosen.values()
    ):
        raise SettingsError(
            '[execution] stage_resources: expected amounts by name, as in {"CPU": 1}, for '
            f"{stage}; found: {chosen!r}"
        )
    return Pool(most, dict(chosen))


@contextlib.contextmanager
def _log_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="thumbnail-tasks-ray-") as folder:
        yield Path(folder, "log")


def check_cluster(check: Callable[[], None]) -> Cluster:
    """Check the nodes of the cluster before a run.

    Args:
        check: Called on each node with the settings of the run; raises an error if it cannot work
            there. It is pickled.

    Raises:
        ClusterError: There is no such cluster, or a node cannot work.
    """
    address = settings.execution().address
    with _log_file() as log, contextlib.closing(ChildProcess()) as driver:
        setup = NodeSetup.of_this_run()
        try:
            work = partial(examine, address, setup, pickle.dumps(check), log)
            cluster: Cluster = driver.call(work, lambda message: None)
        except CrashError as crash:
            raise ClusterError(f"[execution] address = {address}: {crash}") from crash
    for node in cluster.nodes:
        if node.error:
            raise ClusterError(f"node {node.address}: {node.error}")
    for node in cluster.nodes:
        if node.niceness > 0:
            logger.warning(
                "node %s: Ray's workers have niceness %d, so that everything else comes first: "
                "start Ray with RAY_worker_niceness=0",
                *(node.address, node.niceness),
            )
    return cluster


def check_address(address: str) -> None:
    """Check the form of a cluster's address.

    Raises:
        SettingsError: It is none.
    """
    if address != "auto" and not _HOST_AND_PORT.fullmatch(address):
        raise SettingsError(
            "[execution] address: expected auto, or host and port of the cluster's head, as in "
            f"10.0.0.1:6379 (this machine must be a node of it); found: {address}"
        )
