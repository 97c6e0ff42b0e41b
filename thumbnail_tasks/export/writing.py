"""Write an export: the input's rows with their attributes, to one file or as a dataset."""

import hashlib
import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.export.attributes import Attributes, joined_tag
from thumbnail_tasks.export.column_vectors import ColumnVectors
from thumbnail_tasks.export.duplicates import find_duplicates, name_groups, order_by_mention
from thumbnail_tasks.export.joining import join_videos, set_groups
from thumbnail_tasks.export.published import FINGERPRINT_KEY
from thumbnail_tasks.export.windows import WindowReader
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, WantedColumns
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.manifest import Manifest, Part, write_manifest
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

PART_ROWS: Final = 65_536
"""Rows of the input in one part of a dataset, and whose attributes are in memory at a time."""

_BATCH_ROWS: Final = 16_384

_SUMMARY_COLUMNS: Final = (
    *("thumbnail_status", "thumbnail_ocr_length", "thumbnail_unread_lines", "face_count"),
    *(f"{label}_count" for label in schemas.EMOTION_LABELS),
    "person_count",
)
"""The columns that the summary of a run counts, where an export has them."""


def summary_columns(names: Collection[str]) -> list[str]:
    """The columns that the summary of a run counts, of those with these names."""
    return [name for name in _SUMMARY_COLUMNS if name in names]


class _Window(NamedTuple):
    """Consecutive rows of the input."""

    number: int
    first_row: int
    videos: Sequence[pa.RecordBatch]
    ids: pa.Table
    """The same rows of ``schemas.THUMBNAIL_IDS``."""
    planned: NDArray[np.int32]
    """The rows of the plan that they may mean, in ascending order and distinct."""

    @property
    def n_rows(self) -> int:
        return len(self.ids)


