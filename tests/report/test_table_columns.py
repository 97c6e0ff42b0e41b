"""Columns of tables of videos, by what they mean for the report."""

import pytest

from thumbnail_tasks.report.table_columns import name_columns


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["video_id", "views", "likes"],
            {"video_id": "video_id", "views": "views", "likes": "likes"},
        ),
        (["videoId", "viewCount"], {"video_id": "videoId", "views": "viewCount"}),
        (
            ["id", "view_count", "like_count"],
            {"video_id": "id", "views": "view_count", "likes": "like_count"},
        ),
        (
            ["statistics.viewCount", "snippet.categoryId"],
            {"views": "statistics.viewCount", "category_id": "snippet.categoryId"},
        ),
        (["view_count", "views"], {"views": "views"}),
        (["Views", "Category ID"], {"views": "Views", "category_id": "Category ID"}),
        (["reviews", "dislikes"], {}),
    ],
)
def test_columns_are_found_by_their_names(names: list[str], expected: dict[str, str]) -> None:
    assert name_columns(names) == expected
