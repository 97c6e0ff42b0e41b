"""Progress of a run, counted from the shards' files, whichever process made them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import pyarrow.compute as pc

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.runs.records import NodeRecord, StageRecord
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, name_of
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask


def _count_texts(texts: ParquetTarget) -> int:
    return pc.sum(pc.greater(texts.read(["ocr_length"])["ocr_length"], 0)).as_py() or 0


def _count_with_faces(faces: ParquetTarget) -> int:
    return int(pc.count_distinct(faces.read(["thumbnail_id"])["thumbnail_id"]).as_py())


def _count_with_objects(objects: ParquetTarget) -> int:
    found = objects.read(["thumbnail_id", "class"])
    is_found = found["class"].is_valid()
    return int(pc.count_distinct(found["thumbnail_id"].filter(is_found)).as_py())


_FINDS: Final[Mapping[str, Callable[[ParquetTarget], int]]] = {
    "texts": _count_texts,
    "faces": _count_with_faces,
    "objects": _count_with_objects,
}
"""Tables whose results can be empty, and how to count thumbnails with a result."""


class _Made:
    """Counts of what one stage has made so far."""

    def __init__(self) -> None:
        self.shards: set[str] = set()
        self.statuses: Counter[str] = Counter()
        self.n_found: int | None = None
        self.seconds = 0.0

    def add(self, task: ShardTask) -> dict[str, str]:
        """Count a shard's file; returns its metadata.

        Raises:
            StorageError: The file, or the shard's thumbnails, cannot be read.
        """
        target = task.output_for(task.shards)
        pictures = task.pictures_of(task.shards)
        statuses = Counter(pictures.read(["status"])["status"].to_pylist())
        about = target.read_metadata()
        find = _FINDS.get(task.table)
        found = find(target) if find else None
        self.shards.add(task.shards)
        self.statuses += statuses
        self.seconds += float(about.get("seconds", 0))
        if found is not None:
            self.n_found = (self.n_found or 0) + found
        return about


class _MadeOnNode:
    """Counts of what one node of a cluster has made so far."""

    def __init__(self) -> None:
        self.actors: set[str] = set()
        self.n_shards = self.n_retried = self.n_thumbnails = 0
        self.seconds = 0.0

    def add(self, about: Mapping[str, str]) -> None:
        """Count a shard's file, by its metadata."""
        self.actors.add(about["actor"])
        self.n_shards += 1
        self.n_retried += int(about["attempt"]) > 1
        self.n_thumbnails += int(about["n_thumbnails"])
        self.seconds += float(about["seconds"])


class RunTally:
    """Counts the shards that a run must make, and those that it has made."""

    def __init__(self, data_dir: str, engines: Mapping[str, str | None]) -> None:
        """Create it when the run starts: files that exist by then are not counted.

        Args:
            data_dir: The data directory.
            engines: The engine tag of each stage; None if the settings are wrong.
        """
        self._engines = engines
        tags = {tag for tag in engines.values() if tag}
        folders = [
            folder
            for table in files.list_folders(data_dir)
            for folder in files.list_folders(table)
            if name_of(folder) in tags
        ]
        listed = files.backend_of(data_dir).map_reads(
            lambda folder: files.list_files(folder, suffix=".parquet"), folders
        )
        self._existing = {entry.address: entry.revision for found in listed for entry in found}
        self._waiting: dict[str, dict[str, ShardTask]] = defaultdict(dict)
        self._made: dict[str, _Made] = defaultdict(_Made)
        self._nodes: dict[str, _MadeOnNode] = defaultdict(_MadeOnNode)
        self._sizes: dict[str, int] = {}

    def expect(self, task: ShardTask) -> None:
        """The run must make this shard."""
        stage = task.task_family
        if task.shards not in self._made[stage].shards:
            self._waiting[stage][task.shards] = task

    def is_to_be_made(self, target: ParquetTarget) -> bool:
        """Whether a file did not exist when the run started."""
        return target.path not in self._existing

    def expect_planned(self, tasks: Mapping[ShardTask, int]) -> None:
        """Expect the shards of the plan; Luigi does not report those that an assistant makes.

        Args:
            tasks: All stages of all shards, and the number of thumbnails of each shard.
        """
        for task, n_thumbnails in tasks.items():
            self._sizes[task.shards] = n_thumbnails
            if task.output_for(task.shards).path not in self._existing:
                self.expect(task)

    def is_new(self, entry: Entry) -> bool:
        """Whether a file was made since the run started."""
        return self._existing.get(entry.address) != entry.revision

    def update(self) -> None:
        """Count files that have been published since the last update."""
        for stage, waiting in list(self._waiting.items()):
            tasks = list(waiting.values())
            published = _names_in(tasks[0].output_for(tasks[0].shards)) if tasks else frozenset()
            for task in tasks:
                if name_of(task.output_for(task.shards).path) in published:
                    try:
                        about = self._made[stage].add(task)
                    except StorageError:  # being replaced, or damaged: try again later
                        continue
                    if "node" in about:
                        self._nodes[about["node"]].add(about)
                    del waiting[task.shards]

    def shards_made(self, stage: str) -> frozenset[str]:
        """The names of the shards that the stage has made."""
        return frozenset(self._made[stage].shards)

    def n_thumbnails_left(self, stage: str) -> int:
        """The thumbnails of the shards that the stage has still to make."""
        return sum(self._sizes.get(shard, 0) for shard in self._waiting[stage])

    def stages(self) -> list[StageRecord]:
        """What each stage has done, as of the last update."""
        return [self._describe(stage, engine) for stage, engine in self._engines.items()]

    def nodes(self) -> list[NodeRecord]:
        """What each node of a cluster has done, as of the last update."""
        return [
            NodeRecord(
                node=node,
                n_actors=len(made.actors),
                n_shards=made.n_shards,
                n_retried=made.n_retried,
                n_thumbnails=made.n_thumbnails,
                seconds=round(made.seconds, 3),
            )
            for node, made in sorted(self._nodes.items())
        ]

    def _describe(self, stage: str, engine: str | None) -> StageRecord:
        made = self._made[stage]
        n_thumbnails = made.statuses.total()
        return StageRecord(
            stage=stage,
            engine=engine,
            n_shards=len(made.shards),
            n_shards_left=len(self._waiting[stage]),
            n_thumbnails=n_thumbnails,
            statuses=dict(made.statuses),
            n_found=made.n_found,
            seconds=round(made.seconds, 3),
            thumbnails_per_second=round(n_thumbnails / made.seconds, 3) if made.seconds else None,
        )


def _names_in(target: ParquetTarget) -> frozenset[str]:
    """The names of a target's neighbours; one listing instead of a question for each."""
    return frozenset(name_of(each.address) for each in files.list_files(folder_of(target.path)))
