"""Which thumbnail a row names, and where it is."""

from typing import Any

import luigi
import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.inputs import thumbnail_sources

LINK = "https://i.ytimg.com/vi/{}/default.jpg"
ID, OTHER_ID = "2kyS6SvSYSE", "-abc_DEF012"


def identify(link: str | None, video_id: str | None, *, from_folder: bool) -> dict[str, Any]:
    text = pa.string()
    videos = pa.table(
        {"thumbnail_link": pa.array([link], text), "video_id": pa.array([video_id], text)}
    )
    table = thumbnail_sources.identify_thumbnails(videos, from_folder)
    assert table.schema == schemas.THUMBNAIL_IDS
    row: dict[str, Any] = table.to_pylist()[0]
    return row


@pytest.mark.parametrize("from_folder", [False, True])
@pytest.mark.parametrize(
    ("link", "video_id", "thumbnail_id", "status"),
    [
        (LINK.format(ID), ID, ID, None),
        (LINK.format(ID), OTHER_ID, ID, None),
        (f"  http://i3.ytimg.com/vi/{ID}/hqdefault.jpg?x=1 ", None, ID, None),
        (f"https://img.youtube.com/vi_webp/{ID}/0.webp", None, ID, None),
        (f"https://i.ytimg.com/vi/{ID}/hqdefault.jpg?sqp=-oay&rs=AOn4", None, ID, None),
        (None, OTHER_ID, OTHER_ID, None),
        ("", f" {ID} ", ID, None),
        (None, f"'{OTHER_ID}", OTHER_ID, None),
        ("file:///etc/passwd", None, None, "invalid_link"),
        ("javascript:alert(1)", ID, ID, None),
        ("", None, None, "no_link"),
        (None, None, None, "no_link"),
    ],
)
def test_a_row_names_its_thumbnail(
    from_folder: bool,
    link: str | None,
    video_id: str | None,
    thumbnail_id: str | None,
    status: str | None,
) -> None:
    row = identify(link, video_id, from_folder=from_folder)
    assert (row["thumbnail_id"], row["status"], row["url"]) == (thumbnail_id, status, None)


PAGES = (
    "https://www.youtube.com/watch?v={}",
    "http://youtube.com/watch?v={}&t=10s",
    "https://m.youtube.com/watch?app=desktop&v={}",
    "https://music.youtube.com/watch?v={}&list=PL1",
    "www.youtube.com/watch?feature=share&v={}#t=1",
    "youtube.com/watch?a=b&amp;v={}",
    "HTTPS://WWW.YouTube.com/watch/?v={}",
    "https://youtu.be/{}",
    "youtu.be/{}?si=x",
    "//youtu.be/{}",
    "https://www.youtube.com/shorts/{}",
    "https://youtube.com/shorts/{}?feature=share",
    "https://www.youtube.com/embed/{}?autoplay=1",
    "https://www.youtube-nocookie.com/embed/{}",
    "https://www.youtube.com/live/{}?si=x",
    "https://www.youtube.com/v/{}",
    "https://www.youtube.com/e/{}/",
    "yt:video:{}",
)
"""Addresses of a video's page, player or entry in a feed."""


@pytest.mark.parametrize("video_id", [ID, OTHER_ID])
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("from_folder", [False, True])
def test_the_address_of_a_video_is_its_id_in_either_column(
    page: str, video_id: str, from_folder: bool
) -> None:
    for link, own in [(None, page.format(video_id)), (page.format(video_id), None)]:
        row = identify(link, own, from_folder=from_folder)
        assert (row["thumbnail_id"], row["url"], row["status"]) == (video_id, None, None)


@pytest.mark.parametrize(
    "page",
    [
        "https://www.youtube.com/channel/UCabcdefghij",
        "https://www.youtube.com/@abcdefghij1",
        "https://www.youtube.com/playlist?list=PLabcdefghij",
        "https://www.youtube.com/watch?v=tooshort",
        "https://www.youtube.com/watch?v=abcdefghij12",
        "https://notyoutube.com/watch?v=abcdefghij1",
        "https://youtube.com.evil.example/watch?v=abcdefghij1",
        "https://evil.example/youtu.be/abcdefghij1",
    ],
)
def test_another_address_is_no_id(page: str) -> None:
    row = identify(None, page, from_folder=False)
    assert (row["thumbnail_id"], row["status"]) == (None, "invalid_link")
    assert not str(identify(page, None, from_folder=False)["thumbnail_id"]).startswith("abc")


@pytest.mark.parametrize("from_folder", [False, True])
@pytest.mark.parametrize(
    "link", ["nan", "NaN", "None", "null", "N/A", "#N/A", "<NA>", "undefined", "-", "[]", "{}", " "]
)
def test_a_link_that_says_nothing_is_blank(link: str, from_folder: bool) -> None:
    assert identify(link, ID, from_folder=from_folder)["thumbnail_id"] == ID
    assert identify(link, None, from_folder=from_folder)["status"] == "no_link"
    assert identify(link, link, from_folder=from_folder)["status"] == "no_link"


