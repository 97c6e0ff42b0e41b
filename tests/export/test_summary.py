"""The summary at the end of an export."""

from collections import Counter

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
    summary = summarize(6, attributes, Counter(no_link=3, invalid_link=1), timings, ["out.parquet"])
    for part in (
        "6 rows, 2 thumbnails: 1 ok, 1 not_found\n"
        "rows without a thumbnail: 3 no_link, 1 invalid_link",
        "with text 100 %, with faces 100 %",
        "2 faces: 1 happy, 1 sad",
        "DetectFaces                    2       0.5         4.0",
        "out.parquet",
    ):
        assert part in summary
