"""ReadVideos and IdentifyThumbnails: one row for each row of the input, in order."""

from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.stages.videos import IdentifyThumbnails

A = "aaaaaaaaaaa"
LINK = f"https://i.ytimg.com/vi/{A}/default.jpg"
OTHER_HOST = "https://pictures.example/c.jpg"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A CSV of six rows: one twice, one with another host's link, two that name no thumbnail."""
    path = tmp_path / "videos.csv"
    rows = [f"z,{LINK}", "bbbbbbbbbbb,", f"c,{OTHER_HOST}", "no id,no link", f"z,{LINK}", ","]
    path.write_text("\n".join(["video_id,thumbnail_link", *rows, ""]))
    return path


def identify(videos: Path, from_folder: bool) -> pa.Table:
    """The ids of the thumbnails of a table, by the tasks themselves."""
    data_dir = str(videos.parent / "data")
    task = IdentifyThumbnails(data_dir=data_dir, videos=str(videos), from_folder=from_folder)
    task.requires().run()
    assert list(task.run()) == []  # no lost input is requested
    ids: pa.Table = task.output().read()
    return ids


def test_each_row_has_its_thumbnail_or_a_status(videos: Path) -> None:
    ids = identify(videos, from_folder=False)
    assert ids.schema == schemas.THUMBNAIL_IDS
    digest = f"url-{short_digest(OTHER_HOST, 16)}"
    assert ids["thumbnail_id"].to_pylist() == [A, "bbbbbbbbbbb", digest, None, A, None]
    assert ids["url"].to_pylist() == [None, None, OTHER_HOST, None, None, None]
    assert ids["status"].to_pylist() == [None, None, None, "invalid_link", None, "no_link"]


def test_in_a_folder_a_row_without_a_youtube_link_is_named_by_its_id(videos: Path) -> None:
    ids = identify(videos, from_folder=True)
    assert ids.schema == schemas.THUMBNAIL_IDS
    assert ids["thumbnail_id"].to_pylist() == [A, "bbbbbbbbbbb", "c", "no id", A, None]
    assert ids["url"].null_count == len(ids)
    assert ids["status"].to_pylist() == [None, None, None, None, None, "no_link"]


def test_ids_for_a_folder_and_for_the_network_are_different_files(videos: Path) -> None:
    identify(videos, from_folder=False)
    identify(videos, from_folder=True)
    folder = videos.parent / "data" / "thumbnail_ids"
    assert sorted(path.parent.name for path in folder.rglob("*.parquet")) == ["folder", "network"]
