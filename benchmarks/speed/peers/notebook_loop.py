"""A simple loop over the notebook's libraries, one picture after the other.

keras-ocr recognises text, pyspellchecker corrects each word, face_recognition's cnn finds faces
(enlarged once), and the notebook's network classifies each. Without keras-ocr's own weights its
words are not realistic, so the words that our job recognised on the picture are corrected.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.speed.peers.keras_ocr_pipeline import load_pipeline
from benchmarks.speed.peers.notebook_emotions import load_network
from benchmarks.speed.peers.plain import load_face_locations
from benchmarks.speed.peers.spellchecker_words import make_spellchecker
from benchmarks.speed.turns import Run
from thumbnail_tasks.pictures.decoding import decode_image

_UPSAMPLINGS = 1


def load_loop(emotions: Path, job_dir: Path) -> Run:
    """The loop over pairs of video id and encoded picture.

    Args:
        emotions: The notebook's file; without it the loop leaves out emotions.
        job_dir: The data directory of a finished run over these pictures.

    Raises:
        MissingError: A library is not installed.
    """
    import cv2

    pipeline = load_pipeline()
    locate = load_face_locations("cnn", _UPSAMPLINGS)
    classify = load_network(emotions) if emotions.exists() else None
    words_of, vocabulary = _read_words(job_dir)
    checker = make_spellchecker(vocabulary)

    def run(pictures: Sequence[tuple[str, bytes]]) -> None:
        for video_id, content in pictures:
            image_rgb = decode_image(content)
            pipeline.recognize([image_rgb])
            for word in words_of[video_id]:
                checker.correction(word)
            grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
            for left, top, right, bottom in locate([image_rgb])[0]:
                if classify:
                    classify(np.stack([grey[int(top) : int(bottom), int(left) : int(right)]]))

    return run


def _read_words(job_dir: Path) -> tuple[Mapping[str, list[str]], dict[str, int]]:
    words_of: dict[str, list[str]] = defaultdict(list)
    for file in sorted(job_dir.glob("texts/*/*.parquet")):
        for row in pq.read_table(file).to_pylist():
            words_of[row["thumbnail_id"]] = (row["ocr_raw"] or "").lower().split()
    (file,) = job_dir.glob("vocabularies/*.parquet")
    table = pq.read_table(file)
    counts = zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True)
    return words_of, dict(counts)
