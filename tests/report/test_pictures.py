"""The small pictures of the report."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from tests.pictures.test_batches import letterboxed
from tests.pictures.test_decoding import GREY, encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.report.pictures import make_small, picture_name, stored_name, write_pictures
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


ROWS: list[dict[str, Any]] = [
    {"thumbnail_id": "a", "sha256": "ab" * 32, "image": encoded(GREY, "JPEG")},
    {"thumbnail_id": "b", "sha256": None, "image": None},
    {"thumbnail_id": "c", "sha256": "cd" * 32, "image": b"no picture"},
    {"thumbnail_id": "d", "sha256": "ef" * 32, "image": encoded(GREY)},
]


def write(report: Path, with_stored: bool) -> dict[str, str]:
    table = pa.Table.from_pylist(ROWS, schemas.THUMBNAILS)
    with folder.replace_folder(str(report), made_from={}, last="index.html") as new:
        return write_pictures(table, new, with_stored)


def files_of(report: Path) -> dict[str, Path]:
    return {str(each.relative_to(report)): each for each in report.rglob("*") if each.is_file()}


def test_pictures_are_written_small_and_as_stored(tmp_path: Path) -> None:
    assert write(tmp_path / "report", True) == {"ab" * 32: "jpg", "ef" * 32: "png"}
    found = files_of(tmp_path / "report")
    jpeg, image = stored_name("ab" * 32, "jpg"), stored_name("ef" * 32, "png")
    small = {picture_name("ab" * 32), picture_name("ef" * 32)}
    assert found.keys() == {jpeg, image, *small}
    assert found[jpeg].read_bytes() == ROWS[0]["image"]
    assert found[image].read_bytes() == ROWS[3]["image"]


def test_stored_pictures_can_be_left_out(tmp_path: Path) -> None:
    assert write(tmp_path / "report", False) == {}
    assert files_of(tmp_path / "report").keys() == {picture_name(d * 32) for d in ("ab", "ef")}


def test_pictures_of_an_earlier_report_are_linked(tmp_path: Path) -> None:
    suffixes = write(tmp_path / "report", True)
    before = {name: path.stat().st_ino for name, path in files_of(tmp_path / "report").items()}
    assert write(tmp_path / "report", True) == suffixes
    assert before == {
        name: path.stat().st_ino for name, path in files_of(tmp_path / "report").items()
    }
