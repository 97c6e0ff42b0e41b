"""Join everything: one row of attributes for each row of the input."""

import contextlib
import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.errors import InputError, StorageError, ThumbnailTasksError
from thumbnail_tasks.execution.quarantine import null_rows
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.export.summary import listed, summarize, time_stages
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.report.building import build, is_built, name_files, report_folder
from thumbnail_tasks.runs.recorder import RunInput, begin_run
from thumbnail_tasks.runs.records import Counts
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.plan import PlanShards, known_thumbnails, next_attempt
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.videos import ReadVideos, VideosTask, digest_videos
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.storage.directory_locks import use_data
from thumbnail_tasks.storage.parquet_target import (
    ParquetTarget,
    date_as,
    is_dated_as,
    remove_orphans,
    written_whole,
)
from thumbnail_tasks.tasks.progress import say, say_from, show
from thumbnail_tasks.tasks.recovery import mending
from thumbnail_tasks.tasks.shard_task import ShardTask, name_table, short_digest

_EXPORT_VERSION = "1"
_BATCH_ROWS = 16_384
_VECTORS = frozenset({"thumbnail_ocr_embed"})

_JOINED: dict[type[ShardTask], list[str] | None] = {
    DownloadThumbnails: ["thumbnail_id", "status", "width_px", "height_px", "sha256"],
    CorrectText: None,
    EmbedText: None,
    DetectFaces: ["thumbnail_id"],
    ClassifyEmotions: ["thumbnail_id", "emotion"],
    MeasureAppearance: None,
}
"""The stages that ``join_shard`` puts together, and the columns it needs; None for all."""

STAGES: tuple[type[ShardTask], ...] = (
    DownloadThumbnails,
    RecognizeText,
    CorrectText,
    EmbedText,
    DetectFaces,
    ClassifyEmotions,
    MeasureAppearance,
)

LAST_STAGES: tuple[type[ShardTask], ...] = (EmbedText, ClassifyEmotions, MeasureAppearance)
"""The ends of the graph: all other stages come before one of these."""


def join_shard(
    thumbnails: pa.Table,
    texts: pa.Table,
    embeddings: pa.Table,
    faces: pa.Table,
    emotions: pa.Table,
    appearance: pa.Table,
) -> pa.Table:
    """Put all that is known of a shard's thumbnails side by side.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        texts: N rows of ``schemas.TEXTS``, in the same order.
        embeddings: N rows of ``schemas.embeddings(width)``, in the same order.
        faces: F rows of ``schemas.FACES``.
        emotions: F rows of ``schemas.EMOTIONS``.
        appearance: N rows of ``schemas.APPEARANCE``, in the same order.

    Returns:
        N rows of ``schemas.attributes(width)``. Without a picture: nulls beside id and status, also
        where a stage was done with the picture before another crashed over it.

    Raises:
        StorageError: The tables are not of the same thumbnails.
    """
    for table in (texts, embeddings, appearance):
        if not table["thumbnail_id"].equals(thumbnails["thumbnail_id"]):
            raise StorageError("a shard's tables are not of the same thumbnails; remove them")
    width = embeddings.schema.field("ocr_embed").type.list_size
    is_ok = pc.equal(thumbnails["status"], "ok")
    ids = thumbnails["thumbnail_id"]
    counts = {
        "face_count": faces,
        **{
            f"{label}_count": emotions.filter(pc.equal(emotions["emotion"], label))
            for label in schemas.EMOTION_LABELS
        },
    }
    columns = {
        "thumbnail_id": ids,
        **{
            f"thumbnail_{name}": thumbnails[name]
            for name in ("status", "width_px", "height_px", "sha256")
        },
        **{f"thumbnail_{name}": texts[name] for name in ("ocr_raw", "ocr", "ocr_length")},
        "thumbnail_ocr_embed": embeddings["ocr_embed"],
        **{name: _count_per_id(ids, table) for name, table in counts.items()},
        **{name: appearance[name] for name in appearance.column_names[1:]},
    }
    schema = schemas.attributes(width)
    joined = pa.table([columns[name] for name in schema.names], schema=schema)
    known = null_rows(joined, is_ok)
    for name in ("thumbnail_id", "thumbnail_status"):
        place = schema.get_field_index(name)
        known = known.set_column(place, schema.field(place), joined[name])
    return known


