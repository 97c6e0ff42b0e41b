"""The stages in the order of the data, and all of them for the shards of a plan."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import settings
from thumbnail_tasks.execution.executors import is_on_cluster
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.blocks import name_block
from thumbnail_tasks.tasks.shard_task import ShardTask

STAGES: tuple[type[ShardTask], ...] = (
    DownloadThumbnails,
    RecognizeText,
    CorrectText,
    EmbedText,
    DetectFaces,
    ClassifyEmotions,
    MeasureAppearance,
)
"""The stages of every run."""

ALL_STAGES: tuple[type[ShardTask], ...] = (*STAGES, DetectObjects)

_LAST_STAGES: tuple[type[ShardTask], ...] = (EmbedText, ClassifyEmotions, MeasureAppearance)


def selected_stages() -> tuple[type[ShardTask], ...]:
    """The stages that the settings select: objects are detected only with ``[objects] detect``."""
    return ALL_STAGES if settings.objects().detect else STAGES


def last_stages() -> tuple[type[ShardTask], ...]:
    """The ends of the selected graph: every other stage is upstream of one of these."""
    return (*_LAST_STAGES, *selected_stages()[len(STAGES) :])


def shards_of(plan: pa.Table) -> list[str]:
    """The names of a plan's shards, in order (``plan``: rows of ``schemas.PLANS``)."""
    names: list[str] = pc.unique(plan["shard"]).to_pylist()
    return names


def stages_of(
    plan: pa.Table, source: str, data_dir: str, is_wanted: Callable[[ParquetTarget], bool]
) -> list[ShardTask]:
    """The stages of the shards of a plan, as tasks; the shards are numbered in its order.

    Args:
        plan: Rows of ``schemas.PLANS``.
        source: Source of the pictures.
        data_dir: The data directory.
        is_wanted: Whether to include the task that makes a file. Luigi takes a millisecond to make
            a task, and most files exist.
    """
    shards = shards_of(plan)
    outputs = outputs_of(shards, source, data_dir)
    return [
        stage.on(shard, source, data_dir, f"{number + 1} of {len(shards)}")
        for number, shard in enumerate(shards)
        for stage in outputs
        if is_wanted(outputs[stage][number])
    ]


def tasks_of(
    plan: pa.Table,
    plan_name: str,
    source: str,
    data_dir: str,
    is_wanted: Callable[[ParquetTarget], bool],
) -> list[ShardTask]:
    """As ``stages_of``; on a cluster, if there are enough shards, tasks of blocks of them.

    Args:
        plan: Rows of ``schemas.PLANS``.
        plan_name: Name of its file.
        source: Source of the pictures.
        data_dir: The data directory.
        is_wanted: Whether to make a file; a block is a task if any of its files is wanted.
    """
    options = settings.execution()
    shards = shards_of(plan)
    outputs = outputs_of(shards, source, data_dir) if is_on_cluster() else {}
    wanted = {stage: [is_wanted(each) for each in made] for stage, made in outputs.items()}
    n_wanted = sum(map(any, zip(*wanted.values(), strict=True)))
    if n_wanted < options.min_shards or not is_on_cluster():
        return stages_of(plan, source, data_dir, is_wanted)
    size = options.block_shards
    starts = range(0, len(shards), size)
    return [
        stage.on(
            name_block(plan_name, start, len(shards[start : start + size])),
            source,
            data_dir,
            f"block {number + 1} of {len(starts)}",
        )
        for number, start in enumerate(starts)
        for stage in outputs
        if any(wanted[stage][start : start + size])
    ]


def outputs_of(
    shards: Sequence[str], source: str, data_dir: str
) -> dict[type[ShardTask], list[ParquetTarget]]:
    """The files of the selected stages, of each shard in order."""
    stages = selected_stages() if shards else ()
    tasks = {stage: stage.on(shards[0], source, data_dir) for stage in stages}
    return {stage: [task.output_for(shard) for shard in shards] for stage, task in tasks.items()}
