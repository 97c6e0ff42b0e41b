"""Blocks: consecutive shards of a plan under one name, which are one task for Luigi.

Luigi's scheduler pays for each pending task: 0.3 ms with 100 of them, 84 ms with 11,200. A run on a
cluster has many shards, so that its tasks are of blocks.
"""

import functools
import re
from typing import Final

import pyarrow.compute as pc

from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.parquet_target import ParquetTarget

PLANS: Final = "plans"
"""Folder of the plans."""

_BLOCK: Final = re.compile(r"@(?P<plan>[^:]+):(?P<first>\d+)-(?P<last>\d+)")


def name_block(plan: str, first: int, n_shards: int) -> str:
    """The name of a block, which stands where a task otherwise names its shards.

    Args:
        plan: Name of the plan's file.
        first: Number of its first shard in the plan, from 0.
        n_shards: Number of its shards.
    """
    return f"@{plan}:{first + 1}-{first + n_shards}"


def is_block(shards: str) -> bool:
    """Whether a task's shards are named by a block."""
    return shards.startswith("@")


def list_shards(shards: str, source: str, data_dir: str) -> list[str]:
    """The names of a task's shards.

    Args:
        shards: Shard names separated by commas, or the name of a block.
        source: Source of the pictures.
        data_dir: The data directory.

    Raises:
        StorageError: The plan of the block cannot be read.
    """
    found = _BLOCK.fullmatch(shards)
    if not found:
        return shards.split(",")
    planned = _read_plan(found["plan"], source, data_dir)
    return list(planned[int(found["first"]) - 1 : int(found["last"])])


@functools.lru_cache(maxsize=2)
def _read_plan(plan: str, source: str, data_dir: str) -> tuple[str, ...]:
    """The shards of a plan, in order; a plan never changes."""
    key = f"{PLANS}/{source}/{plan}"
    target = ParquetTarget(f"{join(data_dir, key)}.parquet", key)
    return tuple(pc.unique(target.read(["shard"])["shard"]).to_pylist())
