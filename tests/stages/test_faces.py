"""Faces on thumbnails, from left to right."""

import pyarrow as pa

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import Face
from thumbnail_tasks.stages.faces import detect_faces


def test_faces_are_numbered_from_left_to_right(thumbnails: pa.Table) -> None:
    found = [Face(1.0, (50, 0, 60, 10)), Face(2.0, (5, 0, 15, 10))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    assert faces.schema == schemas.FACES
    assert faces["x_min"].to_pylist() == [5, 50, 5, 50]
    assert faces["face_index"].to_pylist() == [0, 1, 0, 1]
