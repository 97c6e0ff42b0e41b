"""Collect the words of the videos' own titles and descriptions."""

import luigi
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import readers, schemas
from thumbnail_tasks.engines.vocabulary import count_vocabulary, select_vocabulary
from thumbnail_tasks.shards import DataTask, say, table_of_shard
from thumbnail_tasks.stages.videos import ReadVideos, VideosTask
from thumbnail_tasks.targets import ParquetTarget

_FOLDER = "vocabularies"


def build_vocabulary(videos: pa.Table) -> pa.Table:
    """Collect the words of the videos' own titles and descriptions, one voice per text.

    Args:
        videos: N rows of the input; without a title or description column there are no words.

    Returns:
        Rows of ``schemas.VOCABULARY`` in alphabetical order.
    """
    titles = count_vocabulary(_distinct(videos, "title"))
    descriptions = count_vocabulary(_distinct(videos, "description"))
    counts = select_vocabulary(titles, descriptions)
    return pa.table([list(counts), list(counts.values())], schema=schemas.VOCABULARY)


def _distinct(videos: pa.Table, wanted: str) -> list[str | None]:
    name = readers.column_named(videos.schema, wanted)
    return pc.unique(videos[name].cast(pa.string())).to_pylist() if name else []


class BuildVocabulary(VideosTask):
    """Write the vocabulary of a table of videos."""

    def requires(self) -> luigi.Task:
        return ReadVideos(**self.param_kwargs)

    def output(self) -> ParquetTarget:
        return self.target(_FOLDER, self.table_name)

    def run(self) -> None:
        vocabulary = build_vocabulary(self.input().read())
        self.output().write(vocabulary)
        say(f"{'BuildVocabulary':<18} {len(vocabulary)} words")


class Vocabulary(DataTask, luigi.ExternalTask):
    """The vocabulary of a table that was read on some night."""

    table_name = luigi.Parameter(description="The table's name in this data directory")

    @classmethod
    def of_shard(cls, shard: str, data_dir: str) -> "Vocabulary":
        """The vocabulary of the table that brought a shard."""
        return cls(data_dir=data_dir, table_name=table_of_shard(shard))

    def output(self) -> list[ParquetTarget]:
        return [self.target(_FOLDER, self.table_name)]
