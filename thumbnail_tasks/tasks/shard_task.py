"""What a shard is, and the two base tasks that everything else is made of.

A shard is an immutable list of thumbnails, named ``<videos digest>-<list digest>``: the table
that brought it, and what is in it. Each stage turns the files of one shard into one more.
"""

import contextlib
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Self

import luigi
import pyarrow as pa

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import HostDownError, SettingsError, StorageError, ThumbnailTasksError
from thumbnail_tasks.execution.bisection import compute_by_halves
from thumbnail_tasks.execution.crashes import CrashError, explain_exit
from thumbnail_tasks.execution.gpus import PROCESSOR, find_cards, leased_card
from thumbnail_tasks.execution.model_process import model_process
from thumbnail_tasks.execution.quarantine import (
    describe_crash,
    find_crashed,
    pick_rows,
    without_picture,
)
from thumbnail_tasks.storage.locks import claimed
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.fetch_weights import FetchWeights
from thumbnail_tasks.tasks.progress import Progress, ProgressLines, end_run, say, say_from, tell
from thumbnail_tasks.tasks.recovery import mending

PICTURES = "thumbnails"
"""Folder of the first stage's results: the one table that says which pictures there are."""


def short_digest(value: Any, digits: int) -> str:
    """The first hexadecimal digits of the SHA-256 of ``value`` as JSON."""
    described = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(described).hexdigest()[:digits]


def name_table(videos_digest: str) -> str:
    """The name of a table of videos in file names: the start of its digest."""
    return videos_digest[:12]


def name_shard(table_name: str, thumbnails: pa.Table) -> str:
    """The name of the shard of ``thumbnails`` (rows of ``schemas.SHARDS``)."""
    return f"{table_name}-{short_digest(thumbnails.to_pylist(), 12)}"


def table_of_shard(shard: str) -> str:
    """The name of the table of videos that brought a shard."""
    return shard.partition("-")[0]


def make_tag(name: str, about: Mapping[str, Any]) -> str:
    """``<name>-<digest>``: a folder's name that changes with whatever changes a result."""
    return f"{name}-{short_digest([name, about], 8)}"


