"""The vectors of the texts of a table's own columns, and how its titles compare with thumbnails."""

import contextlib
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.export.windows import WindowReader
from thumbnail_tasks.inputs.text_columns import TextColumn
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, WantedColumns, iter_texts
from thumbnail_tasks.stages.text_vectors import (
    Chunks,
    digest_texts,
    find_digests,
    to_arrow,
    vectors_tag,
)
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

_KEPT_CHUNKS: Final = 8
"""Read last: neighbouring rows have texts of the same; 67 MB."""

_OCR_VECTOR: Final = "thumbnail_ocr_embed"


class TextVectors:
    """The vectors of all texts of a table, in chunks: a ``windows.Keyed``."""

    key = "digest"

    def __init__(self, chunks: Chunks, names: Sequence[str]) -> None:
        """The chunks with these names.

        Raises:
            LostFileError: One is missing or damaged.
        """
        self.data_dir = chunks.data_dir
        self.shards = list(names)
        self._chunks = chunks
        self._kept: dict[str, pa.Table] = {}
        digests = [digest_texts([])]
        for name, found in chunks.iter_digests(self.shards):
            if found is None:
                raise LostFileError(f"{chunks.target(name).path}: expected vectors; found none")
            digests.append(found)
        sizes = [len(found) for found in digests[1:]]
        known = np.concatenate(digests)
        self.ids: pa.Array = to_arrow(known)
        self.shard_of_row: NDArray[np.int32] = np.repeat(
            np.arange(len(sizes), dtype=np.int32), sizes
        )
        self._row_in_shard = np.concatenate([np.arange(0), *map(np.arange, sizes)]).astype(np.int32)
        self._order = np.argsort(known, kind="stable").astype(np.int32)
        self._sorted = known[self._order]
        self.n_in_memory = len(self.shards) if len(self.shards) <= _KEPT_CHUNKS else 0

    def find(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The row of each of N texts.

        Raises:
            LostFileError: A text has none: its chunk was damaged when the chunks were listed.
        """
        found = find_digests(digest_texts(texts), self._sorted)
        if (found < 0).any():
            raise LostFileError(f"{self.data_dir}: expected the vectors of all texts; found fewer")
        return self._order[found]

    def of(self, rows: NDArray[np.int32]) -> pa.Table:
        """Some rows of ``digest`` and ``vector``, in ascending order, given so and distinct.

        Raises:
            LostFileError: A chunk is missing or damaged.
        """
        if not len(rows):
            return self.read(self.shards[0]).slice(0, 0)
        numbers, starts = np.unique(self.shard_of_row[rows], return_index=True)
        return pa.concat_tables(
            self.read(self.shards[number]).take(self._row_in_shard[of_shard])
            for number, of_shard in zip(numbers, np.split(rows, starts[1:]), strict=True)
        )

    def read(self, shard: str) -> pa.Table:
        """A chunk.

        Raises:
            LostFileError: It is missing or damaged.
        """
        if shard not in self._kept:
            self._kept[shard] = self._chunks.target(shard).read()
            if len(self._kept) > _KEPT_CHUNKS:
                del self._kept[next(iter(self._kept))]
        return self._kept[shard]


class ColumnVectors(contextlib.ExitStack):
    """What an export adds for the texts of its own columns, window by window; a context."""

    def __init__(
        self,
        videos: ParquetTarget,
        wanted: WantedColumns,
        task: EmbedColumns | None,
        window_rows: int,
    ) -> None:
        """The columns of a table.

        Args:
            videos: The table, N rows.
            wanted: The columns to add.
            task: The task that has written their vectors; None if no column is embedded.
            window_rows: Rows whose vectors are in memory at a time: of 16,384 with 512 numbers, 33
                MB for each column.
        """
        super().__init__()
        self._videos, self._wanted, self._task = videos, wanted, task
        self._window_rows = window_rows
        self._rows: dict[TextColumn, NDArray[np.int32]] = {}
        self._vectors: TextVectors | None = None
        self._reader: WindowReader | None = None

    def fields_beside(self, attributes: pa.Schema) -> list[pa.Field]:
        """The columns to add to others, one of which is the vectors of the thumbnails' texts."""
        width = attributes.field(_OCR_VECTOR).type.list_size  # of the same encoder
        vectors = [schemas.text_vector(column.name, width) for column in self._wanted.asked]
        return [*([schemas.TITLE_SIMILARITY] if self._wanted.has_similarity else []), *vectors]

    def made_from(self) -> str:
        """What decides on the added values, but for the rows themselves; empty if none are."""
        wanted = self._wanted
        if not (wanted.asked or wanted.has_similarity):
            return ""
        return repr([vectors_tag(), wanted.asked, wanted.title])

    def __enter__(self) -> Self:
        """Find the vectors of each row.

        Raises:
            LostFileError: A file is missing or damaged.
            StorageError: A file cannot be read.
        """
        super().__enter__()
        columns = self._wanted.embedded()
        if self._task is not None:
            self._vectors = vectors = TextVectors(self._task.chunks, self._task.list_chunks())
            found: list[list[NDArray[np.int32]]] = [[] for _ in columns]
            for texts in iter_texts(self._videos, columns):
                for rows, column in zip(found, texts, strict=True):
                    of_text = np.append(vectors.find(column.dictionary.to_pylist()), -1)
                    rows.append(of_text[column.indices.fill_null(len(of_text) - 1).to_numpy()])
            self._rows = {
                column: np.concatenate(rows) for column, rows in zip(columns, found, strict=True)
            }
            self._reader = self.enter_context(WindowReader(vectors, self._list_windows()))
        return self

    def _list_windows(self) -> list[NDArray[np.int32]]:
        """The rows of the vectors that each window means, in ascending order and distinct."""
        n_rows = len(next(iter(self._rows.values())))
        windows = []
        for start in range(0, n_rows, self._window_rows):
            of_columns = [rows[start : start + self._window_rows] for rows in self._rows.values()]
            distinct = np.unique(np.concatenate(of_columns))
            windows.append(distinct[distinct >= 0])
        return windows

    def append(self, rows: pa.Table, first_row: int) -> pa.Table:
        """Add the columns to some rows of the export.

        Args:
            rows: The rows of a window of the export, with their attributes.
            first_row: The number of the first; ask for later windows after earlier ones.

        Returns:
            The same rows, with the columns of ``fields_beside``.

        Raises:
            LostFileError: A chunk is missing or damaged.
            StorageError: A file cannot be read or written.
        """
        dtype = rows.schema.field(_OCR_VECTOR).type
        vectors = self._read(first_row, len(rows), dtype)
        columns: list[pa.Array] = [vectors[column] for column in self._wanted.asked]
        if self._wanted.has_similarity:
            nothing = pa.nulls(len(rows), dtype)
            titles = vectors[self._wanted.title] if self._wanted.title else nothing
            columns.insert(0, cosines(titles, rows[_OCR_VECTOR].combine_chunks()))
        schema = pa.schema([*rows.schema, *self.fields_beside(rows.schema)])
        return pa.table([*rows.columns, *columns], schema=schema)

    def _read(
        self, first_row: int, n_rows: int, dtype: pa.DataType
    ) -> dict[TextColumn | None, pa.Array]:
        """The vectors of each column, of some rows."""
        of_columns = {
            column: rows[first_row : first_row + n_rows] for column, rows in self._rows.items()
        }
        read: dict[TextColumn | None, pa.Array] = dict.fromkeys(of_columns, pa.nulls(n_rows, dtype))
        if not (
            self._reader and self._vectors and any((r >= 0).any() for r in of_columns.values())
        ):
            return read
        found = self._reader.of(first_row // self._window_rows)
        values, keys = (found[name].combine_chunks() for name in ("vector", "digest"))
        for column, rows in of_columns.items():
            distinct, of_row = np.unique(rows, return_inverse=True)
            digests = self._vectors.ids.take(pa.array(distinct, mask=distinct < 0))
            positions = pc.index_in(digests, value_set=keys)
            read[column] = values.take(positions.take(of_row)).cast(dtype)
        return read


def cosines(left: pa.FixedSizeListArray, right: pa.FixedSizeListArray) -> pa.FloatArray:
    """The cosine of each pair of N vectors, -1 to 1: the product divided by both lengths.

    Returns:
        N float32; null where either is null or has no length.
    """
    is_known = pc.and_(left.is_valid(), right.is_valid())
    one, other = (
        each.filter(is_known).flatten().to_numpy().reshape(-1, each.type.list_size)
        for each in (left, right)
    )
    products, squares, other_squares = (
        np.einsum("ij,ij->i", *pair, dtype=np.float64)
        for pair in ((one, other), (one, one), (other, other))
    )
    lengths = np.sqrt(squares * other_squares)
    result = np.full(len(left), np.nan)
    result[is_known.to_numpy(zero_copy_only=False)] = np.divide(
        products, lengths, out=np.full(len(lengths), np.nan), where=lengths > 0
    )
    return pa.array(np.clip(result, -1, 1).astype(np.float32), mask=np.isnan(result))
