"""The base class of all stages: how the files of some shards are made."""

import contextlib
import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa

from thumbnail_tasks.console import TASK_LINE, Progress
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.execution.bisection import bisect_crashes
from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.cluster.executor import RayExecutor
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.executors import (
    Executor,
    LocalExecutor,
    this_place,
)
from thumbnail_tasks.execution.gpus import CPU
from thumbnail_tasks.execution.quarantine import (
    describe_crash,
    find_quarantined,
    pick_rows,
    without_picture,
)
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.checkpoints import Checkpoint
from thumbnail_tasks.tasks.devices import reserve_device
from thumbnail_tasks.tasks.progress import BlockLines, ProgressLines
from thumbnail_tasks.tasks.recovery import recover_lost_inputs
from thumbnail_tasks.tasks.shard_files import ShardFiles

logger = logging.getLogger(__name__)


class ShardTask(ShardFiles):
    """One stage over one shard, over several that Luigi has combined into a batch, or over a block.

    While a stage's resource is busy its shards wait; the next task takes up to
    ``max_batch_size`` of them, so that a model is loaded once for all. Each shard's file is
    published as soon as it is done: after a kill only the missing ones are made.
    """

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        """This stage's table of some thumbnails, from the upstream tables of the same thumbnails.

        It runs in a separate process, and must not depend on earlier calls there.
        """
        raise NotImplementedError

    @classmethod
    def check_engine(cls) -> None:
        """Check, without loading a model, that the selected engine can work in this process.

        Raises:
            ThumbnailTasksError: It cannot: see ``Engine.check``.
        """
        cls.selected_engine().check()

    @classmethod
    def load_engine(cls) -> None:
        """Load the model of the selected engine, in the process that will use it.

        Raises:
            ThumbnailTasksError: It cannot be loaded.
        """
        cls.selected_engine().load()

    @recover_lost_inputs
    def run(self) -> None:
        self.check_tag()
        shards = self.find_missing(self.list_shards())
        if shards:
            lines = BlockLines(self, len(shards), self.shard_numbers)
            self._executor().run(_Work(self), shards, lines.add)

    def _executor(self) -> Executor:
        return RayExecutor() if self._is_remote() else LocalExecutor()

    def make(self, shards: Sequence[str], device: str) -> int:
        """Make the files of these shards on a reserved device, unless they exist.

        Returns:
            The number of thumbnails.
        """
        n_thumbnails = 0
        lines = ProgressLines(self, len(shards), device if device != CPU else "")
        for shard in shards:
            target = self.output_for(shard)
            with self.lock(target):
                if not target.exists():  # another run may have made it
                    n_thumbnails += self._make(shard, lines, device)
        return n_thumbnails

    def reserve(self) -> AbstractContextManager[str]:
        """Compute on a leased GPU while the block runs, if the stage holds ``gpu``.

        Yields:
            The label of the GPU, or ``CPU``.

        Raises:
            GpuError: A GPU is required, and there is none.
        """
        return reserve_device(self, bool(self.needs().get("gpu")))

    def _make(self, shard: str, lines: ProgressLines, device: str) -> int:
        """Write one shard's file; a picture that crashes or exhausts memory is quarantined.

        Returns:
            The number of thumbnails.

        Raises:
            ThumbnailTasksError: The engine crashes with every picture.
        """
        first = self.requires_for(shard)[0].output()[0]
        ids = first.read(["thumbnail_id"])["thumbnail_id"].to_pylist()

        def compute_rows(rows: range, block: range) -> pa.Table:
            work = functools.partial(_compute_rows, type(self), self.to_str_params(), shard, rows)
            try:
                with lines.rollback_on_failure() as progress:
                    return model_process().call(work, progress)
            except CrashError as crash:
                if rows == block and len(block) > 1:
                    message = f"{crash}. Searching for the picture by bisection."
                    logger.info(TASK_LINE, self.task_family, message)
                raise

        def quarantine(row: int, crash: CrashError) -> pa.Table:
            message = f"{ids[row]}: {crash.status}: {crash}. It is left out."
            logger.info(TASK_LINE, self.task_family, message)
            detail = f"{self.task_family}, {self.engine}: {crash}"
            if not self.upstream:
                return describe_crash({"thumbnail_id": ids[row]}, crash.status, detail)
            self._quarantine(shard, ids[row], crash.status, detail)
            return compute_rows(range(row, row + 1), range(row, row + 1))

        def compute_block(block: range) -> pa.Table:
            compute = functools.partial(compute_rows, block=block)
            return bisect_crashes(compute, block, quarantine)

        checkpoint = Checkpoint(self.target("unfinished", self.table, self.engine, shard))
        seconds_before = checkpoint.seconds
        lines.begin(len(ids), self._number(shard), checkpoint.n_done)
        try:
            if self.upstream:
                table = checkpoint.complete(len(ids), compute_block)
            else:  # the download of a shard keeps checkpoints of its own
                table = compute_block(range(len(ids)))
        except CrashError as crash:
            raise ThumbnailTasksError(
                f"{self.task_family} with {self.engine}: expected a picture to be the cause; "
                f"found: {crash}, with any picture"
            ) from crash
        seconds = seconds_before + lines.finish()
        about = {
            "n_thumbnails": str(len(ids)),
            "seconds": f"{seconds:.3f}",
            "computed_on": device,
        }
        if place := this_place():
            about |= {"node": place.node, "actor": place.actor, "attempt": str(place.attempt)}
        self.output_for(shard).write_if_absent(table, about)
        checkpoint.remove()
        return len(ids)

    def _quarantine(self, shard: str, thumbnail_id: str, status: str, detail: str) -> None:
        """Remove a picture from the shard's thumbnails, for this stage and all others."""
        target = self.pictures_of(shard)
        with self.lock(target):
            target.update(lambda table: without_picture(table, thumbnail_id, status, detail))

    def read_rows(self, shard: str, rows: range) -> list[pa.Table]:
        """The tables that ``compute`` takes, of some thumbnails of a shard."""
        targets = [task.output()[0] for task in self.requires_for(shard)]
        tables = files.backend_of(self.data_dir).map_reads(ParquetTarget.read, targets)
        if not self.upstream:
            return pick_rows(tables, rows, pa.chunked_array([], pa.string()))
        statuses = self.pictures_of(shard).read(["thumbnail_id", "status"])
        return pick_rows(tables, rows, find_quarantined(statuses))


