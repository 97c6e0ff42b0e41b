"""The summary at the end of an export."""

import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.export.summary import Timing, summarize


def test_the_summary_counts_rows_thumbnails_texts_and_faces() -> None:
    attributes = pa.Table.from_pylist(
        [
            {
                "thumbnail_status": "ok",
                "thumbnail_ocr": "HI",
                "thumbnail_ocr_length": 1,
                "face_count": 2,
                **{f"{label}_count": 0 for label in schemas.EMOTION_LABELS},
                **{"happy_count": 1, "sad_count": 1},
            },
            {"thumbnail_status": "not_found"},
        ],
        schemas.attributes(2),
    )
    timings = [Timing("DetectFaces", 2, 0.5), Timing("EmbedText", 0, 0.0)]
    summary = summarize(3, attributes, timings, ["out.parquet"])
    for part in (
        "3 rows, 2 thumbnails: 1 ok, 1 not_found",
        "with text 100 %, with faces 100 %",
        "2 faces: 1 happy, 1 sad",
        "DetectFaces                    2       0.5         4.0",
        "out.parquet",
    ):
        assert part in summary
