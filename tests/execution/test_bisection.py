"""A batch that crashes is split in halves; a row that crashes alone is quarantined."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbnail_tasks.execution.bisection import bisect_crashes, split_on_oom
from thumbnail_tasks.execution.crashes import CrashError


def double(memory_for: int) -> Callable[[Sequence[int]], list[int]]:
    def double_batch(batch: Sequence[int]) -> list[int]:
        if len(batch) > memory_for:
            raise MemoryError
        return [2 * item for item in batch]

    return double_batch


@pytest.mark.parametrize("memory_for", [1, 2, 3, 9])
def test_results_of_halves_are_the_same_and_in_order(memory_for: int) -> None:
    parts = split_on_oom(double(memory_for), range(9))
    assert [result for part in parts for result in part] == [2 * item for item in range(9)]
    assert max(map(len, parts)) <= memory_for


def test_an_empty_batch_is_one_call() -> None:
    assert split_on_oom(double(1), []) == [[]]


def test_out_of_memory_for_a_single_row_is_raised() -> None:
    with pytest.raises(MemoryError):
        split_on_oom(double(0), range(9))


def test_other_errors_are_not_retried_in_halves() -> None:
    tried = []

    def fail(batch: Sequence[int]) -> None:
        tried.append(len(batch))
        raise KeyError

    with pytest.raises(KeyError):
        split_on_oom(fail, range(9))
    assert tried == [9]


class Rows:
    """Rows some of which crash."""

    def __init__(self, crashing: set[int]) -> None:
        self.crashing = crashing
        self.tried: list[range] = []

    def process(self, rows: range) -> pa.Table:
        self.tried.append(rows)
        if self.crashing & set(rows):
            raise CrashError("crashed_decoder", "killed")
        return pa.table({"row": pa.array(rows, pa.int64()), "is_left": [True] * len(rows)})

    def quarantine(self, row: int, crash: CrashError) -> pa.Table:
        assert crash.status == "crashed_decoder"
        return pa.table({"row": [row], "is_left": [False]})


@given(st.integers(0, 200), st.sets(st.integers(0, 200), max_size=8))
def test_each_row_appears_once_in_order_and_only_crashing_ones_are_quarantined(
    n_rows: int, crashing: set[int]
) -> None:
    rows = Rows(crashing)
    table = bisect_crashes(rows.process, range(n_rows), rows.quarantine)
    assert table["row"].to_pylist() == list(range(n_rows))
    assert table["is_left"].to_pylist() == [row not in crashing for row in range(n_rows)]


def test_one_crashing_row_of_512_costs_ten_crashes() -> None:
    rows = Rows({300})
    bisect_crashes(rows.process, range(512), rows.quarantine)
    assert len([tried for tried in rows.tried if 300 in tried]) == 10
    assert sum(len(tried) for tried in rows.tried if 300 not in tried) == 511


def test_a_crash_without_rows_is_raised() -> None:
    def crash(rows: range) -> pa.Table:
        raise CrashError("crashed_decoder", f"killed over {len(rows)}")

    with pytest.raises(CrashError, match="killed over 0"):
        bisect_crashes(crash, range(9), Rows(set()).quarantine)


def test_if_every_row_crashes_none_is_quarantined_and_the_crash_is_raised() -> None:
    rows = Rows(set(range(512)))
    quarantined = []
    with pytest.raises(CrashError, match="killed"):
        bisect_crashes(rows.process, range(512), lambda row, crash: quarantined.append(row))
    assert quarantined == []
    assert len(rows.tried) < 80


def test_a_single_row_that_is_killed_once_is_not_at_fault() -> None:
    crashes = [CrashError("out_of_memory", "killed from outside")]

    def process(rows: range) -> pa.Table:
        if rows and crashes:
            raise crashes.pop()
        return Rows(set()).process(rows)

    table = bisect_crashes(process, range(1), Rows(set()).quarantine)
    assert table["is_left"].to_pylist() == [True]
