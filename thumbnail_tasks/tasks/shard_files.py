"""What a stage makes of some shards: the parameters, inputs and outputs of its tasks.

A shard is an immutable list of thumbnails, named ``<videos digest>-<list digest>``: the table from
which it was planned, and its content. Each stage makes one more file for each shard.
"""

import functools
from collections.abc import Iterable
from typing import ClassVar, Self

import luigi

from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.execution.executors import is_on_cluster
from thumbnail_tasks.fingerprints import make_tag
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.blocks import is_block, list_shards
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.fetch_weights import FetchWeights

PICTURES = "thumbnails"
"""Folder of the first stage's results, the table that lists which pictures exist."""


def _join_numbers(numbers: Iterable[str | None]) -> str:
    """The shard numbers of a batch; None comes from tasks that luigid knows from old versions."""
    return ", ".join(number or "" for number in numbers)


class ShardFiles(DataTask):
    """What a stage makes of some shards, from what, and what it needs for that."""

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
    shards: str = luigi.Parameter(batch_method=",".join, description="Shard names, or a block")

    table: ClassVar[str]
    """Folder of this stage's results."""

    version: ClassVar[str] = "1"
    """Raise it when this package's own code changes the output of the same engine."""

    upstream: ClassVar[tuple[type["ShardFiles"], ...]] = ()
    """The stages whose tables ``compute`` takes, in this order."""

    @classmethod
    def needs(cls) -> dict[str, int]:
        """What a process that computes this stage holds of Luigi's resources, such as ``gpu``."""
        return {}

    def process_resources(self) -> dict[str, int]:
        """What the task holds: nothing if a cluster limits what its nodes compute."""
        return {} if self._is_remote() else self.needs()

    @property
    def max_batch_size(self) -> int:  # type: ignore[override] # Luigi reads it of each task
        """Tasks that Luigi combines into one; a block is large enough."""
        return 1 if is_block(self.shards) else 8

    @classmethod
    def selected_engine(cls) -> Engine:
        """The engine selected by the settings.

        Raises:
            SettingsError: There is no such engine.
        """
        raise NotImplementedError

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
        names = [self.shards] if is_block(self.shards) else self.shards.split(",")
        tables = [task for name in names for task in self.requires_for(name)]
        return [*tables, *self.requires_weights()]

    @classmethod
    def requires_weights(cls) -> list[luigi.Task]:
        """The task that fetches weights of the selected engine that are not shipped."""
        names = [weights.name for weights in cls.selected_engine().weights()]
        return [FetchWeights(weights=",".join(names))] if names else []

    def requires_for(self, shard: str) -> list[luigi.Task]:
        """The tasks whose tables ``compute`` takes for this shard, or for this block."""
        number = self.shard_numbers if is_block(shard) else self._number(shard)
        return [stage.on(shard, self.source, self.data_dir, number) for stage in self.upstream]

    def _number(self, shard: str) -> str:
        shards, numbers = self.shards.split(","), self.shard_numbers.split(", ")
        known: dict[str, str] = dict(zip(shards, numbers, strict=False))
        return known.get(shard, "")

    def output(self) -> list[ParquetTarget]:
        return [self.output_for(shard) for shard in self.list_shards()]

    def list_shards(self) -> list[str]:
        """The names of its shards.

        Raises:
            StorageError: They are named by a block, whose plan cannot be read.
        """
        return list_shards(self.shards, self.source, self.data_dir)

    def output_for(self, shard: str) -> ParquetTarget:
        """The file of one shard."""
        return self.target(self.table, self.engine, shard)

    def pictures_of(self, shard: str) -> ParquetTarget:
        """The file of one shard's thumbnails, which lists which pictures exist."""
        return self.target(PICTURES, self.source, shard)

    def find_missing(self, shards: Iterable[str]) -> list[str]:
        """The shards whose files do not exist."""
        named = {shard: self.output_for(shard).path for shard in shards}
        found = files.find_all(self.data_dir, list(named.values()))
        return [shard for shard, file in zip(named, found, strict=True) if file is None]

    def complete(self) -> bool:
        """Whether all files exist."""
        return not self.find_missing(self.list_shards())

    def _is_remote(self) -> bool:
        """Whether nodes of a cluster compute it; pictures are fetched by the run's own machine."""
        return is_block(self.shards) and bool(self.upstream) and is_on_cluster()

    def check_tag(self) -> None:
        """Check that this process would give the results that the task stands for.

        Raises:
            SettingsError: Its settings, or versions of packages, are others.
        """
        if self.engine != self.tag(self.source):
            raise SettingsError(
                f"{self}: this worker's settings give the engine tag {self.tag(self.source)}; "
                "give every worker the same luigi.cfg and version"
            )


@functools.cache  # Luigi asks several times per task: at 5 ms each, minutes for many shards
def _engine_tag(stage: type[ShardFiles], source: str) -> str:
    engine = stage.selected_engine()
    before = [earlier.tag(source) for earlier in stage.upstream]
    about = {"version": stage.version, "engine": engine.about(), "upstream": before}
    return make_tag(engine.name(), about)