class _Work:
    """The shards of a task, as an executor sees them: see ``ShardsWork``."""

    def __init__(self, task: ShardTask) -> None:
        self._task = task
        self.stage: str = task.task_family
        self.needs_gpu = bool(task.needs().get("gpu"))
        self._device = ""
        self._reserved = contextlib.ExitStack()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_work, (type(self._task), self._task.to_str_params())

    def begin(self) -> None:
        self._device = self._reserved.enter_context(self._task.reserve())

    def __call__(self, shards: Sequence[str]) -> int:
        if self._device:
            return self._task.make(shards, self._device)
        with self._task.reserve() as device:  # before any lock: none waits for a GPU holding one
            return self._task.make(shards, device)

    def find_missing(self, shards: Iterable[str]) -> list[str]:
        return self._task.find_missing(shards)

    def list_checkpoints(self) -> frozenset[tuple[str, str]]:
        task = self._task
        folder = join(task.data_dir, "unfinished", task.table, task.engine)
        found = files.list_files(folder, suffix=".parquet")
        return frozenset((each.address, each.revision) for each in found)


def _restore_work(stage: type[ShardTask], params: Mapping[str, str]) -> _Work:
    task = stage.from_str_params(params)
    task.check_tag()
    return _Work(task)


def _compute_rows(
    stage: type[ShardTask], params: Mapping[str, str], shard: str, rows: range, progress: Progress
) -> Any:
    task = stage.from_str_params(params)
    if not rows:  # bisect_crashes asks whether the stage crashes without a picture
        task.load_engine()
    return task.compute(task.read_rows(shard, rows), progress)
