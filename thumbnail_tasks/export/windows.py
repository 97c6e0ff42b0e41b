"""The attributes of consecutive windows of the input's rows, whatever the order of the rows.

Rows of a table are mostly in the order of its shards: each window then means few shards, and reads
them. In a table of random order each window means all shards. To read all of them for each window
would take time that grows with the square of the rows, so their rows are sorted by window once, on
disk.
"""

import contextlib
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks.export.attributes import Attributes
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.spill import Spill

_MAX_READS: Final = 8
"""If shards would be read more often than this on average, their rows are sorted first.

A video that is in a table on several days, with the days one after the other, has 3.5 reads.
"""


class WindowReader(contextlib.ExitStack):
    """Reads the attributes that each window of rows means; a context, which removes its files."""

    def __init__(self, attributes: Attributes, windows: Sequence[NDArray[np.int32]]) -> None:
        """The windows of a table.

        Args:
            attributes: The attributes of the table's thumbnails.
            windows: For each window, the rows of the plan that it means, in ascending order and
                distinct.
        """
        super().__init__()
        self._attributes, self._windows = attributes, windows
        self._sorted: Spill | None = None
        self._first_sorted = 0

    def __enter__(self) -> Self:
        return super().__enter__()

    def of(self, window: int) -> pa.Table:
        """The attributes of one window, in any order; ask for later windows after earlier ones.

        Raises:
            LostFileError: A stage's file is missing, damaged or misplaced.
            StorageError: A file cannot be read or written.
        """
        if self._sorted is None and self._are_scattered(window):
            self._sorted, self._first_sorted = self._sort(window), window
        if self._sorted is not None:
            return self._sorted.read(window - self._first_sorted)
        return self._attributes.of(self._windows[window])

    def _are_scattered(self, first: int) -> bool:
        """Whether each shard would be read many times for the windows from this one on."""
        attributes = self._attributes
        if attributes.are_in_memory:
            return False
        meant = (np.unique(attributes.shard_of_row[rows]) for rows in self._windows[first:])
        return sum(map(len, meant)) > _MAX_READS * len(attributes.shards)

    def _sort(self, first: int) -> Spill:
        """Sort the attributes of the windows from this one on, reading each shard once."""
        attributes, windows = self._attributes, self._windows[first:]
        rows = np.concatenate(windows)
        of_window = np.repeat(np.arange(len(windows)), [len(each) for each in windows])
        order = np.argsort(attributes.shard_of_row[rows], kind="stable")
        shards, starts = np.unique(attributes.shard_of_row[rows[order]], return_index=True)
        backend = files.backend_of(attributes.data_dir)
        folder = self.enter_context(backend.scratch_folder(attributes.data_dir))
        schema = attributes.of(np.zeros(0, np.int32)).schema
        spill = Spill(folder, schema, len(windows))
        for shard, wanted in zip(shards, np.split(order, starts[1:]), strict=True):
            table = attributes.read(attributes.shards[shard])
            ids = attributes.ids.take(rows[wanted])
            found = pc.index_in(ids, value_set=table["thumbnail_id"].combine_chunks())
            spill.add(table.take(found), of_window[wanted])
        return spill
