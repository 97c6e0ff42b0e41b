"""Read the table of videos and the thumbnail that each row names."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import format_count
from thumbnail_tasks.errors import InputError, ThumbnailTasksError
from thumbnail_tasks.inputs import reading
from thumbnail_tasks.inputs.buckets import name_objects
from thumbnail_tasks.inputs.columns import ID_COLUMN, LINK_COLUMN, columns_named
from thumbnail_tasks.inputs.files import digest_files, find_files, states_of
from thumbnail_tasks.inputs.formats import FORMATS
from thumbnail_tasks.inputs.text_columns import find_text_columns
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage.naming import name_table
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

BATCH_ROWS: Final = 65_536
"""Rows of a table that are in memory at a time."""


def digest_videos(videos: str, videos_format: str) -> str:
    """The digest of the files of ``--videos`` when this process first read them.

    A run keeps the table that it started with: a file that is replaced during the run is read
    by the next one.

    Raises:
        InputError: A file is missing or cannot be read.
    """
    return _read_state(videos, videos_format).digest


class _State(NamedTuple):
    states: Sequence[tuple[Path, int, int]]
    digest: str


@functools.cache
def _read_state(videos: str, videos_format: str) -> _State:
    with _naming_objects():
        files = find_files(videos)
        states = states_of(files)  # first, so that a change while digesting is noticed
        return _State(states, digest_files(files, videos_format))


@contextlib.contextmanager
def _naming_objects() -> Iterator[None]:
    """Errors in the block name objects of a bucket, not the copies of them on this machine."""
    try:
        yield
    except InputError as error:
        raise InputError(name_objects(str(error))) from error


def read_columns(videos: ParquetTarget, *wanted: str) -> pa.Table:
    """The columns of these meanings that a table of videos has, under the names in its header."""
    schema = videos.read_schema()
    return videos.read([name for meaning in wanted for name in columns_named(schema, meaning)])


def iter_columns(videos: ParquetTarget, *wanted: str) -> Iterator[pa.RecordBatch]:
    """As ``read_columns``, in batches: all rows of a large table do not fit into memory."""
    schema = videos.read_schema()
    names = [name for meaning in wanted for name in columns_named(schema, meaning)]
    yield from videos.open_reader(names).iter_batches(BATCH_ROWS, columns=names)


class VideosTask(DataTask):
    """A task about one table of videos, which is identified by its content, not its name."""

    videos: str = PathParameter(
        default="",
        description="CSV, JSON or Parquet file, folder or glob, or several separated by commas",
    )
    videos_format: str = luigi.ChoiceParameter(
        default="auto", choices=FORMATS, description="Format of the files (default: auto)"
    )

    retry_count = 1  # retrying after seconds does not make a table readable

    @property
    def table_name(self) -> str:
        """The table's name in this data directory.

        Raises:
            InputError: A file is missing or cannot be read.
        """
        return name_table(digest_videos(self.videos, self.videos_format))

    def complete(self) -> bool:
        """Whether the output exists; ``run`` reports errors in the input."""
        try:
            return bool(super().complete())
        except ThumbnailTasksError:
            return False

    def table_parameters(self) -> dict[str, Any]:
        """The parameters of another task about the same table and data directory."""
        return {name: self.param_kwargs[name] for name in ("data_dir", "videos", "videos_format")}


class ReadVideos(VideosTask):
    """Write all rows of the input, in order, with its columns unchanged."""

    def output(self) -> ParquetTarget:
        return self.target("videos", self.table_name)

    @_naming_objects()
    def run(self) -> None:
        before = _read_state(self.videos, self.videos_format).states
        files = [path for path, _, _ in before]
        target = self.output()
        schema = reading.read_schema(files, self.videos_format)
        _reject_reserved_columns(files, schema.names)
        find_text_columns(schema, settings.embedding().names(), str(files[0]))
        n_rows = 0
        with target.open_writer(schema) as writer:
            for batch in reading.read_batches(files, self.videos_format, schema):
                writer.write_batch(batch)
                n_rows += len(batch)
            if states_of(files) != before:
                raise InputError(f"--videos {self.videos}: changed while being read; run again")
            if n_rows == 0:
                raise InputError(f"--videos {self.videos}: expected rows; found only a header")
        named = name_objects(", ".join(map(str, files)))
        report_progress(self, f"{format_count(n_rows, 'row')} of {named}", 1)


class IdentifyThumbnails(VideosTask):
    """Write the thumbnail that each row of the input names, in the same order."""

    from_folder: bool = luigi.BoolParameter(description="Pictures are files named by video id")

    def requires(self) -> ReadVideos:
        return ReadVideos(**self.table_parameters())

    def output(self) -> ParquetTarget:
        kind = "folder" if self.from_folder else "network"
        return self.target("thumbnail_ids", kind, self.table_name)

    @recover_lost_inputs
    def run(self) -> None:
        n_rows, n_named = 0, 0
        with self.output().open_writer(schemas.THUMBNAIL_IDS) as writer:
            for batch in iter_columns(self.input(), LINK_COLUMN, ID_COLUMN):
                ids = identify_thumbnails(batch, self.from_folder)
                writer.write_table(ids)
                n_rows += len(ids)
                n_named += len(ids) - ids["thumbnail_id"].null_count
        report_progress(self, f"{n_named} of {format_count(n_rows, 'row')} with a thumbnail", 1)


def _reject_reserved_columns(files: Sequence[Path], names: Sequence[str]) -> None:
    reserved = set(schemas.exported(width=1, has_objects=True).names) & set(names)
    if reserved:
        raise InputError(
            f"{files[0]}: columns {', '.join(sorted(reserved))} would be overwritten by "
            "the columns of the same name that are added here; rename them"
        )
