"""Embed the texts of a table's own columns: each distinct text once, and only new ones."""

import functools
import itertools
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import luigi
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.console import (
    SECONDS_BETWEEN_LINES,
    TASK_LINE,
    Progress,
    format_count,
    format_duration,
)
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError
from thumbnail_tasks.execution.bisection import bisect_crashes
from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.inputs.text_columns import (
    TextColumn,
    find_text_columns,
    find_title,
    read_texts,
)
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.text_vectors import (
    Chunks,
    Digests,
    digest_texts,
    embed_distinct,
    find_digests,
    sort_distinct,
    to_arrow,
    vectors_tag,
)
from thumbnail_tasks.stages.videos import BATCH_ROWS, ReadVideos, VideosTask
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.devices import reserve_device
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

logger = logging.getLogger(__name__)

FOLDER: Final = "embedded_texts"
"""Folder of the lists of the chunks that have the texts of a table."""

CHUNK_TEXTS: Final = 4096
"""Texts in a chunk; a kill loses those of one."""

_BLOCK_TEXTS: Final = 256
"""Texts that the model process is given at a time."""

_MAX_DIGESTS: Final = 1 << 20
"""Digests that wait until those that occur several times are dropped."""


class WantedColumns:
    """The columns of a table that are embedded under this process's settings."""

    def __init__(self, schema: pa.Schema, where: str) -> None:
        """Find them; ``where`` names the table in messages.

        Raises:
            InputError: As ``find_text_columns``.
            SettingsError: The setting cannot be parsed.
        """
        options = settings.embedding()
        self.has_similarity: bool = options.title_similarity
        """Whether titles are compared with the texts of the thumbnails."""
        self.asked = find_text_columns(schema, options.names(), where)
        """Those whose vectors are exported."""
        self.title = find_title(schema) if self.has_similarity else None
        """The titles to compare; None also if the table has none."""

    def embedded(self) -> list[TextColumn]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.asked, *([self.title] if self.title else ())]))


def iter_texts(
    videos: ParquetTarget, columns: Sequence[TextColumn]
) -> Iterator[list[pa.DictionaryArray]]:
    """The texts of some columns, as ``read_texts`` gives them.

    Yields:
        For each ``BATCH_ROWS`` rows in order, an array for each column.

    Raises:
        LostFileError: The table is missing or damaged.
    """
    names = list(dict.fromkeys(header for column in columns for header in column.headers))
    for batch in videos.open_reader(names).iter_batches(BATCH_ROWS, columns=names):
        yield [read_texts(batch, column).dictionary_encode() for column in columns]


