"""Split work that fails: batches that exhaust memory, and rows one of which crashes."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from thumbnail_tasks.execution.crashes import CrashError, is_out_of_memory

_MAX_FIRST_CRASHES = 16
"""If this many single rows crash before any succeeds, the engine is at fault."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def split_on_oom(
    function: Callable[[Sequence[Item]], Result], batch: Sequence[Item]
) -> list[Result]:
    """Call a function on a batch or, if memory runs out, on its halves, down to single items.

    Returns:
        The results of the parts in order; a single one if memory sufficed.

    Raises:
        What ``function`` raises; running out of memory only for a single item.
    """
    try:
        return [function(batch)]
    except Exception as error:
        if len(batch) < 2 or not is_out_of_memory(error):
            raise
    middle = len(batch) // 2  # outside of the handler, where the failed call's memory is free
    return [
        *split_on_oom(function, batch[:middle]),
        *split_on_oom(function, batch[middle:]),
    ]


def bisect_crashes(
    process_rows: Callable[[range], pa.Table],
    rows: range,
    quarantine: Callable[[int, CrashError], pa.Table],
) -> pa.Table:
    """Process rows so that a row that crashes affects no other.

    Rows that crash are processed in halves, down to single rows, each of which has then crashed
    twice: once may be a kill from outside. Before each split, an empty range is processed: if that
    crashes as well, no row is at fault.

    Args:
        process_rows: Returns the table of some rows.
        rows: The rows to process.
        quarantine: Returns the table of a row that crashes alone.

    Returns:
        The tables of all rows in order, concatenated.

    Raises:
        CrashError: No single row is at fault.
    """
    waiting = [rows]
    is_first_try = True
    parts: list[pa.Table | tuple[int, CrashError]] = []
    while waiting:
        rows = waiting.pop()
        try:
            parts.append(process_rows(rows))
            continue
        except CrashError as error:
            crash = error
        process_rows(rows[:0])
        middle = len(rows) // 2
        if middle or is_first_try:
            waiting += [rows[middle:], rows[:middle]] if middle else [rows]
            is_first_try = False
            continue
        parts.append((rows[0], crash))
        if len(parts) == _MAX_FIRST_CRASHES and all(isinstance(part, tuple) for part in parts):
            raise crash
    return pa.concat_tables(
        [quarantine(*part) if isinstance(part, tuple) else part for part in parts]
    )
