"""Compare the words and faces of an existing export with labels."""

from pathlib import Path

from benchmarks.accuracy.boxes import FaceScore, place_face, score_faces
from benchmarks.accuracy.job import read_results
from benchmarks.accuracy.labels import read_thumbnails
from benchmarks.accuracy.words import WordScore, count_words, score_words


def score_export(labels_dir: Path, data_dir: Path) -> tuple[WordScore, WordScore, FaceScore]:
    """Score the words before and after correction, and the faces of an export.

    Args:
        labels_dir: The folder ``thumbnails`` of labelled data: ``labels.csv``, ``face_boxes.csv``
            and the pictures.
        data_dir: The data directory of a finished run over these pictures.
    """
    labels, _ = read_thumbnails(labels_dir.parent)
    results = read_results(data_dir)
    as_read, corrected = (
        score_words(
            count_words(
                *(label.words, label.optional_words),
                results.attributes[label.video_id][column] or "",
            )
            for label in labels
        )
        for column in ("thumbnail_ocr_raw", "thumbnail_ocr")
    )
    labelled = {}
    for label in labels:
        if label.faces is not None:
            row = results.attributes[label.video_id]
            size = row["thumbnail_width_px"], row["thumbnail_height_px"]
            labelled[label.video_id] = [place_face(face, *size) for face in label.faces]
    return as_read, corrected, score_faces(labelled, results.faces)
