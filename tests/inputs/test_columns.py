"""Columns are found under the names that the field uses."""

from collections.abc import Iterator
from pathlib import Path

import luigi
import pyarrow as pa
import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs import reading
from thumbnail_tasks.inputs.columns import (
    CHANNEL_COLUMN,
    DESCRIPTION_COLUMN,
    ID_COLUMN,
    LINK_COLUMN,
    NAMES,
    TITLE_COLUMN,
    column_named,
    find_columns,
)
from thumbnail_tasks.inputs.reading import read_schema
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        *(
            (name, ID_COLUMN)
            for name in ("video_id", "Video ID", "videoId", "video-id", "VIDEO_ID ")
        ),
        *((name, ID_COLUMN) for name in ("id", "Content", "snippet.resourceId.videoId")),
        *((name, LINK_COLUMN) for name in ("thumbnail_link", "thumbnailUrl", "Thumbnail URL")),
        *((name, LINK_COLUMN) for name in ("thumbnail", "snippet.thumbnails.high.url")),
        *((name, TITLE_COLUMN) for name in ("title", "Video title", "snippet.title")),
        *((name, CHANNEL_COLUMN) for name in ("channelTitle", "channel", "uploader")),
        (" description ", DESCRIPTION_COLUMN),
    ],
)
def test_a_column_is_found_whatever_its_spelling(name: str, meaning: str) -> None:
    names = ["rank", name, "other"]
    assert find_columns(names, meaning) == [name]
    assert not any(find_columns(names, other) for other in NAMES if other != meaning)


def test_the_more_specific_name_wins_in_any_order() -> None:
    for names in (
        ["id", "video_id", "thumbnail", "thumbnail_link"],
        ["thumbnail_link", "video_id", "id"],
    ):
        schema = pa.schema([(name, pa.string()) for name in names])
        assert column_named(schema, ID_COLUMN) == "video_id"
        assert column_named(schema, LINK_COLUMN) == "thumbnail_link"


def test_two_spellings_of_one_name_are_both_returned() -> None:
    assert find_columns(["Video ID", "video_id"], ID_COLUMN) == ["Video ID", "video_id"]


def test_a_column_without_a_name_has_no_meaning() -> None:
    assert not any(find_columns(["", " "], meaning) for meaning in NAMES)


def test_a_general_name_counts_only_where_its_values_fit() -> None:
    table = pa.table(
        {
            "id": ["abcdefghij1", "7", None, "abcdefghij4"],
            "thumbnail": [None, "yes", "https://example.org/a.jpg", "no"],
        }
    )
    found = identify_thumbnails(table, from_folder=False).to_pylist()
    assert [row["status"] for row in found] == [None, "no_link", None, None]
    assert found[0]["thumbnail_id"] == "abcdefghij1"
    assert found[2]["url"] == "https://example.org/a.jpg"
    assert found[3]["thumbnail_id"] == "abcdefghij4"


def test_each_row_has_the_id_of_the_column_that_it_fills() -> None:
    table = pa.table(
        {
            "id": ["7", None, "abcdefghij3", None],
            "video_id": ["abcdefghij1", None, None, None],
            "videoId": [None, "abcdefghij2", None, None],
            "thumbnail_url": [None, None, None, "https://i.ytimg.com/vi/abcdefghij4/0.jpg"],
        }
    )
    found = identify_thumbnails(table, from_folder=False)
    assert found["thumbnail_id"].to_pylist() == [f"abcdefghij{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("video_id", "videoId"),
        ("video_id", "Video ID"),
        ("video_id", "id"),
        ("thumbnail_link", "thumbnail_url"),
        ("thumbnail_link", "video_id"),
    ],
)
def test_files_may_have_different_known_names(tmp_path: Path, first: str, second: str) -> None:
    cells = {
        name: "https://i.ytimg.com/vi/abcdefghij1/0.jpg" if "thumb" in name else "abcdefghij1"
        for name in (first, second)
    }
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, name in zip(paths, (first, second), strict=True):
        path.write_text(f"{name},channel title\n{cells[name]},x\n")
    schema = reading.read_schema(paths, "auto")
    table = pa.Table.from_batches(reading.read_batches(paths, "auto", schema), schema)
    found = identify_thumbnails(table, from_folder=False)
    assert found["thumbnail_id"].to_pylist() == ["abcdefghij1"] * 2
    assert table["channel title"].to_pylist() == ["x", "x"]


def test_an_exact_general_name_counts_beside_a_similar_one() -> None:
    assert find_columns(["_id", "id"], ID_COLUMN) == ["id"]


@pytest.fixture
def id_column() -> Iterator[None]:
    config = luigi.configuration.get_config()
    config.set("columns", "id", "key")
    yield
    config.remove_section("columns")


@pytest.mark.usefixtures("id_column")
def test_a_named_column_is_the_only_one_that_counts() -> None:
    assert find_columns(["video_id", "Key"], ID_COLUMN) == ["Key"]
    assert find_columns(["Key", "key"], ID_COLUMN) == ["key"]
    assert find_columns(["video_id"], ID_COLUMN) == []


@pytest.mark.usefixtures("id_column")
def test_a_named_column_that_no_file_has_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "videos.csv"
    table.write_text("thumbnail_link,title\nhttps://i.ytimg.com/vi/dQw4w9WgXcQ/default.jpg,A\n")
    with pytest.raises(InputError, match=r"videos\.csv: no column 'key', which .* names; found: "):
        read_schema([table], "auto")
    other = tmp_path / "others.csv"
    other.write_text("Key\ndQw4w9WgXcQ\n")
    assert read_schema([table, other], "auto").names == ["thumbnail_link", "title", "Key"]


@pytest.mark.parametrize("name", ["id", "link", "title", "channel", "description"])
def test_each_column_has_a_short_flag(name: str) -> None:
    words = ["CleanUp", f"--{name}-column", "key"]
    with CmdlineParser.global_instance(words, allow_override=True):
        assert getattr(settings.columns(), name) == "key"
