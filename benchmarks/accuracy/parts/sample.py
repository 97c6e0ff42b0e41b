"""The drawn sample: a smoke test, not a measure of accuracy on real thumbnails."""

from benchmarks.accuracy.intervals import bootstrap, ratio
from benchmarks.accuracy.job import ROOT, run_job
from benchmarks.accuracy.labels import Thumbnail, read_rows
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.text import score_texts
from benchmarks.accuracy.parts.word_cards import draw_words
from benchmarks.accuracy.table import Row
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.words import RecognizeText

PART = "drawn sample (smoke test, not accuracy)"
_EXAMPLES = ROOT / "examples"


def measure_sample(setting: Setting) -> Measured:
    """Run the main job on ``examples/`` and compare with ``expected.csv``."""
    expected = {row["video_id"]: row for row in read_rows(_EXAMPLES / "expected.csv")}
    results = run_job(_EXAMPLES / "videos.csv", _EXAMPLES / "images")
    labels = [
        Thumbnail(
            *(video_id, _EXAMPLES / "images" / f"{video_id}.jpg", row["words"], ""),
            *(None, int(row["face_count"]), int(row["face_count"]), 0),
        )
        for video_id, row in expected.items()
        if row["thumbnail_status"] == "ok"
    ]
    texts = {name: row["thumbnail_ocr"] or "" for name, row in results.attributes.items()}
    counted = [
        (results.attributes[label.video_id]["face_count"] == label.n_all, 1) for label in labels
    ]
    statuses = [
        (results.attributes[name]["thumbnail_status"] == row["thumbnail_status"], 1)
        for name, row in expected.items()
    ]
    faces, everything = f"ours: {DetectFaces.selected_engine().name()}", "the main job"
    about_faces = (len(counted), "pictures", bootstrap(counted, ratio))
    about_statuses = (len(statuses), "videos", bootstrap(statuses, ratio))
    rows = [
        *score_texts(
            PART, f"ours: {RecognizeText.selected_engine().name()}, corrected", labels, texts
        ),
        Row(PART, "number of faces is right", faces, *about_faces),
        Row(PART, "status is right", everything, *about_statuses),
    ]
    return Measured(rows, {"Words of the drawn sample": draw_words(labels, results)})
