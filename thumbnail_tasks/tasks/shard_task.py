"""The base class of all stages: a task over the files of some shards.

A shard is an immutable list of thumbnails, named ``<videos digest>-<list digest>``: the table from
which it was planned, and its content. Each stage makes one more file for each shard.
"""

import contextlib
import functools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import luigi
import pyarrow as pa

from thumbnail_tasks.console import TASK_LINE, Progress
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError
from thumbnail_tasks.execution.bisection import bisect_crashes
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.gpus import CPU, find_gpus, lease_gpu
from thumbnail_tasks.execution.model_process import model_process
from thumbnail_tasks.execution.quarantine import (
    describe_crash,
    find_quarantined,
    pick_rows,
    without_picture,
)
from thumbnail_tasks.fingerprints import make_tag
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.checkpoints import Checkpoint
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.fetch_weights import FetchWeights
from thumbnail_tasks.tasks.progress import ProgressLines, report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)

PICTURES = "thumbnails"
"""Folder of the first stage's results, the table that lists which pictures exist."""


def _join_numbers(numbers: Iterable[str | None]) -> str:
    """The shard numbers of a batch; None comes from tasks that luigid knows from old versions."""
    return ", ".join(number or "" for number in numbers)


class ShardTask(DataTask):
    """One stage over one shard, or over several that Luigi has combined into a batch.

    While a stage's resource is busy its shards wait; the next task takes up to
    ``max_batch_size`` of them, so that a model is loaded once for all. Each shard's file is
    published as soon as it is done: after a kill only the missing ones are made.
    """

    # In the order in which Luigi's page shows them.
    shard_numbers: str = luigi.Parameter(
        default="",
        significant=False,
        batch_method=_join_numbers,
        description="Numbers of the shards within the run, as in 2 of 3; for display only",
    )
    data_dir: str = PathParameter(default="", description="The same as --storage-data-dir")
    source: str = luigi.Parameter(description="Source of the pictures: see PlanShards")
    engine: str = luigi.Parameter(description="Engine tag: engine, version and settings")
    shards: str = luigi.Parameter(batch_method=",".join, description="Shard names, comma-separated")

    max_batch_size = 8

    table: ClassVar[str]
    """Folder of this stage's results."""

    version: ClassVar[str] = "1"
    """Raise it when this package's own code changes the output of the same engine."""

    upstream: ClassVar[tuple[type["ShardTask"], ...]] = ()
    """The stages whose tables ``compute`` takes, in this order."""

    @classmethod
    def selected_engine(cls) -> Engine:
        """The engine selected by the settings.

        Raises:
            SettingsError: There is no such engine.
        """
        raise NotImplementedError

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

    @classmethod
    def tag(cls, source: str) -> str:
        """The engine tag under this process's settings; it includes upstream engines."""
        return _engine_tag(cls, source)

    @classmethod
    def on(cls, shard: str, source: str, data_dir: str, number: str = "") -> Self:
        """The task for one shard, with the engine selected by the settings.

        Args:
            shard: Its name.
            source: Source of the pictures.
            data_dir: The data directory.
            number: Number of the shard within the run, as in ``2 of 3``, if known.
        """
        return cls(
            shard_numbers=number,
            data_dir=data_dir,
            source=source,
            engine=cls.tag(source),
            shards=shard,
        )

    def requires(self) -> list[luigi.Task]:
        tables = [task for shard in self.shards.split(",") for task in self.requires_for(shard)]
        return [*tables, *self.requires_weights()]

    @classmethod
    def requires_weights(cls) -> list[luigi.Task]:
        """The task that fetches weights of the selected engine that are not shipped."""
        names = [weights.name for weights in cls.selected_engine().weights()]
        return [FetchWeights(weights=",".join(names))] if names else []

    def requires_for(self, shard: str) -> list[luigi.Task]:
        """The tasks whose tables ``compute`` takes for this shard."""
        number = self._number(shard)
        return [stage.on(shard, self.source, self.data_dir, number) for stage in self.upstream]

    def _number(self, shard: str) -> str:
        shards, numbers = self.shards.split(","), self.shard_numbers.split(", ")
        known: dict[str, str] = dict(zip(shards, numbers, strict=False))
        return known.get(shard, "")

    def output(self) -> list[ParquetTarget]:
        return [self.output_for(shard) for shard in self.shards.split(",")]

    def output_for(self, shard: str) -> ParquetTarget:
        """The file of one shard."""
        return self.target(self.table, self.engine, shard)

    def pictures_of(self, shard: str) -> ParquetTarget:
        """The file of one shard's thumbnails, which lists which pictures exist."""
        return self.target(PICTURES, self.source, shard)

    @recover_lost_inputs
    def run(self) -> None:
        if self.engine != self.tag(self.source):
            raise SettingsError(
                f"{self}: this worker's settings give the engine tag {self.tag(self.source)}; "
                "give every worker the same luigi.cfg and version"
            )
        shards = [name for name in self.shards.split(",") if not self.output_for(name).exists()]
        if not shards:
            return
        with self._device() as device:  # before any lock: a lock holder never waits for a GPU
            lines = ProgressLines(self, len(shards), device if device != CPU else "")
            for shard in shards:
                target = self.output_for(shard)
                with self.lock(target):
                    if not target.exists():  # another run may have made it
                        self._make(shard, lines, device)

    @contextlib.contextmanager
    def _device(self) -> Iterator[str]:
        """Compute on a leased GPU while the block runs, if the stage holds ``gpu``.

        Yields:
            The label of the GPU, or ``CPU``.

        Raises:
            GpuError: A GPU is required, and there is none.
        """
        if not self.process_resources().get("gpu"):
            yield CPU
            return
        gpus = find_gpus()
        labels = ", ".join(gpu.label for gpu in gpus)
        waiting = f"waiting for a GPU: other tasks of this host have leased {labels}"
        with (
            lease_gpu(gpus, lambda: report_progress(self, waiting, 0)) as gpu,
            model_process().on(gpu),
        ):
            device = gpu.label if gpu else CPU
            report_progress(self, f"on {device}", 0)
            yield device

    def _make(self, shard: str, lines: ProgressLines, device: str) -> None:
        """Write one shard's file; a picture that crashes or exhausts memory is quarantined.

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
        self.output_for(shard).write_if_absent(table, about)
        checkpoint.remove()

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


def _compute_rows(
    stage: type[ShardTask], params: Mapping[str, str], shard: str, rows: range, progress: Progress
) -> Any:
    task = stage.from_str_params(params)
    if not rows:  # bisect_crashes asks whether the stage crashes without a picture
        task.load_engine()
    return task.compute(task.read_rows(shard, rows), progress)


@functools.cache  # Luigi asks several times per task: at 5 ms each, minutes for many shards
def _engine_tag(stage: type[ShardTask], source: str) -> str:
    engine = stage.selected_engine()
    before = [earlier.tag(source) for earlier in stage.upstream]
    about = {"version": stage.version, "engine": engine.about(), "upstream": before}
    return make_tag(engine.name(), about)
