"""Plan a run: which thumbnails are new, and which failed transiently and are retried."""

import logging
from collections.abc import Iterator, Mapping

import luigi
import pandas as pd
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.errors import InputError, StorageError
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.inputs.columns import DESCRIPTION_COLUMN, show
from thumbnail_tasks.inputs.picture_folders import EXPECTED_NAMES, Picture, list_pictures
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.stages.videos import IdentifyThumbnails, ReadVideos, VideosTask, read_columns
from thumbnail_tasks.stages.vocabulary import BuildVocabulary
from thumbnail_tasks.stages.wanted import (
    TITLE_COLUMNS,
    choose_pictures,
    describe_keys,
    want_thumbnails,
)
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, stem_of
from thumbnail_tasks.storage.naming import name_shard
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)


def plan_thumbnails(wanted: pa.Table, known: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Split the wanted thumbnails into those already in a shard and those to process.

    Args:
        wanted: From ``want_thumbnails``.
        known: The latest try of each thumbnail of this source, from ``known_thumbnails``.

    Returns:
        The kept ones as rows of ``schemas.PLANS``, and the others as rows of
        ``schemas.SHARDS``, each in the order of ``wanted``.
    """
    rows = _frame(wanted).merge(
        _frame(known), "left", "thumbnail_id", suffixes=("", "_known"), validate="1:1"
    )
    is_known = rows["shard"].notna()
    is_changed = is_known & ~_equal(rows["revision"], rows["revision_known"])
    is_kept = is_known & ~is_changed & ~_has_failed(rows)
    rows["attempt"] = rows["attempt"].fillna(0) + 1
    return (
        pa.Table.from_pandas(rows[is_kept], schemas.PLANS, preserve_index=False),
        pa.Table.from_pandas(rows[~is_kept], schemas.SHARDS, preserve_index=False),
    )


def known_thumbnails(data_dir: str, source: str) -> pa.Table:
    """The latest try of each thumbnail that was ever in a shard of this source.

    Shards whose list is lost are left out; files that are not shards are moved aside.

    Returns:
        ``thumbnail_id``, ``shard``, ``attempt`` (number of the try), ``revision``, ``status`` and
        ``is_retriable`` (both null if the shard is not downloaded yet).
    """
    listed = ["thumbnail_id", "attempt", "revision"]
    tries = _read_folder(data_dir, f"shards/{source}", schemas.SHARDS, listed)
    done = ["thumbnail_id", "status", "is_retriable"]
    results = _read_folder(data_dir, f"thumbnails/{source}", schemas.THUMBNAILS, done)
    latest = _frame(tries).sort_values("attempt", kind="stable")
    latest = latest.drop_duplicates("thumbnail_id", keep="last")
    known = latest.merge(_frame(results), "left", ["thumbnail_id", "shard"])
    # Also called at exit (runs/recorder.py), when Python cannot start threads.
    return pa.Table.from_pandas(known, preserve_index=False, nthreads=1)


def _read_folder(data_dir: str, folder: str, schema: pa.Schema, columns: list[str]) -> pa.Table:
    """Some columns of all shard files of a folder; ``shard`` names the file of each row."""
    fields = [*map(schema.field, columns), ("shard", pa.string())]
    tables = [pa.schema(fields).empty_table()]
    for entry in files.list_files(join(data_dir, folder), suffix=".parquet"):
        name = stem_of(entry.address)
        try:
            table = ParquetTarget(entry.address, f"{folder}/{name}").read(columns)
        except LostFileError:
            continue
        shard = pa.array([name] * len(table), pa.string())
        tables.append(table.append_column("shard", shard))
    return pa.concat_tables(tables)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _equal(left: pd.Series, right: pd.Series) -> pd.Series:
    return ((left == right).fillna(False) | (left.isna() & right.isna())).astype(bool)


class PlanShards(VideosTask):
    """Write which shard holds each thumbnail of the table, and the new shards.

    New shards hold only thumbnails that are in no shard yet, or whose last try failed transiently.
    A plan never changes once written; a later run writes another.
    """

    images_dir: str = PathParameter(default="", description="Folder to read the pictures from")
    plan_number: int = luigi.IntParameter(
        description="1 for the first plan of a table, 2 for the next"
    )

    def requires(self) -> list[luigi.Task]:
        table = self.table_parameters()
        return [
            ReadVideos(**table),
            IdentifyThumbnails(from_folder=bool(self.images_dir), **table),
            BuildVocabulary(**table),
        ]

    def output(self) -> ParquetTarget:
        source = thumbnail_sources.source_tag(self.images_dir)
        return self.target("plans", source, f"{self.table_name}-{self.plan_number}")

    @recover_lost_inputs
    def run(self) -> None:
        files.remove_orphans(self.data_dir)
        source = thumbnail_sources.source_tag(self.images_dir)
        pictures = list_pictures(self.images_dir) if self.images_dir else None
        videos, ids, _ = self.input()
        titles = read_columns(videos, *TITLE_COLUMNS, DESCRIPTION_COLUMN)
        wanted = want_thumbnails(ids.read(), titles, pictures)
        if not len(wanted):
            n_rows = videos.open_reader(()).metadata.num_rows
            raise InputError(
                f"--videos {self.videos}: expected links to thumbnails or YouTube ids; "
                f"found none in {n_rows} rows{describe_keys(videos)}"
            )
        if pictures is not None and wanted["path"].null_count == len(wanted):
            paths = sorted({picture.path for picture in pictures.values()})
            raise InputError(
                f"--images-dir {self.images_dir}: expected pictures of the table's videos, named "
                f"{EXPECTED_NAMES}; found {len(paths)} of others, as {paths[0]}. "
                f"The table's first video is {show(wanted['thumbnail_id'][0].as_py())}"
            )
        kept, to_do = plan_thumbnails(wanted, known_thumbnails(self.data_dir, source))
        plan = [kept]
        for shard, thumbnails in self._cut(to_do):
            self.target("shards", source, shard).write(thumbnails)
            names = pa.array([shard] * len(thumbnails), pa.string())
            plan.append(pa.table([thumbnails["thumbnail_id"], names], schema=schemas.PLANS))
        self.output().write(pa.concat_tables(plan))
        report_progress(
            self,
            f"{len(to_do)} thumbnails to do in {len(plan) - 1} shards, "
            f"{len(kept)} already in shards",
            1,
        )

    def _cut(self, to_do: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        size = settings.storage().shard_size
        for start in range(0, len(to_do), size):
            thumbnails = to_do.slice(start, size)
            yield name_shard(self.table_name, thumbnails), thumbnails


def next_plan_number(data_dir: str, videos_table: str, images_dir: str) -> int:
    """The number of the plan that a run over this table follows now.

    It is the last plan if its downloads are unfinished, or if nothing in it would be done
    differently now; otherwise a new one.
    """
    source = thumbnail_sources.source_tag(images_dir)
    plans = files.list_files(join(data_dir, "plans", source), suffix=".parquet")
    named = [stem_of(entry.address).rpartition("-") for entry in plans]
    numbers = [number for table, _, number in named if table == videos_table]
    latest = max((int(number) for number in numbers if number.isdecimal()), default=0)
    if not latest:
        return 1
    key = f"plans/{source}/{videos_table}-{latest}"
    try:
        plan = _frame(ParquetTarget(f"{join(data_dir, key)}.parquet", key).read())
        now = _frame(known_thumbnails(data_dir, source))
    except LostFileError:
        return latest + 1
    except StorageError as error:  # PlanShards reports it if it persists
        logger.warning(str(error))
        return latest + 1
    known = plan.merge(now, "left", "thumbnail_id", suffixes=("", "_now"))
    if known["shard_now"].isna().any():
        return latest + 1  # a shard's list is lost: its thumbnails must be planned again
    if known["status"].isna().any():
        return latest
    is_outdated = bool((known["shard"] != known["shard_now"]).any() or _has_failed(known).any())
    if images_dir and not is_outdated:
        ids = f"thumbnail_ids/folder/{videos_table}"
        target = ParquetTarget(f"{join(data_dir, ids)}.parquet", ids)
        is_outdated = _has_changed(known, list_pictures(images_dir), target)
    return latest + is_outdated


def _has_failed(known: pd.DataFrame) -> pd.Series:
    """Whether each try failed and should be repeated."""
    if settings.thumbnails().retry_failed:
        failed = known["status"] != "ok"
    else:
        failed = known["is_retriable"]
    return failed.fillna(False).astype(bool)


def _has_changed(known: pd.DataFrame, pictures: Mapping[str, Picture], ids: ParquetTarget) -> bool:
    """Whether a folder has other pictures than when these thumbnails were planned."""
    revisions = known["thumbnail_id"].map(
        lambda thumbnail_id: pictures[thumbnail_id].revision if thumbnail_id in pictures else None
    )
    if (~_equal(revisions.astype("string[pyarrow]"), known["revision"])).any():
        return True
    try:
        table = ids.read(["thumbnail_id", "own_id"])
    except StorageError:  # IdentifyThumbnails makes it again
        return False
    if table["own_id"].null_count == len(table):
        return False
    chosen = set(choose_pictures(table, pictures)) - {None}
    return chosen != set(known["thumbnail_id"])
