"""Which thumbnail a row names, and where it is."""

from pathlib import Path

import luigi
import pyarrow as pa
import pytest

from thumbnail_tasks.errors import InputError, SettingsError
from thumbnail_tasks.inputs import thumbnail_sources

LINK = "https://i.ytimg.com/vi/{}/default.jpg"
ID, OTHER_ID = "2kyS6SvSYSE", "-abc_DEF012"


@pytest.mark.parametrize(
    ("link", "video_id", "expected"),
    [
        (LINK.format(ID), ID, (ID, None, None)),
        (LINK.format(ID), OTHER_ID, (ID, None, None)),
        (f"  http://i3.ytimg.com/vi/{ID}/hqdefault.jpg?x=1 ", None, (ID, None, None)),
        (f"https://img.youtube.com/vi_webp/{ID}/0.webp", None, (ID, None, None)),
        (None, OTHER_ID, (OTHER_ID, None, None)),
        ("", f" {ID} ", (ID, None, None)),
        (None, "../../etc/passwd", (None, None, "invalid_link")),
        ("file:///etc/passwd", None, (None, None, "invalid_link")),
        ("javascript:alert(1)", ID, (None, None, "invalid_link")),
        ("", None, (None, None, "no_link")),
        (None, None, (None, None, "no_link")),
    ],
)
def test_a_row_names_its_thumbnail(
    link: str | None, video_id: str | None, expected: tuple[str | None, ...]
) -> None:
    videos = pa.table(
        {
            "thumbnail_link": pa.array([link], pa.string()),
            "video_id": pa.array([video_id], pa.string()),
        }
    )
    (row,) = thumbnail_sources.identify_thumbnails(videos, from_folder=False).to_pylist()
    assert tuple(row.values()) == expected


def test_sizes_on_another_host_are_one_thumbnail_and_hosts_are_not() -> None:
    links = [
        "http://one/vi/abc/default.jpg",
        "http://one/vi/abc/hqdefault.jpg",
        "http://two/vi/abc/default.jpg",
        "http://two/picture.png",
    ]
    rows = thumbnail_sources.identify_thumbnails(
        pa.table({"thumbnail_link": links}), from_folder=False
    )
    first, same, other, plain = rows["thumbnail_id"].to_pylist()
    assert first == same
    assert len({first, other, plain}) == 3
    assert rows["url"].to_pylist() == links


def test_in_a_folder_the_links_id_counts_before_the_rows_id() -> None:
    videos = pa.table(
        {
            "thumbnail_link": [LINK.format(ID), "", "http://a/b"],
            "video_id": ["#NAME?", "mine", None],
        }
    )
    rows = thumbnail_sources.identify_thumbnails(videos, from_folder=True)
    assert rows["thumbnail_id"].to_pylist() == [ID, "mine", None]
    assert rows["status"].to_pylist() == [None, None, "invalid_link"]


def test_the_wanted_quality_comes_first_and_then_the_smaller() -> None:
    urls = thumbnail_sources.urls_by_quality(
        "http://host/vi/abc/default.jpg", thumbnail_sources.wanted_qualities()
    )
    assert urls == [f"http://host/vi/abc/{q}.jpg" for q in ("hqdefault", "mqdefault", "default")]
    assert thumbnail_sources.urls_by_quality("http://host/a.jpg", ("default",)) == [
        "http://host/a.jpg"
    ]


def test_an_unknown_quality_is_named() -> None:
    config = luigi.configuration.get_config()
    config.set("thumbnails", "quality", "huge")
    try:
        with pytest.raises(SettingsError, match=r"expected one of maxresdefault.*found: 'huge'"):
            thumbnail_sources.source_tag("")
    finally:
        config.remove_section("thumbnails")


def test_pictures_are_found_by_both_namings(tmp_path: Path) -> None:
    names = [
        f"{ID}.webp",
        f"{ID}.jpg",
        "-tBy2jemw4s.JPEG",
        f"https:i.ytimg.comvi{OTHER_ID}hqdefault.jpg",
        "https_i.ytimg.comvi_________ab"[:30] + "default.jpg",
        "notes.txt",
    ]
    for name in names:
        (tmp_path / name).touch()
    found = thumbnail_sources.list_pictures(str(tmp_path))
    assert {video_id: Path(picture.path).name for video_id, picture in found.items()} == {
        ID: f"{ID}.jpg",
        "-tBy2jemw4s": "-tBy2jemw4s.JPEG",
        OTHER_ID: f"https:i.ytimg.comvi{OTHER_ID}hqdefault.jpg",
        "_________ab": "https_i.ytimg.comvi_________abdefault.jpg",
    }


def test_a_folder_without_pictures_is_reported_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "hqdefault").mkdir()
    with pytest.raises(InputError, match=r"found none, but folders: hqdefault"):
        thumbnail_sources.list_pictures(str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--images-dir .*no: expected a folder of pictures"):
        thumbnail_sources.list_pictures(str(tmp_path / "no"))