class DataTask(luigi.Task):
    """A task that keeps its results under a data directory."""

    data_dir = luigi.Parameter(default="", description="Default: [storage] data_dir")

    @classmethod
    def get_param_values(
        cls, params: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Fill in the folder, so that it is part of the task's name in the scheduler.

        Two runs with different folders are then different tasks, and a worker of another
        process that takes the task over works in the same folder.
        """
        values = dict(super().get_param_values(params, args, kwargs))
        values["data_dir"] = values["data_dir"] or settings.storage().data_dir
        return list(values.items())

    def target(self, *parts: str) -> ParquetTarget:
        """The Parquet file at ``<data_dir>/<parts>.parquet``."""
        return ParquetTarget(f"{Path(self.data_dir, *parts)}.parquet", "/".join(parts))

    def claim(self, target: ParquetTarget) -> AbstractContextManager[None]:
        """Be the one to make this file: another run on the same data directory waits."""
        name = str(Path(target.path).relative_to(self.data_dir))
        return claimed(
            Path(self.data_dir),
            name,
            lambda: say_from(self.task_family, f"waiting: another run makes {name}"),
        )


@DataTask.event_handler(luigi.Event.PROCESS_FAILURE)
def _say_that_a_process_died(task: DataTask, message: str) -> None:
    exit_code = re.search(r"exit code (-\d+)", message)
    reason = f": {explain_exit(int(exit_code[1]))}" if exit_code else ""
    say(f"ERROR: {task.task_family}: {message}{reason}. What is done is kept.")


@DataTask.event_handler(luigi.Event.FAILURE)
def _end_run_for_good_reason(task: DataTask, error: Exception) -> None:
    """Where nothing can be written, or a host is down, all that is begun would be in vain."""
    if isinstance(error, StorageError | HostDownError):
        end_run()


def _listed(numbers: Iterable[str | None]) -> str:
    """Those of several tasks; None is of one that luigid has from a version without them."""
    return ", ".join(number or "" for number in numbers)


class ShardTask(DataTask):
    """One stage over one shard, or over several that Luigi put together into a batch.

    While a stage's resource is busy its shards wait; the next run takes up to
    ``max_batch_size`` of them at once, so that a model is loaded once for all. Each shard's
    file is placed as soon as it is done: after a kill only the missing ones are made.
    """

    # In the order in which Luigi's page shows them.
    shard_numbers = luigi.Parameter(
        default="",
        significant=False,
        batch_method=_listed,
        description="Which of the run's shards they are, as in 2 of 3; for people",
    )
    data_dir = luigi.Parameter(default="", description="Default: [storage] data_dir")
    source = luigi.Parameter(description="Where the pictures came from: see PlanShards")
    engine = luigi.Parameter(description="Engine tag: what computes, in which version")
    shards = luigi.Parameter(batch_method=",".join, description="Shard names, comma-separated")

    max_batch_size = 8

    table: ClassVar[str]
    """Folder of this stage's results."""

    version: ClassVar[str] = "1"
    """Raise it when the same engine's output becomes another one through our own code."""

    upstream: ClassVar[tuple[type["ShardTask"], ...]] = ()
    """The stages whose tables ``compute`` takes, in its order."""

    @classmethod
    def chosen(cls) -> Engine:
        """The engine that the settings name.

        Raises:
            SettingsError: There is no such engine.
        """
        raise NotImplementedError

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        """This stage's table of some thumbnails from the upstream tables of the same thumbnails.

        It runs in a process of its own, and is not to depend on what was computed there before.
        """
        raise NotImplementedError

    @classmethod
    def tag(cls, source: str) -> str:
        """The engine tag under this process's settings, upstream engines included."""
        return _tag_engine(cls, source)

    @classmethod
    def on(cls, shard: str, source: str, data_dir: str, number: str = "") -> Self:
        """The task for one shard, with the engine that the settings name.

        Args:
            shard: Its name.
            source: Where the pictures came from.
            data_dir: Where everything is kept.
            number: Which of the run's shards it is, as in ``2 of 3``, if that is known.
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
        """What fetches the weights that the chosen engine does not bring along."""
        names = [weights.name for weights in cls.chosen().weights()]
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
        """The file of one shard's thumbnails, which says what pictures there are."""
        return self.target(PICTURES, self.source, shard)

    @mending
    def run(self) -> None:
        if self.engine != self.tag(self.source):
            raise SettingsError(
                f"{self}: this worker's settings make the engine {self.tag(self.source)}; "
                "give every worker the same luigi.cfg and version"
            )
        shards = [name for name in self.shards.split(",") if not self.output_for(name).exists()]
        if not shards:
            return
        with self._placed() as place:  # before any claim: who has a claim waits for no card
            on_card = place if place != PROCESSOR else ""
            lines = ProgressLines(self, len(shards), on_card)
            for shard in shards:
                target = self.output_for(shard)
                with self.claim(target):
                    if not target.exists():  # another run may have been quicker
                        self._make(shard, lines, place)

    @contextlib.contextmanager
    def _placed(self) -> Iterator[str]:
        """While the block runs, compute on a leased card if the stage holds ``gpu``; gives where.

        Raises:
            GpuError: A card is expected, and there is none.
        """
        if not self.process_resources().get("gpu"):
            yield PROCESSOR
            return
        cards = find_cards()
        labels = ", ".join(card.label for card in cards)
        waiting = f"waiting for a card: other tasks of this host have leased {labels}"
        with (
            leased_card(cards, lambda: tell(self, waiting, 0)) as card,
            model_process().on(card),
        ):
            place = card.label if card else PROCESSOR
            tell(self, f"on {place}", 0)
            yield place

    def _make(self, shard: str, lines: ProgressLines, place: str) -> None:
        """Write one shard's file; a picture that crashes, or is too large for memory, is left out.

        Raises:
            ThumbnailTasksError: The engine crashes whatever the picture.
        """
        first = self.requires_for(shard)[0].output()[0]
        ids = first.read(["thumbnail_id"])["thumbnail_id"].to_pylist()

        def compute(rows: range) -> pa.Table:
            work = functools.partial(_compute_rows, type(self), self.to_str_params(), shard, rows)
            try:
                with lines.unless_it_fails() as progress:
                    return model_process().compute(work, progress)
            except CrashError as crash:
                if len(rows) == len(ids) > 1:
                    say_from(self.task_family, f"{crash}. Looking for the picture by halves.")
                raise

        def write_off(row: int, crash: CrashError) -> pa.Table:
            say_from(self.task_family, f"{ids[row]}: {crash.status}: {crash}. It is left out.")
            detail = f"{self.task_family}, {self.engine}: {crash}"
            if not self.upstream:
                return describe_crash({"thumbnail_id": ids[row]}, crash.status, detail)
            self._write_off(shard, ids[row], crash.status, detail)
            return compute(range(row, row + 1))

        lines.begin(len(ids), self._number(shard))
        try:
            table = compute_by_halves(compute, len(ids), write_off)
        except CrashError as crash:
            raise ThumbnailTasksError(
                f"{self.task_family} with {self.engine}: expected a picture to be the cause; "
                f"found: {crash}, whatever the picture"
            ) from crash
        seconds = lines.finish()
        about = {
            "n_thumbnails": str(len(ids)),
            "seconds": f"{seconds:.3f}",
            "computed_on": place,
        }
        self.output_for(shard).write(table, about)

    def _write_off(self, shard: str, thumbnail_id: str, status: str, detail: str) -> None:
        """Take a picture out of the shard's thumbnails, for this stage and all others."""
        target = self.pictures_of(shard)
        with self.claim(target):
            target.write(without_picture(target.read(), thumbnail_id, status, detail))

    def read_rows(self, shard: str, rows: range) -> list[pa.Table]:
        """What ``compute`` takes, of some thumbnails of a shard."""
        tables = [task.output()[0].read() for task in self.requires_for(shard)]
        if not self.upstream:
            return pick_rows(tables, rows, pa.chunked_array([], pa.string()))
        statuses = self.pictures_of(shard).read(["thumbnail_id", "status"])
        return pick_rows(tables, rows, find_crashed(statuses))


def _compute_rows(
    stage: type[ShardTask], params: Mapping[str, str], shard: str, rows: range, progress: Progress
) -> pa.Table:
    task = stage.from_str_params(params)
    return task.compute(task.read_rows(shard, rows), progress)


@functools.cache  # Luigi asks several times per task: at 5 ms each, minutes for many shards
def _tag_engine(stage: type[ShardTask], source: str) -> str:
    engine = stage.chosen()
    before = [earlier.tag(source) for earlier in stage.upstream]
    about = {"version": stage.version, "engine": engine.about(), "upstream": before}
    return make_tag(engine.name(), about)
