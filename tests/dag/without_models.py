"""``thumbnail_tasks`` whose models cannot be loaded; loaded with ``--module``."""

from thumbnail_tasks import ExportAttributes
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.stages import embeddings, emotions, faces, texts, words

__all__ = ["ExportAttributes"]


def fail(*about: object) -> None:
    raise AssertionError("a model is loaded")


for engines in (
    *(words.RECOGNIZERS, texts.CORRECTORS, embeddings.ENCODERS),
    *(faces.DETECTORS, emotions.CLASSIFIERS),
):
    for name in engines:
        engines[name] = engines[name]._replace(load=fail)
face_quality.load_face_judge = fail  # type: ignore[assignment]
