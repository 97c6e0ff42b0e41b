"""The stages in the order of the data, and all of them for the shards of a plan."""

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.words import RecognizeText
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

LAST_STAGES: tuple[type[ShardTask], ...] = (EmbedText, ClassifyEmotions, MeasureAppearance)
"""The ends of the graph: every other stage is upstream of one of these."""


def shards_of(plan: pa.Table) -> list[str]:
    """The names of a plan's shards, in order (``plan``: rows of ``schemas.PLANS``)."""
    names: list[str] = pc.unique(plan["shard"]).to_pylist()
    return names


def stages_of(plan: pa.Table, source: str, data_dir: str) -> list[ShardTask]:
    """All stages of all shards of a plan; the shards are numbered in its order."""
    shards = shards_of(plan)
    return [
        stage.on(shard, source, data_dir, f"{number} of {len(shards)}")
        for number, shard in enumerate(shards, start=1)
        for stage in STAGES
    ]
