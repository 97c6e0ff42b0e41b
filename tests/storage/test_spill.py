"""Rows come back by group, in the order in which they were added."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from thumbnail_tasks.storage import spill
from thumbnail_tasks.storage.folder import scratch_folder
from thumbnail_tasks.storage.spill import Spill

SCHEMA = pa.schema([("n", pa.int64()), ("vector", pa.list_(pa.float32(), 2))])


def rows(*numbers: int) -> pa.Table:
    return pa.table([list(numbers), [[n, n] for n in numbers]], schema=SCHEMA)


@pytest.mark.parametrize("buffer_bytes", [1, 10**9])
def test_each_group_has_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buffer_bytes: int
) -> None:
    monkeypatch.setattr(spill, "_BUFFER_BYTES", buffer_bytes)
    with scratch_folder(str(tmp_path)) as folder:
        sorted_rows = Spill(folder, SCHEMA, 4)
        sorted_rows.add(rows(1, 2, 3), np.array([2, 0, 2]))
        sorted_rows.add(rows(4, 5), np.array([0, 3]))
        assert sorted_rows.read(0).equals(rows(2, 4))
        assert sorted_rows.read(1).equals(SCHEMA.empty_table())
        assert sorted_rows.read(2).equals(rows(1, 3))
        assert sorted_rows.read(3).equals(rows(5))
        assert sorted_rows.read(2).equals(rows(1, 3))
        assert len(list(folder.iterdir())) == (2 if buffer_bytes == 1 else 1)
    assert not folder.exists()


def test_nothing_added_is_nothing_in_any_group(tmp_path: Path) -> None:
    assert Spill(tmp_path, SCHEMA, 1).read(0).equals(SCHEMA.empty_table())
