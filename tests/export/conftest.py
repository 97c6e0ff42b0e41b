"""A small archive whose export is written in every way."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.speed.synthetic import write_shard
from thumbnail_tasks import schemas
from thumbnail_tasks.export import attributes, writing
from thumbnail_tasks.export.attributes import Attributes
from thumbnail_tasks.export.published import Export, find_export
from thumbnail_tasks.export.writing import Writer
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails, source_tag
from thumbnail_tasks.stages.embedded_columns import WantedColumns
from thumbnail_tasks.storage.parquet_target import ParquetTarget

IDS = [f"speed{number:06d}" for number in range(12)]


class Archive:
    """Three shards of four thumbnails, and a table of videos that mentions them."""

    def __init__(self, data_dir: Path) -> None:
        random = np.random.default_rng(0)
        shards = {write_shard(IDS[at : at + 4], data_dir, random): at for at in (0, 4, 8)}
        rows = [(IDS[at + n], shard) for shard, at in shards.items() for n in range(4)]
        self.data_dir, self.source = data_dir, source_tag("")
        self.plan = pa.table(list(zip(*rows, strict=True)), schema=schemas.PLANS)
        self.exports = data_dir / "exports"

    def writer(self, video_ids: Sequence[str | None]) -> Writer:
        videos = pa.table(
            {"video_id": pa.array(video_ids, pa.string()), "n": range(len(video_ids))}
        )
        table, ids = (ParquetTarget(str(self.data_dir / name)) for name in ("videos", "ids"))
        table.write(videos)
        ids.write(identify_thumbnails(videos, from_folder=False))
        wanted = WantedColumns(videos.schema, "videos")
        attributes = Attributes(self.plan, self.source, str(self.data_dir))
        return Writer(table, ids, attributes, wanted, None)

    def write_file(self, video_ids: Sequence[str | None]) -> pa.Table:
        target = ParquetTarget(str(self.exports / "attributes.parquet"), "exports/attributes")
        self.writer(video_ids).write_file(target, "made of this")
        return target.read()

    def write_dataset(self, video_ids: Sequence[str | None]) -> tuple[int, int]:
        folder = str(self.exports / "attributes")
        return self.writer(video_ids).write_dataset(folder, "exports/attributes", "made of this")

    def find(self) -> Export:
        export = find_export(str(self.exports), "exports")
        assert export
        return export

    def read(self) -> pa.Table:
        return pa.concat_tables(part.read() for part in self.find().parts)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four rows, in batches of two, from joined shards."""
    monkeypatch.setattr(writing, "PART_ROWS", 4)
    monkeypatch.setattr(writing, "_BATCH_ROWS", 2)
    monkeypatch.setattr(attributes, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(attributes, "_KEPT_SHARDS", 1)
