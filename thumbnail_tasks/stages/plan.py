"""Plan a run: which thumbnails are new, and which failed transiently and are retried."""

import logging
from collections.abc import Iterator, Mapping

import luigi
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import format_count
from thumbnail_tasks.errors import InputError, StorageError
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.inputs.columns import DESCRIPTION_COLUMN, show
from thumbnail_tasks.inputs.picture_folders import EXPECTED_NAMES, Picture, list_pictures
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.stages.checks import find_versions, list_due, read_checks
from thumbnail_tasks.stages.known import compact_known, find_known, known_thumbnails
from thumbnail_tasks.stages.refresh import due_before, refresh_thumbnails
from thumbnail_tasks.stages.videos import IdentifyThumbnails, ReadVideos, VideosTask, iter_columns
from thumbnail_tasks.stages.vocabulary import BuildVocabulary
from thumbnail_tasks.stages.wanted import (
    TITLE_COLUMNS,
    add_texts,
    choose_pictures,
    describe_keys,
    find_pictures,
    want_thumbnails,
)
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, stem_of
from thumbnail_tasks.storage.naming import name_shard
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget
from thumbnail_tasks.tasks.blocks import PLANS
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)


def plan_thumbnails(
    wanted: pa.Table, known: pa.Table, checks: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Split the wanted thumbnails into those already in a shard and those to process.

    Args:
        wanted: From ``want_thumbnails``.
        known: The latest try of each thumbnail of this source, from ``known_thumbnails``.
        checks: From ``read_checks``.

    Returns:
        The kept ones as rows of ``schemas.PLANS``, and the others as rows of ``wanted`` with the
        number of their try as ``attempt``, its ``version``, and the ``check`` that has its picture,
        each in the order of ``wanted``.
    """
    now = find_known(wanted["thumbnail_id"], known)
    found = find_versions(wanted["thumbnail_id"], checks)
    is_known = now["shard"].is_valid()
    is_same = _equal(wanted["revision"], now["revision"])
    is_done = pc.invert(pc.or_(_has_failed(now), _has_changed(now, found)))
    is_kept = pc.and_(pc.and_(is_known, is_same), is_done)
    kept = [wanted["thumbnail_id"], now["shard"].cast(pa.string())]
    planned = {
        "attempt": pc.add(now["attempt"].fill_null(0), 1).cast(pa.int32()),
        # A try that failed after its picture had changed has it from the same check.
        "version": pc.max_element_wise(now["version"].fill_null(1), found["version"]),
        "check": found["check"],
    }
    to_do = wanted
    for name, column in planned.items():
        to_do = to_do.append_column(schemas.SHARDS.field(name), column)
    return pa.table(kept, schema=schemas.PLANS).filter(is_kept), to_do.filter(pc.invert(is_kept))


def _has_changed(known: pa.Table, found: pa.Table) -> pa.ChunkedArray:
    """Whether a check found a version of each thumbnail that is in no shard yet."""
    return pc.greater(found["version"], known["version"].fill_null(1)).fill_null(False)


def _has_failed(known: pa.Table) -> pa.ChunkedArray:
    """Whether each try failed and should be repeated."""
    if settings.thumbnails().retry_failed:
        return pc.not_equal(known["status"].cast(pa.string()), "ok").fill_null(False)
    return known["is_retriable"].fill_null(False)


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether values are equal, or both null."""
    are_null = pc.and_(left.is_null(), right.is_null())
    return pc.or_(pc.equal(left, right).fill_null(False), are_null)


class PlanShards(VideosTask):
    """Write which shard holds each thumbnail of the table, and the new shards.

    New shards hold only thumbnails that are in no shard yet, whose last try failed transiently, or
    whose picture has changed: with ``[thumbnails] refresh_after_days``, it is asked for again here.
    A plan never changes once written; a later run writes another.
    """

    images_dir: str = PathParameter(default="", description="Folder to read the pictures from")
    plan_number: int = luigi.IntParameter(
        description="1 for the first plan of a table, 2 for the next"
    )

    def process_resources(self) -> dict[str, int]:
        """To be the only one that downloads, if pictures are asked for again."""
        return {"download": 1} if due_before() and not self.images_dir else {}

    def requires(self) -> list[luigi.Task]:
        table = self.table_parameters()
        return [
            ReadVideos(**table),
            IdentifyThumbnails(from_folder=bool(self.images_dir), **table),
            BuildVocabulary(**table),
        ]

    def output(self) -> ParquetTarget:
        source = thumbnail_sources.source_tag(self.images_dir)
        return self.target(PLANS, source, f"{self.table_name}-{self.plan_number}")

    @recover_lost_inputs
    def run(self) -> None:
        files.remove_orphans(self.data_dir)
        source = thumbnail_sources.source_tag(self.images_dir)
        pictures = list_pictures(self.images_dir) if self.images_dir else None
        videos, ids, _ = self.input()
        wanted = want_thumbnails(ids.read(), pictures)
        if not len(wanted):
            n_rows = videos.open_reader(()).metadata.num_rows
            raise InputError(
                f"--videos {self.videos}: expected links to thumbnails or YouTube ids; "
                f"found none in {format_count(n_rows, 'row')}{describe_keys(videos)}"
            )
        if pictures is not None and wanted["path"].null_count == len(wanted):
            paths = sorted({picture.path for picture in pictures.values()})
            raise InputError(
                f"--images-dir {self.images_dir}: expected pictures of the table's videos, named "
                f"{EXPECTED_NAMES}; found {len(paths)} of others, as {paths[0]}. "
                f"The table's first video is {show(wanted['thumbnail_id'][0].as_py())}"
            )
        compact_known(self.data_dir, source)  # first, so that each shard is read once
        if pictures is None:
            refresh_thumbnails(self, source, wanted)
        known, checks = known_thumbnails(self.data_dir, source), read_checks(self.data_dir, source)
        kept, to_do = plan_thumbnails(wanted, known, checks)
        plan = [kept]
        for shard, thumbnails in self._cut(to_do, videos):
            self.target("shards", source, shard).write(thumbnails)
            names = pa.array([shard] * len(thumbnails), pa.string())
            plan.append(pa.table([thumbnails["thumbnail_id"], names], schema=schemas.PLANS))
        self.output().write(pa.concat_tables(plan))
        report_progress(
            self,
            f"{format_count(len(to_do), 'thumbnail')} to do in "
            f"{format_count(len(plan) - 1, 'shard')}, {len(kept)} already in shards",
            1,
        )

    def _cut(self, to_do: pa.Table, videos: ParquetTarget) -> Iterator[tuple[str, pa.Table]]:
        """Yield each new shard's name and rows of ``schemas.SHARDS``."""
        if not len(to_do):
            return  # without reading the videos
        size = settings.storage().shard_size
        waiting = schemas.SHARDS.empty_table()
        batches = iter_columns(videos, *TITLE_COLUMNS, DESCRIPTION_COLUMN)
        for thumbnails in add_texts(to_do, batches):
            waiting = pa.concat_tables([waiting, thumbnails])
            n_full = len(waiting) - len(waiting) % size
            for start in range(0, n_full, size):
                yield self._name(waiting.slice(start, size))
            waiting = waiting.slice(n_full)
        if len(waiting):
            yield self._name(waiting)

    def _name(self, thumbnails: pa.Table) -> tuple[str, pa.Table]:
        return name_shard(self.table_name, thumbnails), thumbnails


def next_plan_number(data_dir: str, videos_table: str, images_dir: str) -> int:
    """The number of the plan that a run over this table follows now.

    It is the last plan if its downloads are unfinished, or if nothing in it would be done
    differently now and no picture is to be asked for again; otherwise a new one.
    """
    source = thumbnail_sources.source_tag(images_dir)
    plans = files.list_files(join(data_dir, PLANS, source), suffix=".parquet")
    named = [stem_of(entry.address).rpartition("-") for entry in plans]
    numbers = [number for table, _, number in named if table == videos_table]
    latest = max((int(number) for number in numbers if number.isdecimal()), default=0)
    if not latest:
        return 1
    key = f"{PLANS}/{source}/{videos_table}-{latest}"
    try:
        plan = ParquetTarget(f"{join(data_dir, key)}.parquet", key).read()
        known, checks = known_thumbnails(data_dir, source), read_checks(data_dir, source)
    except LostFileError:
        return latest + 1
    except StorageError as error:  # PlanShards reports it if it persists
        logger.warning(str(error))
        return latest + 1
    now = find_known(plan["thumbnail_id"], known)
    if now["shard"].null_count:
        return latest + 1  # a shard's list is lost: its thumbnails must be planned again
    if now["status"].null_count:
        return latest
    is_elsewhere = pc.not_equal(plan["shard"], now["shard"].cast(pa.string()))
    has_changed = _has_changed(now, find_versions(plan["thumbnail_id"], checks))
    is_undone = pc.or_(pc.or_(is_elsewhere, _has_failed(now)), has_changed)
    is_outdated = pc.any(is_undone, min_count=0).as_py()
    if not images_dir and (before := due_before()):
        is_outdated |= len(list_due(plan["thumbnail_id"], known, checks, before)) > 0
    if images_dir and not is_outdated:
        ids = f"thumbnail_ids/folder/{videos_table}"
        target = ParquetTarget(f"{join(data_dir, ids)}.parquet", ids)
        is_outdated = _have_changed(now, list_pictures(images_dir), target)
    return int(latest + is_outdated)


def _have_changed(known: pa.Table, pictures: Mapping[str, Picture], ids: ParquetTarget) -> bool:
    """Whether a folder has other pictures than when these thumbnails were planned."""
    _, revisions = find_pictures(known["thumbnail_id"], pictures)
    if not pc.all(_equal(revisions, known["revision"]), min_count=0).as_py():
        return True
    try:
        table = ids.read(["thumbnail_id", "own_id"])
    except StorageError:  # IdentifyThumbnails makes it again
        return False
    if table["own_id"].null_count == len(table):
        return False
    chosen = choose_pictures(table, pictures).unique().drop_null()
    is_planned = pc.is_in(chosen, value_set=known["thumbnail_id"].combine_chunks())
    return len(chosen) != len(known) or not pc.all(is_planned, min_count=0).as_py()
