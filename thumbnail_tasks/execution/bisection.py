"""Half of it, and half of that: what fails whole is computed in parts."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from thumbnail_tasks.execution.crashes import CrashError, is_out_of_memory

_MOST_IN_A_ROW = 16
"""Rows that crash, each alone, before any has succeeded: then it is the engine."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def compute_in_parts(
    compute: Callable[[Sequence[Item]], Result], batch: Sequence[Item]
) -> list[Result]:
    """Compute a batch whole or, where memory runs out, its halves, and so on down to one.

    Returns:
        The results of the parts in their order; a single one if memory sufficed.

    Raises:
        What ``compute`` raises; that memory ran out only for a part of one.
    """
    try:
        return [compute(batch)]
    except Exception as error:
        if len(batch) < 2 or not is_out_of_memory(error):
            raise
    middle = len(batch) // 2  # here, where what the failed try held is free again
    return [
        *compute_in_parts(compute, batch[:middle]),
        *compute_in_parts(compute, batch[middle:]),
    ]


def compute_by_halves(
    compute: Callable[[range], pa.Table],
    n_rows: int,
    write_off: Callable[[int, CrashError], pa.Table],
) -> pa.Table:
    """Compute rows so that one which crashes costs only itself.

    What crashes is tried again in halves, and so on down to one row. Before that, nothing at all
    is computed: if that crashes as well, no row is to blame.

    Args:
        compute: Gives the table of some rows.
        n_rows: How many there are.
        write_off: Gives the table of a row that crashes alone.

    Returns:
        The tables of all rows, in their order, in one.

    Raises:
        CrashError: Not one row's fault.
    """
    waiting = [range(n_rows)]
    parts: list[pa.Table | tuple[int, CrashError]] = []
    while waiting:
        rows = waiting.pop()
        try:
            parts.append(compute(rows))
            continue
        except CrashError as error:
            crash = error
        compute(rows[:0])
        middle = len(rows) // 2
        if middle:
            waiting += [rows[middle:], rows[:middle]]
            continue
        parts.append((rows[0], crash))
        if len(parts) == _MOST_IN_A_ROW and all(isinstance(part, tuple) for part in parts):
            raise crash
    return pa.concat_tables(
        [write_off(*part) if isinstance(part, tuple) else part for part in parts]
    )
