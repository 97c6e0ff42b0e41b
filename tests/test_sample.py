"""The sample in examples/ is consistent: tables, pictures and expected results."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
IMAGES = EXAMPLES / "images"
BAR_PX = 45
NOTEBOOK_COLUMNS = [
    "video_id",
    "trending_date",
    "title",
    "channel_title",
    "category_id",
    "publish_time",
    "tags",
    "views",
    "likes",
    "dislikes",
    "comment_count",
    "thumbnail_link",
    "comments_disabled",
    "ratings_disabled",
    "video_error_or_removed",
    "description",
]


def read_rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


VIDEOS = read_rows("videos.csv")
EXPECTED = read_rows("expected.csv")
STATUS = {row["video_id"]: row["thumbnail_status"] for row in EXPECTED}
DRAWN = [row for row in EXPECTED if row["thumbnail_status"] == "ok"]


def has_bars(video_id: str) -> bool:
    with Image.open(IMAGES / f"{video_id}.jpg") as picture:
        gray = np.asarray(picture.convert("L"))
    # JPEG leaves a trace of the picture in the block of 8 pixels where it meets the bar.
    edge_px = BAR_PX - 8
    return bool(gray[:edge_px].max() < 16 and gray[-edge_px:].max() < 16)


def test_videos_have_the_columns_of_the_notebook() -> None:
    assert list(VIDEOS[0]) == NOTEBOOK_COLUMNS
    assert all(None not in row and None not in row.values() for row in VIDEOS)


def test_every_video_is_expected_and_every_expected_row_is_a_video() -> None:
    assert set(STATUS) == {row["video_id"] for row in VIDEOS}
    assert len(STATUS) == len(EXPECTED)


def test_ids_are_as_long_as_youtubes_and_links_follow_from_them() -> None:
    for row in VIDEOS:
        assert len(row["video_id"]) == 11
        assert row["thumbnail_link"] == f"https://i.ytimg.com/vi/{row['video_id']}/default.jpg"
    assert {video_id[0] for video_id in STATUS} == {"s", "-", "_"}


def test_some_videos_trend_on_two_days_with_other_rows_between() -> None:
    row_numbers: dict[str, list[int]] = {}
    for row_number, row in enumerate(VIDEOS):
        row_numbers.setdefault(row["video_id"], []).append(row_number)
    again = [rows for rows in row_numbers.values() if len(rows) > 1]
    assert len(again) >= 3
    for rows in again:
        assert all(later - earlier > 1 for earlier, later in pairwise(rows))
        assert len({VIDEOS[row_number]["trending_date"] for row_number in rows}) == len(rows)


def test_the_files_are_those_that_are_expected_and_small() -> None:
    files = {path.stem: path.stat().st_size for path in IMAGES.iterdir()}
    assert set(files) == {i for i, status in STATUS.items() if status != "not_found"}
    assert "not_found" in STATUS.values()
    assert sum(files.values()) < 1_500_000


@pytest.mark.parametrize("video_id", [row["video_id"] for row in DRAWN])
def test_a_drawn_picture_is_an_hqdefault_jpeg(video_id: str) -> None:
    with Image.open(IMAGES / f"{video_id}.jpg") as picture:
        picture.load()
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (480, 360))


def test_most_pictures_have_bars_and_a_few_fill_the_frame() -> None:
    bars = Counter(has_bars(row["video_id"]) for row in DRAWN)
    assert bars[True] >= 30
    assert 3 <= bars[False] <= 6


@pytest.mark.parametrize("video_id", [i for i, s in STATUS.items() if s == "not_an_image"])
def test_a_broken_picture_does_not_decode(video_id: str) -> None:
    with (
        pytest.raises(OSError, match=r"truncated|cannot identify"),
        Image.open(IMAGES / f"{video_id}.jpg") as picture,
    ):
        picture.load()


def test_the_sample_has_pictures_with_words_with_faces_with_both_and_with_neither() -> None:
    kinds = Counter((bool(row["words"]), row["face_count"] != "0") for row in DRAWN)
    assert len(DRAWN) == 40
    assert min(kinds.values()) >= 4
    assert len(kinds) == 4
    assert {row["face_count"] for row in DRAWN} == {"0", "1", "2", "3"}


def test_nothing_is_expected_of_a_missing_picture() -> None:
    for row in EXPECTED:
        if row["thumbnail_status"] != "ok":
            assert row["words"] == row["face_count"] == ""


def test_titles_and_descriptions_resemble_real_ones() -> None:
    titles = "".join(row["title"] for row in VIDEOS)
    assert any("а" <= letter <= "я" for letter in titles)
    assert any("ぁ" <= letter <= "ん" for letter in titles)
    assert "é" in titles
    descriptions = [row["description"] for row in VIDEOS]
    assert "" in descriptions
    assert any("\n" in text and "," in text and '"' in text for text in descriptions)


@pytest.mark.parametrize("name", ["Zorbix", "Wozzle", "Quibbly", "Nebbit", "Flumo", "Orvalle"])
def test_an_invented_name_on_a_picture_is_in_a_description(name: str) -> None:
    assert any(name.lower() in row["words"].lower() for row in DRAWN)
    assert any(name in row["description"] for row in VIDEOS)
