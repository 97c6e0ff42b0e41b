"""Blocks of shards: one task for Luigi."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.executors import LocalExecutor
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.pipeline import STAGES, tasks_of
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails, PlannedShard
from thumbnail_tasks.stages.vocabulary import Vocabulary
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.blocks import is_block, list_shards, name_block

SHARDS = [f"table-{number}" for number in range(10)]
PLAN = "table-1"


@pytest.fixture
def plan(tmp_path: Path) -> pa.Table:
    """A plan of ten shards of two thumbnails, in its file."""
    rows = [{"thumbnail_id": f"{shard}{n}", "shard": shard} for shard in SHARDS for n in range(2)]
    table = pa.Table.from_pylist(rows, schemas.PLANS)
    ParquetTarget(str(tmp_path / "plans/web" / f"{PLAN}.parquet"), f"plans/web/{PLAN}").write(table)
    return table


@pytest.fixture
def on_cluster() -> Iterator[None]:
    config = luigi.configuration.get_config()
    for name, value in (("engine", "ray"), ("min_shards", "3"), ("block_shards", "4")):
        config.set("execution", name, value)
    yield
    config.remove_section("execution")


def test_a_block_names_consecutive_shards_of_a_plan(tmp_path: Path, plan: pa.Table) -> None:
    assert list_shards(name_block(PLAN, 4, 3), "web", str(tmp_path)) == SHARDS[4:7]
    assert name_block(PLAN, 4, 3) == "@table-1:5-7"
    assert list_shards("one,two", "web", str(tmp_path)) == ["one", "two"]
    assert not is_block("one,two")


def test_on_a_cluster_stages_with_something_to_do_are_blocks(
    tmp_path: Path, plan: pa.Table, on_cluster: None
) -> None:
    missing = {(DetectFaces.table, shard) for shard in (SHARDS[1], SHARDS[2], SHARDS[9])}

    def is_wanted(target: ParquetTarget) -> bool:
        path = Path(target.path)
        return (path.parts[-3], path.stem) in missing

    tasks = tasks_of(plan, PLAN, "web", str(tmp_path), is_wanted)
    assert [(type(task), task.shards, task.shard_numbers) for task in tasks] == [
        (DetectFaces, "@table-1:1-4", "block 1 of 3"),
        (DetectFaces, "@table-1:9-10", "block 3 of 3"),
    ]
    missing.pop()
    tasks = tasks_of(plan, PLAN, "web", str(tmp_path), is_wanted)
    assert len(tasks) == 2
    assert not any(is_block(task.shards) for task in tasks)  # fewer than min_shards


def test_without_a_cluster_there_are_no_blocks(tmp_path: Path, plan: pa.Table) -> None:
    tasks = tasks_of(plan, PLAN, "web", str(tmp_path), lambda target: True)
    assert len(tasks) == len(SHARDS) * len(STAGES)
    assert [task.shards for task in tasks[:: len(STAGES)]] == SHARDS


def test_a_block_requires_blocks(tmp_path: Path, plan: pa.Table, on_cluster: None) -> None:
    block = name_block(PLAN, 0, 4)
    task = CorrectText.on(block, "web", str(tmp_path), "block 1 of 3")
    required: dict[type[luigi.Task], Any] = {type(each): each for each in task.requires()}
    assert required[PlannedShard].shard == block
    assert len(required[PlannedShard].output()) == 4
    assert required[Vocabulary].table_name == "table"
    assert required[DownloadThumbnails].shards == block
    assert required[DownloadThumbnails].shard_numbers == "block 1 of 3"
    assert len(task.requires()) == 4  # thumbnails, words, list, vocabulary
    assert [Path(target.path).stem for target in task.output()] == SHARDS[:4]


def test_the_cluster_limits_what_its_nodes_compute_and_luigi_the_downloads(
    tmp_path: Path, plan: pa.Table, on_cluster: None
) -> None:
    block = name_block(PLAN, 0, 4)
    faces = DetectFaces.on(block, "web", str(tmp_path))
    assert faces.process_resources() == {}
    assert faces.max_batch_size == 1
    download = DownloadThumbnails.on(block, "web", str(tmp_path))
    assert download.process_resources() == {"download": 1}
    assert isinstance(download._executor(), LocalExecutor)
    alone = DetectFaces.on(SHARDS[0], "web", str(tmp_path))
    assert alone.process_resources() == {"gpu": 1}
    assert alone.max_batch_size == 8
    assert isinstance(MeasureAppearance.on(SHARDS[0], "web", "")._executor(), LocalExecutor)
