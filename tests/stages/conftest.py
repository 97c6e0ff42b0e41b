"""Pictures for the tests of stages, and callbacks that do nothing."""

import pyarrow as pa
import pytest

from tests.pictures.test_batches import letterboxed
from tests.pictures.test_decoding import GREY, encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions.face_quality import FaceQuality
from thumbnail_tasks.pictures.decoding import ImageRGB


def ignore(_: int) -> None:
    pass


def find_nothing_wrong(_: ImageRGB, box_xyxy: object) -> FaceQuality:
    return FaceQuality(is_too_small=False, is_blurred=False, is_turned=False)


@pytest.fixture
def thumbnails() -> pa.Table:
    """A letterboxed picture, a missing one, and a plain one."""
    rows = [
        {"thumbnail_id": "barred", "status": "ok", "image": encoded(letterboxed(0))},
        {"thumbnail_id": "gone", "status": "not_found"},
        {"thumbnail_id": "plain", "status": "ok", "image": encoded(GREY)},
    ]
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)