def _count_per_id(ids: pa.ChunkedArray, found: pa.Table) -> pa.Array:
    """How many rows of ``found`` each id has: N int32."""
    rows = pc.index_in(found["thumbnail_id"], value_set=ids).to_numpy()
    return pa.array(np.bincount(rows, minlength=len(ids)).astype(np.int32))


def join_videos(videos: pa.RecordBatch, attributes: pa.Table, from_folder: bool) -> pa.Table:
    """Put the attributes of its thumbnail behind each row of the input.

    Args:
        videos: N rows of the input.
        attributes: One row of ``schemas.attributes(width)`` per thumbnail.
        from_folder: As for ``thumbnail_sources.identify_thumbnails``.

    Returns:
        N rows in the same order: the input's columns, then ours. A row that names no
        thumbnail has its reason as status and nulls.
    """
    meant = thumbnail_sources.identify_thumbnails(videos, from_folder)
    rows = pc.index_in(meant["thumbnail_id"], value_set=attributes["thumbnail_id"])
    found = attributes.take(rows.combine_chunks())
    status = found.schema.get_field_index("thumbnail_status")
    found = found.set_column(
        status,
        found.schema.field(status),
        pc.coalesce(found["thumbnail_status"], meant["status"]),
    )
    schema = pa.schema([*videos.schema, *found.schema])
    return pa.table([*videos.columns, *found.columns], schema=schema)


def read_attributes(plan: pa.Table, source: str, data_dir: str) -> pa.Table:
    """What is known of every thumbnail of a plan.

    Args:
        plan: N rows of ``schemas.PLANS``; all stages of its shards are done.
        source: Where the pictures came from.
        data_dir: Where everything is kept.

    Returns:
        N rows of ``schemas.attributes(width)``, in another order.

    Raises:
        StorageError: A shard's file is missing, damaged or foreign.
    """
    parts = []
    for shard in pc.unique(plan["shard"]).to_pylist():
        tables = [
            stage.on(shard, source, data_dir).output_for(shard).read(columns)
            for stage, columns in _JOINED.items()
        ]
        planned = plan.filter(pc.equal(plan["shard"], shard))["thumbnail_id"]
        joined = join_shard(*tables)
        parts.append(joined.filter(pc.is_in(joined["thumbnail_id"], value_set=planned)))
    return pa.concat_tables(parts)


def made_of(source: str, table_name: str, attempt: int) -> str:
    """What an export of this plan is made of under this process's settings, as a digest."""
    tags = [stage.tag(source) for stage in LAST_STAGES]
    return short_digest([_EXPORT_VERSION, [source, table_name, attempt], tags], 16)


class RunTask(VideosTask):
    """A task about all thumbnails of a table, as one run finds them."""

    images_dir = luigi.Parameter(
        default="", description="Take thumbnails from this folder, not from the network"
    )
    attempt = luigi.IntParameter(
        default=0, description="0: go on with the last attempt, or begin the next as needed"
    )

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Settle the attempt once, when the run begins, so that all its processes agree."""
        task = dict(super().get_param_values(params, args, kwargs))
        if not task["attempt"]:
            task["attempt"] = 1
            # What is wrong with the folder or the input is for the first stages to report.
            with contextlib.suppress(ThumbnailTasksError):
                if task["videos"]:  # who asks how it is used makes no folder
                    use_data(Path(task["data_dir"]))
                table_name = name_table(digest_videos(task["videos"], task["videos_format"]))
                task["attempt"] = next_attempt(task["data_dir"], table_name, task["images_dir"])
            begin_run(
                functools.partial(_describe_input, task),
                functools.partial(_list_planned, task),
                functools.partial(count_thumbnails, task),
            )
        return list(task.items())


def of_run(task: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a task's parameters that say which run it is of."""
    names = ("data_dir", "videos", "videos_format", "images_dir", "attempt")
    return {name: task[name] for name in names}


