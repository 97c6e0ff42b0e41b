"""What holds for all stages: empty tables, and batches that exceed the memory."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.conftest import STAGE_TABLES
from tests.pictures.test_decoding import GREY, encoded
from tests.stages.conftest import find_nothing_wrong, ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.engines.interface import Face, Word
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.appearance import measure_appearances
from thumbnail_tasks.stages.embeddings import embed_texts
from thumbnail_tasks.stages.emotions import classify_emotions
from thumbnail_tasks.stages.faces import detect_faces
from thumbnail_tasks.stages.pipeline import ALL_STAGES
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.words import RecognizeText, recognize_text
from thumbnail_tasks.tasks.shard_task import ShardTask

NOTHING = schemas.THUMBNAILS.empty_table()


@pytest.mark.parametrize("memory_for", [1, 2, 9])
def test_splitting_a_batch_that_exceeds_the_memory_keeps_the_tables(
    memory_for: int,
) -> None:
    def limited(engine: Callable[..., Any]) -> Callable[..., Any]:
        def run(batch: Sequence[Any], *about: Any) -> Any:
            if len(batch) > memory_for:
                raise MemoryError
            return engine(batch, *about)

        return run

    def find(images: Sequence[ImageRGB]) -> list[list[Face]]:
        return [[Face(1.0, (0, 0, int(image[0, 0, 0]), 9))] for image in images]

    def read(
        images: Sequence[ImageRGB], expected: Sequence[Collection[str]] = ()
    ) -> list[list[Word]]:
        return [[Word(str(image[0, 0, 0]), 0.9, (0, 0, 9, 9))] for image in images]

    def classify(crops: Sequence[ImageRGB]) -> np.ndarray:
        return np.array([[crop.mean()] + [0] * 6 for crop in crops], np.float32)

    def encode(batch: Sequence[str]) -> np.ndarray:
        return np.array([[int(text), 1] for text in batch], np.float32).reshape(-1, 2)

    def run_stages(limit: Callable[[Any], Any]) -> list[pa.Table]:
        faces = detect_faces(pictures, limit(find), ignore)
        emotions = classify_emotions(pictures, faces, limit(classify), find_nothing_wrong, ignore)
        vectors = embed_texts(texts, limit(encode), ignore)
        words = recognize_text(pictures, [()] * len(pictures), limit(read), ignore)
        return [faces, emotions, words, vectors]

    levels = range(20, 90, 10)
    rows = [
        {"thumbnail_id": f"{level}", "status": "ok", "image": encoded(np.full_like(GREY, level))}
        for level in levels
    ]
    pictures = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    rows = [{"thumbnail_id": f"{level}", "ocr": f"{level}"} for level in levels]
    texts = pa.Table.from_pylist(rows, schemas.TEXTS)
    assert run_stages(limited) == run_stages(lambda engine: engine)


@pytest.mark.parametrize("stage", ALL_STAGES[1:], ids=lambda stage: stage.__name__)
def test_without_a_picture_no_stage_loads_a_model(
    stage: type[ShardTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*about: object) -> None:
        raise AssertionError("a model is loaded")

    engine = stage.selected_engine()._replace(load=fail)
    monkeypatch.setattr(stage, "selected_engine", classmethod(lambda cls: engine))
    monkeypatch.setattr(face_quality, "load_face_judge", fail)
    ids = [{"thumbnail_id": "gone"}]
    thumbnails = pa.Table.from_pylist([ids[0] | {"status": "not_found"}], schemas.THUMBNAILS)
    upstream = {
        "thumbnails": thumbnails,
        "words": schemas.WORDS.empty_table(),
        "faces": schemas.FACES.empty_table(),
        "texts": pa.Table.from_pylist(ids, schemas.TEXTS),
    }
    tables = [upstream[earlier.table] for earlier in stage.upstream]
    if stage in (RecognizeText, CorrectText):
        tables.append(pa.Table.from_pylist([ids[0] | {"title_and_channel": ""}], schemas.SHARDS))
    if stage is CorrectText:
        tables.append(schemas.VOCABULARY.empty_table())
    about = {"source": "web", "engine": "any", "shards": "table-one"}
    made = stage(data_dir="data", **about).compute(tables, ignore)
    assert made.schema == {**STAGE_TABLES, "objects": schemas.OBJECTS}[stage.table]
    keys = ["thumbnail_id"] if stage.table in ("texts", "embeddings", "appearance") else []
    assert made.to_pylist() == [dict.fromkeys(made.column_names) | ids[0] for _ in keys]


def test_empty_tables_stay_empty() -> None:
    none: list[list[Word]] = []
    assert len(recognize_text(NOTHING, [], lambda images, expected=(): none, ignore)) == 0
    assert len(measure_appearances(NOTHING, ignore)) == 0
    encode = lambda batch: np.zeros((0, 4), np.float32)  # noqa: E731
    assert embed_texts(schemas.TEXTS.empty_table(), encode, ignore).schema == schemas.embeddings(4)
    faces = schemas.FACES.empty_table()
    classify = lambda crops: np.zeros((0, 7), np.float32)  # noqa: E731
    assert len(classify_emotions(NOTHING, faces, classify, find_nothing_wrong, ignore)) == 0
