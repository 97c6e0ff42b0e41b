"""The small pictures of the report."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from tests.pictures.test_batches import letterboxed
from tests.pictures.test_decoding import GREY, encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.report.pictures import make_small, picture_name, write_small_pictures
from thumbnail_tasks.storage import folder


def size_of(data: bytes | None) -> tuple[int, int]:
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        return image.size


def test_a_picture_is_scaled_down_without_its_black_bars() -> None:
    assert size_of(make_small(encoded(letterboxed(0)))) == (240, 135)


def test_a_small_picture_is_not_scaled_up() -> None:
    assert size_of(make_small(encoded(GREY))) == (160, 90)


def test_a_picture_of_one_row_of_pixels_is_accepted() -> None:
    assert size_of(make_small(encoded(np.zeros((1, 3000, 3), np.uint8)))) == (240, 1)


def test_data_that_is_not_a_picture_gives_none() -> None:
    assert make_small(b"<html>") is None
    assert make_small(encoded(GREY)[:200]) is None


def test_pictures_of_an_earlier_report_are_linked(tmp_path: Path) -> None:
    rows = [
        {"thumbnail_id": "a", "sha256": "ab" * 32, "image": encoded(GREY)},
        {"thumbnail_id": "b", "sha256": None, "image": None},
        {"thumbnail_id": "c", "sha256": "cd" * 32, "image": b"no picture"},
    ]
    table = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    report = tmp_path / "report"

    def write() -> None:
        with folder.replace_folder(str(report), made_from={}, last="index.html") as new:
            write_small_pictures(table, new)

    write()
    first = report / picture_name("ab" * 32)
    assert [path for path in report.rglob("*") if path.is_file()] == [first]
    before = first.stat().st_ino
    write()
    assert first.stat().st_ino == before