def _describe_input(task: Mapping[str, Any]) -> RunInput:
    """What a run is about; null where the input or the settings do not tell."""
    digest, source = None, None
    engines: dict[str, str | None] = dict.fromkeys(stage.get_task_family() for stage in STAGES)
    with contextlib.suppress(ThumbnailTasksError):
        digest = digest_videos(task["videos"], task["videos_format"])
    with contextlib.suppress(ThumbnailTasksError):
        source = thumbnail_sources.source_tag(task["images_dir"])
        for stage in STAGES:
            engines[stage.get_task_family()] = stage.tag(source)
    about = {name: task[name] for name in ("data_dir", "videos", "images_dir", "attempt")}
    return RunInput(videos_digest=digest, source=source, engines=engines, **about)


def _list_planned(task: Mapping[str, Any]) -> list[ShardTask]:
    """All stages of all shards of a run's plan; none where there is no plan yet."""
    export = ExportAttributes(**of_run(task))
    # What is wrong with the input, the settings or the plan is for the stages to report.
    with contextlib.suppress(ThumbnailTasksError):
        plan = export.requires()["plan"].output()
        if plan.exists():
            return export.stages_of(plan.read())
    return []


def count_thumbnails(task: Mapping[str, Any], downloaded: frozenset[str]) -> Counts:
    """What is known of the thumbnails that a run is about.

    Args:
        task: The parameters of a ``RunTask``.
        downloaded: The shards that the run itself has downloaded.

    Raises:
        StorageError: What was made of the table cannot be read.
    """
    planned = PlanShards(**of_run(task))
    try:
        table = ReadVideos(**planned.of_same_table()).output()
    except InputError:  # as ReadVideos has said
        return Counts()
    n_rows = table.open_reader(()).metadata.num_rows if table.exists() else None
    if not planned.output().exists():
        return Counts(n_rows)
    plan = planned.output().read()
    known = known_thumbnails(planned.data_dir, thumbnail_sources.source_tag(planned.images_dir))
    rows = pc.index_in(plan["thumbnail_id"], value_set=known["thumbnail_id"].combine_chunks())
    statuses = Counter(known["status"].take(rows).drop_null().to_pylist())
    is_new = pc.is_in(plan["shard"], value_set=pa.array(sorted(downloaded), pa.string()))
    n_new = pc.sum(is_new, min_count=0).as_py()
    return Counts(n_rows, len(plan), statuses.total() - n_new, dict(statuses))