@pytest.mark.parametrize("from_folder", [False, True])
@pytest.mark.parametrize(
    "link",
    [
        "{'default': {'url': 'https://i.ytimg.com/vi/zzzzzzzzzz9/default.jpg'}}",
        "thumbs/a.jpg",
        "a.jpg",
        "C:\\a.jpg",
        "no thumbnail",
        "ftp://example.com/a.jpg",
        "data:image/png;base64,AAAA",
        "http://",
        "https//example.com/a.jpg",
    ],
)
def test_a_link_that_is_none_leaves_the_rows_own_id(link: str, from_folder: bool) -> None:
    assert identify(link, ID, from_folder=from_folder)["thumbnail_id"] == ID
    row = identify(link, None, from_folder=from_folder)
    assert (row["thumbnail_id"], row["url"], row["status"]) == (None, None, "invalid_link")


@pytest.mark.parametrize("start", ["", "//", "https://"])
def test_a_link_without_a_scheme_is_completed(start: str) -> None:
    youtube = identify(f"{start}i.ytimg.com/vi/{ID}/hqdefault.jpg", None, from_folder=False)
    assert (youtube["thumbnail_id"], youtube["url"]) == (ID, None)
    other = identify(f"{start}cdn.example.com:8080/a.jpg", None, from_folder=False)
    assert other["url"] == "https://cdn.example.com:8080/a.jpg"
    whole = identify("https://cdn.example.com:8080/a.jpg", None, from_folder=False)
    assert whole["thumbnail_id"] == other["thumbnail_id"]


OTHER_PICTURES = {
    "vi/{}/1.jpg": "-1",
    "vi/{}/3.jpg": "-3",
    "vi/{}/hq1.jpg": "-hq1",
    "vi/{}/maxres2.jpg": "-maxres2",
    "vi/{}/oar2.jpg?sqp=abc&rs=def": "-oar2",
    "vi/{}/hq720.jpg": "-hq720",
    "vi/{}/frame0.jpg": "-frame0",
    "vi/{}/hqdefault_live.jpg": "-hqdefault_live",
    "vi/{}/maxresdefault_custom_1.jpg": "-maxresdefault_custom_1",
    "vi_webp/{}/oar2.webp": "-oar2",
    "vi_lc/{}/hqdefault_fr.jpg": "-vi_lc-hqdefault_fr",
    "an_webp/{}/mqdefault_6s.webp?du=3000&sqp=x": "-an_webp-mqdefault_6s",
}
"""Addresses of pictures of a video that are not its thumbnail, and the end of their ids."""


@pytest.mark.parametrize("host", ["https://i.ytimg.com", "http://img.youtube.com", "//i.ytimg.com"])
@pytest.mark.parametrize(("path", "ending"), OTHER_PICTURES.items())
def test_another_picture_of_a_video_is_a_thumbnail_of_its_own_fetched_as_named(
    host: str, path: str, ending: str
) -> None:
    row = identify(f"{host}/{path.format(ID)}", OTHER_ID, from_folder=False)
    assert (row["thumbnail_id"], row["status"]) == (f"{ID}{ending}", None)
    assert thumbnail_sources.address_of(row["url"]) == f"https://i.ytimg.com/{path.format(ID)}"
    assert thumbnail_sources.urls_by_quality(row["url"], ("hqdefault", "default")) == [row["url"]]


def test_another_picture_of_a_video_comes_from_the_mirror_too() -> None:
    config = luigi.configuration.get_config()
    config.set("thumbnails", "url_template", "http://mirror:1/yt/vi/{video_id}/{quality}.jpg")
    try:
        for path in OTHER_PICTURES:
            link = f"https://i.ytimg.com/{path.format(ID)}"
            expected = f"http://mirror:1/yt/{path.format(ID)}"
            assert thumbnail_sources.address_of(link) == expected
        assert thumbnail_sources.address_of("http://a.example/b.jpg") == "http://a.example/b.jpg"
    finally:
        config.remove_section("thumbnails")


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


@pytest.mark.parametrize(
    ("link", "own", "available", "chosen"),
    [
        (LINK.format(ID), OTHER_ID, [ID, OTHER_ID], ID),
        (LINK.format(ID), OTHER_ID, [OTHER_ID], OTHER_ID),
        (LINK.format(ID), OTHER_ID, [], ID),
        (LINK.format(ID), "#NAME?", [ID], ID),
        (LINK.format(ID), "mine", ["mine"], "mine"),
        (LINK.format(ID), f"https://youtu.be/{OTHER_ID}", [OTHER_ID], OTHER_ID),
        ("", "mine", ["mine"], "mine"),
        ("http://a.example/b.jpg", "mine", [], "mine"),
        (f"https://i.ytimg.com/vi/{ID}/oar2.jpg", None, [ID], ID),
        (f"https://i.ytimg.com/vi/{ID}/oar2.jpg", ID, [ID, f"{ID}-oar2"], f"{ID}-oar2"),
        ("http://a.example/b.jpg", None, [], None),
    ],
)
def test_in_a_folder_the_rows_own_id_counts_where_the_links_has_no_picture(
    link: str, own: str | None, available: list[str], chosen: str | None
) -> None:
    text = pa.string()
    videos = pa.table({"thumbnail_link": pa.array([link], text), "video_id": pa.array([own], text)})
    ids = thumbnail_sources.identify_thumbnails(videos, from_folder=True)
    found = thumbnail_sources.choose_ids(ids, pa.array(available, text))
    assert found.to_pylist() == [chosen]


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
