"""A shard in progress keeps its finished rows."""

from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks import checkpoints
from thumbnail_tasks.tasks.checkpoints import Checkpoint


class Engine:
    """Makes one row per thumbnail, and fails at one of them."""

    def __init__(self, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.fails_at, self.error = fails_at, error or ValueError("as asked")
        self.blocks: list[range] = []

    def __call__(self, rows: range) -> pa.Table:
        self.blocks.append(rows)
        if self.fails_at in rows:
            raise self.error
        return pa.table({"n": pa.array(rows, pa.int64())})


@pytest.fixture
def target(tmp_path: Path) -> ParquetTarget:
    return ParquetTarget(str(tmp_path / "unfinished" / "shard.parquet"), "unfinished/shard")


@pytest.mark.parametrize("n", [0, 1, 16, 100, 512])
def test_all_rows_are_computed_once_and_in_order(target: ParquetTarget, n: int) -> None:
    engine = Engine()
    table = Checkpoint(target).complete(n, engine)
    assert table["n"].to_pylist() == list(range(n))
    assert [row for block in engine.blocks for row in block] == list(range(n))
    assert not target.exists()


@pytest.mark.parametrize("error", [ValueError("a failure"), KeyboardInterrupt()])
def test_what_was_done_before_a_failure_or_ctrl_c_is_not_computed_again(
    target: ParquetTarget, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        Checkpoint(target).complete(512, Engine(fails_at=300, error=error))
    again = Checkpoint(target)
    assert 0 < again.n_done <= 300
    assert again.seconds > 0
    n_before = again.n_done
    engine = Engine()
    assert again.complete(512, engine)["n"].to_pylist() == list(range(512))
    assert engine.blocks[0].start == n_before
    again.remove()
    assert not target.exists()


def test_a_slow_engine_saves_between_blocks(
    target: ParquetTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 40))  # each look at the clock is 40 s later
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(clock))
    saved: list[int] = []

    def compute(rows: range) -> pa.Table:
        saved.append(int(target.read_metadata()["n_thumbnails"]) if target.exists() else 0)
        return pa.table({"n": pa.array(rows, pa.int64())})

    Checkpoint(target).complete(64, compute)
    assert saved == [0, 16, 32, 48]


def test_fast_engines_compute_a_shard_in_two_blocks(target: ParquetTarget) -> None:
    engine = Engine()
    Checkpoint(target).complete(512, engine)
    assert engine.blocks == [range(16), range(16, 512)]


def test_a_damaged_checkpoint_is_computed_again(target: ParquetTarget) -> None:
    with pytest.raises(ValueError, match="as asked"):
        Checkpoint(target).complete(100, Engine(fails_at=50))
    path = Path(target.path)
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    again = Checkpoint(target)
    assert again.n_done == 0
    assert again.complete(100, Engine())["n"].to_pylist() == list(range(100))
