"""Fetch the picture of each thumbnail, or the reason why there is none: the first stage."""

import contextlib
import math
from collections.abc import Iterator, Sequence

import luigi
import pyarrow as pa

from thumbnail_tasks import settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.execution.gpus import CPU
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.network.downloads import allow_until, load_downloader
from thumbnail_tasks.stages.checks import read_received
from thumbnail_tasks.stages.fetching import fetch_thumbnails
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.locks import hold_lock
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.blocks import list_shards
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.shard_files import PICTURES
from thumbnail_tasks.tasks.shard_task import ShardTask

_SAFETY_S = 1.0
"""Before a lock may be taken over, its holder starts no more requests."""


class PlannedShard(DataTask):
    """A shard's list of thumbnails, written by PlanShards."""

    source: str = luigi.Parameter(description="Where the pictures come from")
    shard: str = luigi.Parameter(description="Shard name, or the name of a block")

    def output(self) -> list[ParquetTarget]:
        names = list_shards(self.shard, self.source, self.data_dir)
        return [self.target("shards", self.source, name) for name in names]

    def complete(self) -> bool:
        """Whether all lists exist."""
        return None not in files.find_all(self.data_dir, [each.path for each in self.output()])

    def run(self) -> None:
        """Runs only if the list was lost after planning.

        Raises:
            StorageError: Always.
        """
        lost = next((each for each in self.output() if not each.exists()), self.output()[0])
        raise StorageError(
            f"{lost.path}: expected the list of a planned shard; found none. Run "
            "again to plan its thumbnails again."
        )


@contextlib.contextmanager
def hold_downloads(task: DataTask) -> Iterator[None]:
    """Be the only one that downloads into the task's data directory while the block runs."""
    allow_until(math.inf)
    message = "waiting: another run downloads into this data directory"
    with hold_lock(
        task.data_dir,
        "downloads",
        lambda: report_progress(task, message, 0),
        on_renewal=lambda until: allow_until(until - _SAFETY_S),
    ):
        yield


class DownloadThumbnails(ShardTask):
    """Write the pictures of some shards, as received.

    One process at a time downloads into a data directory, so that the rate limit of each host is
    kept by all runs together: Luigi's resource ``download`` is limited to 1, and other runs wait
    for a lock. On a cluster, too, the run itself downloads.
    """

    table = PICTURES

    @classmethod
    def needs(cls) -> dict[str, int]:
        """To be the only one that downloads."""
        return {"download": 1}

    @classmethod
    def tag(cls, source: str) -> str:
        """The source itself, which identifies everything that changes a picture."""
        return source

    @contextlib.contextmanager
    def reserve(self) -> Iterator[str]:
        """Be the only one that downloads into the data directory while the block runs."""
        with hold_downloads(self):
            yield CPU

    @classmethod
    def check_engine(cls) -> None:
        """Nothing: downloads have no engine."""

    @classmethod
    def load_engine(cls) -> None:
        """Nothing: downloads have no model."""

    @classmethod
    def requires_weights(cls) -> list[luigi.Task]:
        return []

    def requires_for(self, shard: str) -> list[luigi.Task]:
        return [PlannedShard(data_dir=self.data_dir, source=self.source, shard=shard)]

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        (shard,) = tables
        ids = shard["thumbnail_id"].to_pylist()
        part = self.target("unfinished", self.source, short_digest(ids, 16))
        unfinished = part.read() if part.exists() else None
        table = fetch_thumbnails(
            shard,
            load_downloader().fetch,
            settings.thumbnails().concurrency,
            progress,
            unfinished,
            part.write,
            read_received(shard, self.data_dir, self.source),
        )
        part.remove()
        return table
