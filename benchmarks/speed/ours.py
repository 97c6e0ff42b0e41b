"""The package's stages and engines as contenders, called as in the job."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.ours import as_thumbnails, load_stage, without_titles
from benchmarks.speed.turns import Run
from thumbnail_tasks.engines.embeddings import minilm
from thumbnail_tasks.engines.faces.dlib_cnn import Rules, load_face_detector
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.words import RecognizeText


def load_text() -> Run:
    """The stage RecognizeText on encoded pictures; returns the number of words."""
    recognize = load_stage(RecognizeText)

    def read(contents: Sequence[bytes]) -> int:
        thumbnails = as_thumbnails(contents)
        return len(recognize([thumbnails, without_titles(thumbnails)]))

    return read


def load_faces() -> Run:
    """The stage DetectFaces on encoded pictures; returns the number of faces."""
    detect = load_stage(DetectFaces)
    return lambda contents: len(detect([as_thumbnails(contents)]))


def load_objects() -> Run:
    """The stage DetectObjects on encoded pictures; returns the number of objects."""
    detect = load_stage(DetectObjects)
    return lambda contents: len(detect([as_thumbnails(contents)]))


def load_faces_by_rules(upsamplings: int, min_score: float, max_flatness: float) -> Run:
    """The engine dlib-cnn with these rules on decoded pictures; returns the boxes of each."""
    detect = load_face_detector(Rules(upsamplings, min_score, max_flatness))

    def find(images_rgb: Sequence[ImageRGB]) -> list[list[Box]]:
        found: list[list[Box]] = [[] for _ in images_rgb]
        for shape in {
            image_rgb.shape for image_rgb in images_rgb
        }:  # all pictures of a batch have one size
            numbers = [n for n, image_rgb in enumerate(images_rgb) if image_rgb.shape == shape]
            batch = [images_rgb[n] for n in numbers]
            for number, faces in zip(numbers, detect(batch), strict=True):
                found[number] = [face.box_xyxy for face in faces]
        return found

    return find


def load_emotions(batch_size: int) -> Run:
    """The emotion classifier on (48, 48) grey faces, in batches."""
    classify = ClassifyEmotions.selected_engine().load()

    def run(faces: Sequence[Any]) -> None:
        faces_rgb = [np.repeat(face[..., None], 3, axis=2) for face in faces]
        for start in range(0, len(faces), batch_size):
            classify(faces_rgb[start : start + batch_size])

    return run


def load_encoder() -> Callable[[Sequence[str]], None]:
    """The text encoder on the texts of one shard."""
    return _encode_with(EmbedText.selected_engine())


def load_minilm() -> Callable[[Sequence[str]], None]:
    """The other embedded text encoder, on the same texts."""
    return _encode_with(minilm.ENGINE)


def _encode_with(engine: Engine) -> Callable[[Sequence[str]], None]:
    encode = engine.load()

    def run(texts: Sequence[str]) -> None:
        encode(texts)

    return run
