"""What holds for all stages: empty tables, and batches that exceed the memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.pictures.test_decoding import GREY, encoded
from tests.stages.conftest import find_nothing_wrong, ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import Face, Word
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.appearance import measure_appearances
from thumbnail_tasks.stages.embeddings import embed_texts
from thumbnail_tasks.stages.emotions import classify_emotions
from thumbnail_tasks.stages.faces import detect_faces
from thumbnail_tasks.stages.words import recognize_text

NOTHING = schemas.THUMBNAILS.empty_table()


@pytest.mark.parametrize("memory_for", [1, 2, 9])
def test_splitting_a_batch_that_exceeds_the_memory_keeps_the_tables(
    memory_for: int,
) -> None:
    def limited(engine: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
        def run(batch: Sequence[Any]) -> Any:
            if len(batch) > memory_for:
                raise MemoryError
            return engine(batch)

        return run

    def find(images: Sequence[ImageRGB]) -> list[list[Face]]:
        return [[Face(1.0, (0, 0, int(image[0, 0, 0]), 9))] for image in images]

    def read(images: Sequence[ImageRGB]) -> list[list[Word]]:
        return [[Word(str(image[0, 0, 0]), 0.9, (0, 0, 9, 9))] for image in images]

    def classify(crops: Sequence[ImageRGB]) -> np.ndarray:
        return np.array([[crop.mean()] + [0] * 6 for crop in crops], np.float32)

    def encode(batch: Sequence[str]) -> np.ndarray:
        return np.array([[int(text), 1] for text in batch], np.float32).reshape(-1, 2)

    def run_stages(limit: Callable[[Any], Any]) -> list[pa.Table]:
        faces = detect_faces(pictures, limit(find), ignore)
        emotions = classify_emotions(pictures, faces, limit(classify), find_nothing_wrong, ignore)
        vectors = embed_texts(texts, limit(encode), ignore)
        return [faces, emotions, recognize_text(pictures, limit(read), ignore), vectors]

    levels = range(20, 90, 10)
    rows = [
        {"thumbnail_id": f"{level}", "status": "ok", "image": encoded(np.full_like(GREY, level))}
        for level in levels
    ]
    pictures = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    rows = [{"thumbnail_id": f"{level}", "ocr": f"{level}"} for level in levels]
    texts = pa.Table.from_pylist(rows, schemas.TEXTS)
    assert run_stages(limited) == run_stages(lambda engine: engine)


def test_empty_tables_stay_empty() -> None:
    none: list[list[Word]] = []
    assert len(recognize_text(NOTHING, lambda images: none, ignore)) == 0
    assert len(measure_appearances(NOTHING, ignore)) == 0
    encode = lambda batch: np.zeros((0, 4), np.float32)  # noqa: E731
    assert embed_texts(schemas.TEXTS.empty_table(), encode, ignore).schema == schemas.embeddings(4)
    faces = schemas.FACES.empty_table()
    classify = lambda crops: np.zeros((0, 7), np.float32)  # noqa: E731
    assert len(classify_emotions(NOTHING, faces, classify, find_nothing_wrong, ignore)) == 0
