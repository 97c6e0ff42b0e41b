"""The package's stages and engines as contenders, called as in the job."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.accuracy.boxes import Box
from benchmarks.accuracy.ours import as_thumbnails, load_stage, without_titles
from benchmarks.speed.turns import Run
from thumbnail_tasks.engines.embeddings import minilm
from thumbnail_tasks.engines.faces.dlib_cnn import Rules, load_face_detector
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages import embedded_columns
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, WantedColumns
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


def load_faces_by_rules(
    upsamplings: int, min_score: float, max_flatness: float, min_proposal: float
) -> Run:
    """The engine dlib-cnn with these rules on decoded pictures; returns the boxes of each."""
    detect = load_face_detector(Rules(upsamplings, min_score, max_flatness, min_proposal))

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


def load_appearance() -> Run:
    """The stage MeasureAppearance on encoded pictures; returns the number of rows."""
    measure = load_stage(MeasureAppearance)
    return lambda contents: len(measure([as_thumbnails(contents)]))


class _ThisProcess:
    """In place of the model process, whose processor time would not be measured."""

    def call(self, work: Callable[[Any], Any], report: Any) -> Any:
        return work(report)


def load_columns(folder: Path, night: int) -> Run:
    """The task EmbedColumns on a table of titles; each ``night`` has other tables of the same.

    Args:
        folder: For the tables and the data directory.
        night: Number of the night.
    """
    embedded_columns.model_process = _ThisProcess  # type: ignore[assignment]
    folder.mkdir(parents=True, exist_ok=True)

    def embed(titles: Sequence[str]) -> None:
        path = folder / f"{night}-{len(titles)}-{short_digest(list(titles), 8)}.parquet"
        pq.write_table(pa.table({"video_id": [str(night)] * len(titles), "title": titles}), path)
        table = {"data_dir": str(folder / "data"), "videos": str(path), "videos_format": "auto"}
        read = embedded_columns.ReadVideos(**table)
        read.run()
        wanted = WantedColumns(read.output().read_schema(), str(path))
        task = EmbedColumns.of(table, wanted)
        if task is None or list(task.run()):
            raise RuntimeError(f"{path}: expected titles to embed")

    return embed


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
