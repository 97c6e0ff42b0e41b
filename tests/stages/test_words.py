"""Words on thumbnails, with boxes in pixels of the stored picture."""

import pyarrow as pa

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import Word
from thumbnail_tasks.stages.words import recognize_text


def test_boxes_of_words_refer_to_the_stored_picture(thumbnails: pa.Table) -> None:
    words = recognize_text(
        thumbnails, lambda images: [[Word("HI", 0.9, (0, 1, 2, 3))] * 2 for _ in images], ignore
    )
    assert words.schema == schemas.WORDS
    assert words.select(["thumbnail_id", "word_index", "y_min"]).to_pylist() == [
        {"thumbnail_id": "barred", "word_index": 0, "y_min": 46},
        {"thumbnail_id": "barred", "word_index": 1, "y_min": 46},
        {"thumbnail_id": "plain", "word_index": 0, "y_min": 1},
        {"thumbnail_id": "plain", "word_index": 1, "y_min": 1},
    ]
