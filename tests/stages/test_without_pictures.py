"""A shard without any picture needs no model."""

from typing import NoReturn

import pyarrow as pa
import pytest

from tests.conftest import STAGE_TABLES
from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.pipeline import STAGES
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.tasks.shard_task import ShardTask

IDS = ["a", "b"]
THUMBNAILS = pa.Table.from_pylist(
    [{"thumbnail_id": each, "status": "not_found", "is_retriable": False} for each in IDS],
    schemas.THUMBNAILS,
)
SHARD = pa.Table.from_pylist([{"thumbnail_id": each} for each in IDS], schemas.SHARDS)
TEXTS = pa.Table.from_pylist([{"thumbnail_id": each} for each in IDS], schemas.TEXTS)
VOCABULARY = pa.table({"word": ["cat"], "count": [1]})

TABLES: dict[type[ShardTask], list[pa.Table]] = {
    RecognizeText: [THUMBNAILS],
    CorrectText: [THUMBNAILS, schemas.WORDS.empty_table(), SHARD, VOCABULARY],
    EmbedText: [TEXTS],
    DetectFaces: [THUMBNAILS],
    ClassifyEmotions: [THUMBNAILS, schemas.FACES.empty_table()],
    MeasureAppearance: [THUMBNAILS],
}
"""What each stage gets of a shard whose thumbnails could not be fetched."""

ONE_ROW_PER_THUMBNAIL = (CorrectText, EmbedText, MeasureAppearance)


def test_every_stage_is_tested() -> None:
    assert set(TABLES) == set(STAGES[1:])


@pytest.mark.parametrize("stage", TABLES)
def test_no_model_is_loaded(stage: type[ShardTask], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> NoReturn:
        raise AssertionError("a model was loaded")

    engine = stage.selected_engine()._replace(load=fail)
    monkeypatch.setattr(stage, "selected_engine", classmethod(lambda cls: engine))
    monkeypatch.setattr(face_quality, "load_face_judge", fail)
    table = stage(source="", engine="", shards="").compute(TABLES[stage], ignore)
    assert table.schema == STAGE_TABLES[stage.table]
    assert len(table) == (len(IDS) if stage in ONE_ROW_PER_THUMBNAIL else 0)