class Writer:
    """Writes an export, window by window, and keeps what the summary counts."""

    def __init__(
        self,
        videos: ParquetTarget,
        ids: ParquetTarget,
        attributes: Attributes,
        wanted: WantedColumns,
        embedded: EmbedColumns | None,
    ) -> None:
        """The tables of the input.

        Args:
            videos: N rows of the input.
            ids: N rows of ``schemas.THUMBNAIL_IDS``, of the same videos.
            attributes: The attributes of their thumbnails.
            wanted: What to add for the texts of the videos.
            embedded: The task that has written the vectors of these texts; None without any.

        Raises:
            LostFileError: A shard's file is missing, damaged or misplaced.
            StorageError: A file cannot be read.
        """
        self._videos, self._ids, self._attributes = videos, ids, attributes
        self._mentioned = self._find_mentioned()
        order = order_by_mention(self._mentioned, len(attributes.ids))
        self._groups = find_duplicates(attributes, order)
        self._texts = ColumnVectors(videos, wanted, embedded, _BATCH_ROWS)
        self._is_counted = np.zeros(len(attributes.ids), bool)
        self._counted: list[pa.Table] = []

    def summary(self) -> pa.Table:
        """``summary_columns`` of each thumbnail of the rows written so far, in any order."""
        return pa.concat_tables(self._counted)

    def write_file(self, target: ParquetTarget, fingerprint: str) -> None:
        """Write all rows to one file.

        Raises:
            StorageError: A file cannot be read or written.
        """
        schema = self._schema()
        planned = self._list_planned(_BATCH_ROWS)  # small, as attributes stay in memory
        with (
            WindowReader(self._attributes, planned) as reader,
            self._texts,
            target.open_writer(schema, {FINGERPRINT_KEY: fingerprint}) as writer,
        ):
            for window in self._iter_windows(planned, _BATCH_ROWS):
                for table in self._join(window, reader):
                    writer.write_table(table)

    def write_dataset(self, folder: str, key: str, fingerprint: str) -> tuple[int, int]:
        """Write the parts of a dataset that are not there yet, then its manifest.

        Args:
            folder: The folder of the parts.
            key: Its path in the data directory.
            fingerprint: A digest of what the export is made from.

        Returns:
            The number of parts, and of those that were written.

        Raises:
            StorageError: A file cannot be read or written.
        """
        schema = self._schema()
        parts = []
        n_written = 0
        planned = self._list_planned(PART_ROWS)
        with WindowReader(self._attributes, planned) as reader, self._texts:
            for window in self._iter_windows(planned, PART_ROWS):
                name = f"{window.first_row:012d}-{self._digest(window, schema)}"
                target = ParquetTarget(join(folder, f"{name}.parquet"), f"{key}/{name}")
                if _is_complete(target):
                    self._count_written(window, target)
                else:
                    with target.open_writer(schema) as writer:
                        for table in self._join(window, reader):
                            writer.write_table(table)
                    n_written += 1
                parts.append(Part(f"{name}.parquet", window.first_row, window.n_rows))
        n_rows = sum(part.n_rows for part in parts)
        write_manifest(folder, Manifest(fingerprint, n_rows, tuple(parts)))
        return len(parts), n_written

    def _schema(self) -> pa.Schema:
        attributes = self._attributes.of(np.zeros(0, np.int32)).schema
        videos = self._videos.open_reader(()).schema_arrow
        return pa.schema([*videos, *attributes, *self._texts.fields_beside(attributes)])

    def _iter_windows(
        self, planned: Sequence[NDArray[np.int32]], window_rows: int
    ) -> Iterator[_Window]:
        videos = self._videos.open_reader().iter_batches(_BATCH_ROWS)
        ids = _Rows(self._ids.open_reader().iter_batches(_BATCH_ROWS))
        for number, of_window in enumerate(planned):
            batches = list(itertools.islice(videos, window_rows // _BATCH_ROWS))
            n_rows = sum(map(len, batches))
            yield _Window(number, number * window_rows, batches, ids.take(n_rows), of_window)
            pa.default_memory_pool().release_unused()  # else 0.5 GB of free pieces stay

    def _find_mentioned(self) -> list[NDArray[np.int32]]:
        """The rows of the plan that each row may mean; -1 for none: see ``join_videos``."""
        ids = self._ids.read(["thumbnail_id", "own_id"])
        return [
            self._find(ids[name])
            for name in ids.column_names
            if name == "thumbnail_id" or ids[name].null_count < len(ids)
        ]

    def _list_planned(self, window_rows: int) -> list[NDArray[np.int32]]:
        """The rows of the plan that each window may mean."""
        planned = []
        for start in range(0, len(self._mentioned[0]), window_rows):
            rows = [each[start : start + window_rows] for each in self._mentioned]
            distinct = np.unique(np.concatenate(rows))
            planned.append(distinct[distinct >= 0])
        return planned

    def _find(self, ids: pa.ChunkedArray) -> NDArray[np.int32]:
        """The row of the plan of each thumbnail; -1 if there is none."""
        rows = pc.index_in(ids, value_set=self._attributes.ids)
        found: NDArray[np.int32] = rows.fill_null(-1).to_numpy()
        return found

    def _join(self, window: _Window, reader: WindowReader) -> Iterator[pa.Table]:
        ids = self._attributes.ids.take(window.planned)
        attributes = set_groups(reader.of(window.number), ids, self._name_groups(window))
        self._count(window, attributes)
        start = 0
        for batch in window.videos:
            joined = join_videos(batch, window.ids.slice(start, len(batch)), attributes)
            yield self._texts.append(joined, window.first_row + start)
            start += len(batch)

    def _name_groups(self, window: _Window) -> pa.Array:
        """The ``duplicate_group`` of each thumbnail that the window may mean."""
        return name_groups(self._attributes.ids, self._groups[window.planned])

    def _count(self, window: _Window, found: pa.Table) -> None:
        """Keep what the summary needs of the thumbnails that no earlier window had."""
        new = window.planned[~self._is_counted[window.planned]]
        self._is_counted[new] = True
        ids = self._attributes.ids.take(new)
        rows = pc.index_in(ids, value_set=found["thumbnail_id"].combine_chunks()).drop_null()
        self._counted.append(found.select(summary_columns(found.column_names)).take(rows))

    def _count_written(self, window: _Window, part: ParquetTarget) -> None:
        if not self._is_counted[window.planned].all():
            names = summary_columns(part.read_schema().names)
            self._count(window, part.read(["thumbnail_id", *names]))

    def _digest(self, window: _Window, schema: pa.Schema) -> str:
        """A digest of all that a part is made from."""
        attributes = self._attributes
        digest = hashlib.sha256(joined_tag(attributes.source).encode())
        digest.update(str(schema.remove_metadata()).encode())
        digest.update(self._texts.made_from().encode())
        # Which of these shards has each thumbnail: a retry moves it to another.
        numbers, order = np.unique(attributes.shard_of_row[window.planned], return_inverse=True)
        shards = [attributes.shards[number] for number in numbers]
        for shard in shards:
            digest.update(f"{shard} {attributes.revisions.get(shard)}\n".encode())
        ids = attributes.ids.take(window.planned)
        planned = pa.record_batch(
            {"thumbnail_id": ids, "shard": order, "group": self._name_groups(window)}
        )
        for batch in (*window.videos, *window.ids.combine_chunks().to_batches(), planned):
            digest.update(batch.serialize())
        return digest.hexdigest()[:16]


class _Rows:
    """Rows of batches, as many as asked for at a time."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._left: list[pa.RecordBatch] = []

    def take(self, n_rows: int) -> pa.Table:
        """The next rows."""
        while sum(map(len, self._left)) < n_rows:
            self._left.append(next(self._batches))
        table = pa.Table.from_batches(self._left)
        self._left = table.slice(n_rows).to_batches()
        return table.slice(0, n_rows)


def _is_complete(part: ParquetTarget) -> bool:
    try:
        if part.exists():
            part.open_reader(())
            return True
    except LostFileError:
        pass
    return False
