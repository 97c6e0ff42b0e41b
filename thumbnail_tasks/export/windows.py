"""What consecutive windows of the input's rows mean, whatever the order of the rows.

Rows mean the attributes of their thumbnails, or the vectors of their texts, which are in files. The
rows of a table are mostly in the order of the files: each window then means few files, and reads
them. In a table of random order each window means all files. To read all of them for each window
would take time that grows with the square of the rows, so what is in them is sorted by window once,
on disk.
"""

import contextlib
from collections.abc import Sequence
from typing import Final, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.spill import Spill

_MAX_READS: Final = 8
"""If shards would be read more often than this on average, their rows are sorted first.

A video that is in a table on several days, with the days one after the other, has 3.5 reads.
"""


class Keyed(Protocol):
    """Rows with a key each, in files of many rows; the files are called shards here."""

    data_dir: str
    key: str
    """The column with the key of each row."""
    ids: pa.Array
    """The keys of all rows."""
    shards: list[str]
    """The names of the files."""
    shard_of_row: NDArray[np.int32]
    """The number of each row's file."""
    n_in_memory: int
    """How many files, from the first, cost nothing to read again."""

    def of(self, rows: NDArray[np.int32]) -> pa.Table:
        """Some rows, given in ascending order and distinct; in any order."""

    def read(self, shard: str) -> pa.Table:
        """All rows of a file."""


class WindowReader(contextlib.ExitStack):
    """Reads what each window of rows means; a context, which removes its files."""

    def __init__(self, keyed: Keyed, windows: Sequence[NDArray[np.int32]]) -> None:
        """The windows of a table.

        Args:
            keyed: What the rows of the table mean, such as the attributes of its thumbnails.
            windows: For each window, the rows of ``keyed`` that it means, in ascending order and
                distinct.
        """
        super().__init__()
        self._keyed, self._windows = keyed, windows
        self._sorted: Spill | None = None
        self._first_sorted = 0

    def __enter__(self) -> Self:
        return super().__enter__()

    def of(self, window: int) -> pa.Table:
        """The rows of one window, in any order; ask for later windows after earlier ones.

        Raises:
            LostFileError: A file is missing, damaged or misplaced.
            StorageError: A file cannot be read or written.
        """
        if self._sorted is None and self._are_scattered(window):
            self._sorted, self._first_sorted = self._sort(window), window
        if self._sorted is not None:
            return self._sorted.read(window - self._first_sorted)
        return self._keyed.of(self._windows[window])

    def _are_scattered(self, first: int) -> bool:
        """Whether each shard would be read many times for the windows from this one on."""
        keyed = self._keyed
        meant = (np.unique(keyed.shard_of_row[rows]) for rows in self._windows[first:])
        n_reads = sum(int(np.sum(shards >= keyed.n_in_memory)) for shards in meant)
        return n_reads > _MAX_READS * (len(keyed.shards) - keyed.n_in_memory)

    def _sort(self, first: int) -> Spill:
        """Sort the rows of the windows from this one on, reading each shard once."""
        keyed, windows = self._keyed, self._windows[first:]
        rows = np.concatenate(windows)
        of_window = np.repeat(np.arange(len(windows)), [len(each) for each in windows])
        order = np.argsort(keyed.shard_of_row[rows], kind="stable")
        shards, starts = np.unique(keyed.shard_of_row[rows[order]], return_index=True)
        backend = files.backend_of(keyed.data_dir)
        folder = self.enter_context(backend.scratch_folder(keyed.data_dir))
        schema = keyed.of(np.zeros(0, np.int32)).schema
        spill = Spill(folder, schema, len(windows))
        for shard, wanted in zip(shards, np.split(order, starts[1:]), strict=True):
            table = keyed.read(keyed.shards[shard])
            ids = keyed.ids.take(rows[wanted])
            found = pc.index_in(ids, value_set=table[keyed.key].combine_chunks())
            spill.add(table.take(found), of_window[wanted])
        return spill
