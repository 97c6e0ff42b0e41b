"""Read the table of videos."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError, ThumbnailTasksError
from thumbnail_tasks.inputs import reading
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.progress import tell
from thumbnail_tasks.tasks.shard_task import DataTask, name_table


def digest_videos(videos: str, videos_format: str) -> str:
    """The digest of what ``--videos`` names when this process first asks.

    A run ends with the table that it began with: a file that is replaced while the thumbnails
    are looked at is the next run's.

    Raises:
        InputError: A file is missing or cannot be read.
    """
    return _look_at(videos, videos_format).digest


class _Look(NamedTuple):
    states: Sequence[tuple[Path, int, int]]
    digest: str


@functools.cache
def _look_at(videos: str, videos_format: str) -> _Look:
    files = reading.find_files(videos)
    states = reading.states_of(files)  # first: what changes under the digest is noticed, too
    return _Look(states, reading.digest_files(files, videos_format))


def read_columns(videos: ParquetTarget, *wanted: str) -> pa.Table:
    """Those of the wanted columns that a table of videos has, named as its header has them."""
    names = [reading.column_named(videos.read_schema(), name) for name in wanted]
    return videos.read([name for name in names if name])


class VideosTask(DataTask):
    """A task about one table of videos; the table is known by its content, not its name."""

    videos = luigi.Parameter(
        default="", description="CSV or Parquet file, a glob, or several separated by commas"
    )
    videos_format = luigi.ChoiceParameter(
        default="auto", choices=reading.FORMATS, description="How to read it (default: auto)"
    )

    retry_count = 1  # what is wrong with a table is still wrong seconds later

    @property
    def table_name(self) -> str:
        """The table's name in this data directory.

        Raises:
            InputError: A file is missing or cannot be read.
        """
        return name_table(digest_videos(self.videos, self.videos_format))

    def complete(self) -> bool:
        """Whether the output is there; what is wrong with the input is for ``run`` to report."""
        try:
            return bool(super().complete())
        except ThumbnailTasksError:
            return False

    def of_same_table(self) -> dict[str, Any]:
        """The parameters of another task about the same table in the same folder."""
        return {name: self.param_kwargs[name] for name in ("data_dir", "videos", "videos_format")}


class ReadVideos(VideosTask):
    """Write all rows of the input, in order, with its own columns untouched."""

    def output(self) -> ParquetTarget:
        return self.target("videos", self.table_name)

    def run(self) -> None:
        before = _look_at(self.videos, self.videos_format).states
        files = [path for path, _, _ in before]
        target = self.output()
        schema = reading.read_schema(files, self.videos_format)
        _refuse_our_columns(files, schema.names)
        n_rows = 0
        with target.open_writer(schema) as writer:
            for batch in reading.read_batches(files, self.videos_format, schema):
                writer.write_batch(batch)
                n_rows += len(batch)
            if reading.states_of(files) != before:
                raise InputError(f"--videos {self.videos}: changed while it was read; run again")
            if n_rows == 0:
                raise InputError(f"--videos {self.videos}: expected rows; found only a header")
        tell(self, f"{n_rows} rows of {', '.join(map(str, files))}", 1)


def _refuse_our_columns(files: Sequence[Path], names: Sequence[str]) -> None:
    ours = set(schemas.attributes(width=1).names) & set(names)
    if ours:
        raise InputError(
            f"{files[0]}: columns {', '.join(sorted(ours))} would be written over by the "
            "columns of the same name that are made here; rename them"
        )
