"""A shard's name identifies its table and its list of thumbnails."""

from collections.abc import Sequence

import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.storage.naming import name_shard, table_of_shard


def listed(names: Sequence[str], attempt: int = 1) -> pa.Table:
    rows = [{"thumbnail_id": name, "attempt": attempt} for name in names]
    return pa.Table.from_pylist(rows, schemas.SHARDS)


def test_a_shards_name_follows_from_its_table_and_its_list() -> None:
    names = {
        name_shard("table", listed(["a"])),
        name_shard("table", listed(["b"])),
        name_shard("table", listed(["a"], attempt=2)),
        name_shard("other", listed(["a"])),
    }
    assert len(names) == 4
    assert name_shard("table", listed(["a"])) in names
    assert table_of_shard(name_shard("table", listed(["a"]))) == "table"