class EmbedColumns(VideosTask):
    """Write the vectors of the texts of the wanted columns of a table, as far as they are new."""

    engine: str = luigi.Parameter(description="Engine tag of the encoder")
    columns: str = luigi.Parameter(description="Digest of the names of the table's columns")

    retry_count = 2  # unlike that of other tasks about a table, its process may be killed

    @classmethod
    def of(cls, table: Mapping[str, Any], wanted: WantedColumns) -> "EmbedColumns | None":
        """The task for a table; None if no column of it is embedded.

        Args:
            table: ``VideosTask.table_parameters``.
            wanted: Its columns.
        """
        columns = sorted({column.headers for column in wanted.embedded()})
        if not columns:
            return None
        return cls(engine=vectors_tag(), columns=short_digest(columns, 8), **table)

    def requires(self) -> list[luigi.Task]:
        return [ReadVideos(**self.table_parameters()), *EmbedText.requires_weights()]

    def process_resources(self) -> dict[str, int]:
        """What the encoder holds."""
        return EmbedText.needs()

    def output(self) -> ParquetTarget:
        return self.target(FOLDER, self.engine, self.columns, self.table_name)

    def complete(self) -> bool:
        """Whether the vectors of all texts exist; ``run`` reports errors."""
        try:
            return bool(super().complete()) and self.chunks.have(self.list_chunks())
        except ThumbnailTasksError:
            return False

    @property
    def chunks(self) -> Chunks:
        """All chunks of the encoder."""
        return Chunks(self.data_dir, self.engine)

    def list_chunks(self) -> list[str]:
        """The names of the chunks that have the table's texts.

        Raises:
            LostFileError: The list is missing or damaged.
            StorageError: It cannot be read.
        """
        names: list[str] = self.output().read()["chunk"].to_pylist()
        return names

    @recover_lost_inputs
    def run(self) -> None:
        videos = self.input()[0]
        wanted = WantedColumns(videos.read_schema(), f"--videos {self.videos}")
        if EmbedColumns.of(self.table_parameters(), wanted) != self:
            raise SettingsError(
                f"{self}: this worker's settings want other columns or another encoder; give "
                "every worker the same luigi.cfg and version"
            )
        needs_gpu = bool(EmbedText.needs().get("gpu"))
        # A lock holder never waits for a GPU. The lock is of the encoder, not of the table: two
        # tables may have the same texts.
        with reserve_device(self, needs_gpu), self.lock(self.target(FOLDER, self.engine)):
            if not self.complete():  # another run may have done it
                self._embed(videos, wanted.embedded())

    def _embed(self, videos: ParquetTarget, columns: Sequence[TextColumn]) -> None:
        needed = _list_digests(videos, columns)
        known, used = self._find_known(needed)
        progress = _TextLines(self, int(np.sum(~known)))
        new = _iter_new(videos, columns, needed, known)
        while texts := list(itertools.islice(new, CHUNK_TEXTS)):
            starts = range(0, len(texts), _BLOCK_TEXTS)
            blocks = [
                self._embed_block(texts[start : start + _BLOCK_TEXTS], progress) for start in starts
            ]
            used.append(self.chunks.write(pa.concat_tables(blocks)))
        self.output().write(pa.table({"chunk": pa.array(used, pa.string())}))
        progress.finish(len(needed))

    def _find_known(self, needed: Digests) -> tuple[NDArray[np.bool_], list[str]]:
        """Which of the sorted digests have vectors, and the names of the chunks that have them."""
        known = np.zeros(len(needed), bool)
        used = []
        for name, digests in self.chunks.iter_digests(self.chunks.names()):
            if digests is not None:
                found = find_digests(digests, needed)
                found = found[found >= 0]
                if not known[found].all():
                    known[found] = True
                    used.append(name)
        return known, used

    def _embed_block(self, texts: Sequence[str], progress: Progress) -> pa.Table:
        """Embed some texts; one that crashes the encoder gets no vector.

        Raises:
            ThumbnailTasksError: The encoder crashes with every text.
        """

        def embed(rows: range) -> pa.Table:
            some = texts[rows.start : rows.stop]
            return model_process().call(functools.partial(_embed_here, some), lambda n: None)

        def leave_out(row: int, crash: CrashError) -> pa.Table:
            logger.warning(TASK_LINE, self.task_family, f"{texts[row][:60]!r}: {crash}. No vector.")
            schema = embed(range(0)).schema
            digest = to_arrow(digest_texts([texts[row]]))
            return pa.table([digest, pa.nulls(1, schema.field("vector").type)], schema=schema)

        try:
            table = bisect_crashes(embed, range(len(texts)), leave_out)
        except CrashError as crash:
            raise ThumbnailTasksError(
                f"{self.task_family} with {self.engine}: expected a text to be the cause; "
                f"found: {crash}, with any text"
            ) from crash
        progress(len(texts))
        return table


def _embed_here(texts: Sequence[str], advance: Progress) -> pa.Table:
    return embed_distinct(texts, EmbedText.selected_engine().load())


def _list_digests(videos: ParquetTarget, columns: Sequence[TextColumn]) -> Digests:
    """The digests of all texts of a table, sorted and distinct."""
    distinct = digest_texts([])
    waiting: list[Digests] = []
    for texts in iter_texts(videos, columns):
        waiting += [digest_texts(column.dictionary.to_pylist()) for column in texts]
        if sum(map(len, waiting)) > _MAX_DIGESTS:
            distinct, waiting = sort_distinct([distinct, *waiting]), []
    return sort_distinct([distinct, *waiting])


def _iter_new(
    videos: ParquetTarget,
    columns: Sequence[TextColumn],
    needed: Digests,
    known: NDArray[np.bool_],
) -> Iterator[str]:
    """The texts that have no vector yet, in the order of first mention; each becomes known."""
    for texts in iter_texts(videos, columns):
        for column in texts:
            distinct = column.dictionary.to_pylist()
            positions = find_digests(digest_texts(distinct), needed)
            for text, position in zip(distinct, positions, strict=True):
                if not known[position]:
                    known[position] = True
                    yield text


class _TextLines:
    """Reports how many texts are embedded, how fast, and the time left."""

    def __init__(self, task: luigi.Task, n_texts: int) -> None:
        self._task, self._n_texts, self._n_done = task, n_texts, 0
        self._started = self._last_line = time.monotonic()

    def __call__(self, n: int) -> None:
        """``n`` more texts are done."""
        self._n_done += n
        now = time.monotonic()
        if now - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = now
            rate = self._n_done / (now - self._started)
            left = format_duration((self._n_texts - self._n_done) / rate)
            message = f"{self._n_done}/{self._n_texts} new texts ({rate:.1f}/s), {left} left"
            report_progress(self._task, message, self._n_done / self._n_texts)

    def finish(self, n_texts: int) -> None:
        """All vectors exist; ``n_texts`` counts those of earlier runs as well."""
        seconds = time.monotonic() - self._started
        texts = format_count(n_texts, "distinct text")
        message = f"{texts}, {self._n_done} of them new, in {seconds:.1f} s"
        report_progress(self._task, message, 1)