class ExportAttributes(RunTask):
    """Write attributes.parquet and attributes.csv: all that the thumbnails say and show.

    Run it again with the same input: nothing is done. With a grown input: only the new.
    """

    def requires(self) -> dict[str, luigi.Task]:
        return {
            "videos": ReadVideos(**self.of_same_table()),
            "plan": PlanShards(**self.param_kwargs),
        }

    def output(self) -> tuple[ParquetTarget, luigi.LocalTarget]:
        table = Path(self.data_dir, "exports", "attributes.csv")
        return self.target("exports", "attributes"), luigi.LocalTarget(str(table))

    def complete(self) -> bool:
        """Whether the export is of this very plan, by these very engines; its report, too."""
        return are_of(*self.output(), self) and (
            not settings.report().build
            or is_built(report_folder(self.data_dir), Path(self.output()[0].path), self.made_of())
        )

    def made_of(self) -> str:
        """What the export is made of, as a digest."""
        return made_of(thumbnail_sources.source_tag(self.images_dir), self.table_name, self.attempt)

    @mending
    def run(self) -> Iterator[Sequence[luigi.Task]]:
        plan = self.input()["plan"].read()
        source = thumbnail_sources.source_tag(self.images_dir)
        tasks = self.stages_of(plan)
        shards = pc.unique(plan["shard"]).to_pylist()
        show(self, f"{len(plan)} thumbnails in {len(shards)} shards", 0)
        yield [task for task in tasks if not task.complete()]

        attributes = read_attributes(plan, source, self.data_dir)
        self._refuse_failures_only(attributes, shards[0], source)
        parquet, table = self.output()
        with self.claim(parquet):
            if not are_of(parquet, table, self):  # another run may have been quicker
                self._write(attributes, parquet)
                with written_whole(Path(table.path)) as temporary:
                    write_csv(Path(parquet.path), temporary, without=_VECTORS)
                    date_as(temporary, Path(parquet.path))
            if not self.complete():
                self.build_report(plan)
        remove_orphans(Path(self.data_dir))  # PlanShards has not, where a killed run goes on
        timings = time_stages(tasks, since=self.input()["plan"].written_at())
        n_rows = self.input()["videos"].open_reader(()).metadata.num_rows
        statuses = Counter(attributes["thumbnail_status"].to_pylist())
        show(self, f"{n_rows} rows, {len(attributes)} thumbnails: {listed(statuses)}", 1)
        print(summarize(n_rows, attributes, timings, [parquet.path, table.path]), flush=True)

    def stages_of(self, plan: pa.Table) -> list[ShardTask]:
        """All stages of all shards of a plan; the shards have their numbers in it."""
        source = thumbnail_sources.source_tag(self.images_dir)
        shards = pc.unique(plan["shard"]).to_pylist()
        return [
            stage.on(shard, source, self.data_dir, f"{number} of {len(shards)}")
            for number, shard in enumerate(shards, start=1)
            for stage in STAGES
        ]

    def build_report(self, plan: pa.Table) -> None:
        """Build the report of this export, which is whole; whoever calls has its claim.

        Raises:
            StorageError: As ``report.building.build``.
        """
        parquet, table = self.output()
        parquet.open_reader()  # all of it is checked before it is believed
        source = thumbnail_sources.source_tag(self.images_dir)
        engines = {stage.get_task_family(): stage.tag(source) for stage in STAGES}
        build(
            self.data_dir,
            plan,
            source,
            (Path(parquet.path), Path(table.path)),
            self.made_of(),
            {"videos": name_files(self.videos), **engines},
            lambda share: show(self, f"report: {share:.0%} of the pictures", share),
        )
        page = report_folder(self.data_dir) / "index.html"
        say_from("BuildReport", f"open {page} in a browser")

    def _refuse_failures_only(self, attributes: pa.Table, shard: str, source: str) -> None:
        statuses = Counter(attributes["thumbnail_status"].to_pylist())
        if not statuses["ok"]:
            downloaded = DownloadThumbnails.on(shard, source, self.data_dir).output_for(shard)
            first = downloaded.read(["thumbnail_id", "url", "detail"]).to_pylist()[0]
            raise InputError(
                f"--videos {self.videos}: expected thumbnails; not one of {len(attributes)} could "
                f"be had ({listed(statuses)}). The first: {first['url'] or first['thumbnail_id']}: "
                f"{first['detail']}. Nothing was exported."
            )

    def _write(self, attributes: pa.Table, parquet: ParquetTarget) -> None:
        """Write the rows of the input with their attributes."""
        videos = self.input()["videos"].open_reader()
        schema = pa.schema([*videos.schema_arrow, *attributes.schema])
        with parquet.open_writer(schema, {"made_of": self.made_of()}) as writer:
            for batch in videos.iter_batches(_BATCH_ROWS):
                writer.write_table(join_videos(batch, attributes, bool(self.images_dir)))


def are_of(parquet: ParquetTarget, table: luigi.LocalTarget, export: ExportAttributes) -> bool:
    """Whether an export's two files are there, whole, of this very plan, by these very engines."""
    try:
        if not (
            parquet.exists()
            and table.exists()
            and is_dated_as(Path(table.path), Path(parquet.path))
            and parquet.read_metadata().get("made_of") == export.made_of()
        ):
            return False
        parquet.open_reader()
        return True
    except ThumbnailTasksError:
        return False


@ExportAttributes.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def _say_that_nothing_is_to_do(task: ExportAttributes) -> None:
    say(f"Nothing to do: {task.output()[0].path} is of this input, by these engines, already.")
