"""Keep the finished rows of a shard in progress, so that an interruption costs seconds, not hours.

A shard takes half a minute with a fast engine and half an hour with a slow one.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.parquet_target import ParquetTarget

SECONDS_BETWEEN_SAVES: Final = 30.0
_SECONDS_A_BLOCK: Final = 10.0
_BATCH_ROWS: Final = 16
"""Blocks are multiples of it, because models compute on as many pictures at a time."""


class Checkpoint:
    """The rows of a shard's first thumbnails, stored while the rest is computed."""

    def __init__(self, target: ParquetTarget) -> None:
        """Read the file if it exists; if it is damaged, it is renamed and the shard starts anew."""
        self._target = target
        self._parts: list[pa.Table] = []
        self.n_done = 0
        """Number of thumbnails that are done."""
        self.seconds = 0.0
        """Seconds that they took."""
        if target.exists():
            with contextlib.suppress(StorageError):
                self._parts = [target.read()]
                about = target.read_metadata()
                self.n_done, self.seconds = int(about["n_thumbnails"]), float(about["seconds"])
        self._n_saved = self.n_done

    def complete(self, n_thumbnails: int, compute: Callable[[range], pa.Table]) -> pa.Table:
        """Compute the remaining thumbnails in blocks, and save what is done now and then.

        What is done is also saved when a block fails or is interrupted.

        Args:
            n_thumbnails: Number of thumbnails of the shard.
            compute: Returns the rows of some thumbnails, given by their numbers.

        Returns:
            The rows of all thumbnails, in order.

        Raises:
            StorageError: The file cannot be written.
        """
        size = _BATCH_ROWS
        saved_at = time.monotonic()
        try:
            while self.n_done < n_thumbnails or not self._parts:
                block = range(self.n_done, min(self.n_done + size, n_thumbnails))
                start = time.monotonic()
                self._parts.append(compute(block))
                seconds = max(time.monotonic() - start, 1e-3)
                self.n_done, self.seconds = block.stop, self.seconds + seconds
                n_batches = int(len(block) * _SECONDS_A_BLOCK / seconds) // _BATCH_ROWS
                size = _BATCH_ROWS * max(1, n_batches)
                is_due = time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES
                if is_due and self.n_done < n_thumbnails:
                    self._save()
                    saved_at = time.monotonic()
        except BaseException:
            with contextlib.suppress(StorageError):
                self._save()
            raise
        metadata = self._parts[-1].schema.metadata  # the first part may have that of the file
        return pa.concat_tables(self._parts).replace_schema_metadata(metadata)

    def _save(self) -> None:
        if self.n_done > self._n_saved:
            about = {"n_thumbnails": str(self.n_done), "seconds": f"{self.seconds:.3f}"}
            self._target.write(pa.concat_tables(self._parts), about)
            self._n_saved = self.n_done

    def remove(self) -> None:
        """Remove the file, if there is one; the shard is published."""
        if self._n_saved:
            self._target.remove()
