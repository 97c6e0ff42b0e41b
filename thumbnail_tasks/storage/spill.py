"""Rows sorted into groups on disk, where memory holds neither all rows nor all groups."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks.storage.atomic import writing

_BUFFER_BYTES: Final = 256 * 2**20


class Spill:
    """Takes rows in any order, and gives those of one group at a time.

    Rows wait in memory until they are many; then they are sorted by group and written as one file
    of Arrow's IPC format with a batch for each group. So there are few files, however many groups.
    The files need no checksums: they are read by the process that has just written them.
    """

    def __init__(self, folder: Path, schema: pa.Schema, n_groups: int) -> None:
        """``folder`` exists, and is empty."""
        self._folder, self._schema, self._n_groups = folder, schema, n_groups
        self._waiting: list[tuple[pa.Table, NDArray[np.int64]]] = []
        self._n_bytes = 0
        self._files: list[pa.RecordBatchFileReader] = []

    def add(self, rows: pa.Table, groups: NDArray[np.int64]) -> None:
        """Add N rows, each with the number of its group, from 0.

        Raises:
            StorageError: The folder cannot be written.
        """
        self._waiting.append((rows, groups))
        self._n_bytes += rows.nbytes
        if self._n_bytes >= _BUFFER_BYTES:
            self._flush()

    def read(self, group: int) -> pa.Table:
        """The rows of one group, after all have been added.

        Raises:
            StorageError: The folder cannot be written.
        """
        self._flush()
        batches = [file.get_batch(group) for file in self._files]
        return pa.Table.from_batches(batches, schema=self._schema)

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(table for table, _ in self._waiting).combine_chunks()
        groups = np.concatenate([numbers for _, numbers in self._waiting])
        self._waiting, self._n_bytes = [], 0
        order = np.argsort(groups, kind="stable")
        ends = np.searchsorted(groups[order], np.arange(self._n_groups), side="right")
        path = self._folder / f"{len(self._files)}.arrow"
        with writing(path):
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self._schema) as writer:
                start = 0
                for end in ends:
                    of_group = rows.take(order[start:end]).combine_chunks()
                    (batch,) = of_group.to_batches() or [_empty_batch(self._schema)]
                    writer.write_batch(batch)
                    start = end
            self._files.append(pa.ipc.open_file(pa.OSFile(str(path))))


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, each.type) for each in schema], schema=schema)
