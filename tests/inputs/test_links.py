"""Invalid links and ids: each has a status, and no file of this machine is read."""

import os
import socket
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from tests.identified import want
from thumbnail_tasks import schemas
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.inputs.picture_folders import list_pictures
from thumbnail_tasks.network.downloads import Downloader, FetchResult
from thumbnail_tasks.stages.checks import LISTED
from thumbnail_tasks.stages.fetching import fetch_thumbnails, read_picture
from thumbnail_tasks.stages.known import known_thumbnails
from thumbnail_tasks.stages.plan import plan_thumbnails

ID = "2kyS6SvSYSE"

NO_LINKS = [
    *("javascript:alert(1)", "JavaScript://example.com/%0aalert(1)", "file:///etc/passwd"),
    *("file://localhost/etc/passwd", "data:image/png;base64,AAAA", "ftp://example.com/a.jpg"),
    *("gopher://example.com/_", "dict://example.com/", "/etc/passwd"),
    *("../../etc/passwd", "\\\\host\\share\\a.jpg", "C:\\a.jpg", "http://", "http:///a.jpg"),
    *(
        "http:a.jpg",
        "https//example.com",
        "http://?a",
        "http://#a",
        "view-source:http://example.com/",
    ),
    *("http://exa\x00mple.com/a.jpg", "http://example.com/\x00", "http://example.com/a\nb.jpg"),
    *("http://example.com/a\r\nHost: 127.0.0.1\r\n\r\nb", "http://example.com/\x1b[2J"),
    *("http://example.com\t/a.jpg", "http://example.com/\x7f", "http://example.com/\x85a"),
    *(
        "http://ex ample.com/",
        "=cmd|' /C calc'!A0",
        "NaN",
        "null",
        "-",
        "http://example.com/" + "a" * 9000,
    ),
    "data:image/jpeg;base64," + "A" * 100_000,
]
"""Links that are never requested."""

BAD_HOSTS = [
    *("http://[a/", "http://[::1/", "http://]/", "http://a:b/", "http://a:99999/", "http://*/"),
    *(
        "http://.a/",
        "http://a..b/",
        f"http://{'a' * 64}.example/",
        "http://ℋ℀.example/",
        "http://%00/",
    ),
    *("http://[::1]a/", "http://[v1.a]/", "http://xn--/", "http://\\a/", "http://a\\@b:c/"),
]
"""Links without a valid host."""

IDS = [
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "a/../../secret",
        "./secret",
        "secret/../secret",
    ),
    *(
        "..\\secret",
        "secret\x00",
        "\x00",
        "%2e%2e%2fsecret",
        "~/secret",
        "C:secret",
        "secret.jpg/.",
    ),
    *(
        "a" * 5000,
        "*",
        "?",
        "[a-z]",
        "$HOME",
        "`id`",
        "$(id)",
        "; ls",
        "\n",
        "\u202e",
        "CON",
        "-",
        "=1+1",
    ),
]
"""Video ids that look like paths; ``secret`` is beside the folder of pictures."""

NOTHING_KNOWN = known_thumbnails("no/such/folder", "none")


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Every path that a test opens, but for modules that Python imports meanwhile."""
    paths: list[str] = []
    is_watching = True
    # Threads, not their identifiers: that of a thread that has ended is given to the next one.
    of_others = set(threading.enumerate()) - {threading.current_thread()}
    of_python = tuple({sysconfig.get_path(name) for name in ("stdlib", "platlib", "purelib")})

    def notice(event: str, about: tuple[Any, ...]) -> None:
        if not is_watching or event not in ("open", "os.listdir", "os.scandir"):
            return
        path = os.fsdecode(about[0]) if isinstance(about[0], str | bytes) else str(about[0])
        is_import = path.startswith(of_python)
        if threading.current_thread() not in of_others and not is_import:
            paths.append(path)

    Image.preinit()  # otherwise Pillow's own files would be recorded
    sys.addaudithook(notice)  # it cannot be removed
    yield paths
    is_watching = False


def videos(links: Sequence[str | None], ids: Sequence[str | None]) -> pa.Table:
    text = pa.string()
    return pa.table({"thumbnail_link": pa.array(links, text), "video_id": pa.array(ids, text)})


def rows_of(table: pa.Table, images_dir: Path | None, asked: list[str]) -> list[dict[str, Any]]:
    """The output of the first stages for a table, called as by their tasks."""
    pictures = list_pictures(str(images_dir)) if images_dir else None
    _, shard = plan_thumbnails(want(table, pictures), NOTHING_KNOWN, LISTED.empty_table())

    def fetch(url: str) -> FetchResult:
        asked.append(url)
        return FetchResult(url, "not_found", "HTTP 404", http_status=404)

    fetched = fetch_thumbnails(shard, fetch, 4, lambda n: None)
    assert fetched.schema == schemas.THUMBNAILS
    by_id = {row["thumbnail_id"]: row for row in fetched.to_pylist()}
    meant = thumbnail_sources.identify_thumbnails(table, images_dir is not None).to_pylist()
    return [by_id.get(row["thumbnail_id"], row) for row in meant]


@pytest.fixture
def images_dir(tmp_path: Path, picture: bytes) -> Path:
    """A folder with one picture, and a picture outside of it that must not be read."""
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / f"{ID}.jpg").write_bytes(picture)
    (tmp_path / "secret.jpg").write_bytes(picture)
    (tmp_path / "secret").write_bytes(picture)
    return folder


@pytest.mark.parametrize("link", NO_LINKS)
def test_an_invalid_link_is_not_requested(link: str, opened: list[str]) -> None:
    asked: list[str] = []
    opened.clear()
    (row,) = rows_of(videos([link], [None]), None, asked)
    assert row["status"] == ("no_link" if link in ("NaN", "null", "-") else "invalid_link")
    assert (asked, opened) == ([], [])


@pytest.mark.parametrize("link", BAD_HOSTS)
def test_a_link_without_a_host_gets_a_status(
    quick_limits: Any, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    def no_such_host(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    quick_limits.set("thumbnails", "retries", "0")
    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    result = Downloader().fetch(link)
    assert result.status in ("invalid_link", "unreachable"), result.detail
    assert result.image is None


@pytest.mark.parametrize("video_id", IDS)
def test_an_id_is_never_a_path(
    images_dir: Path, video_id: str, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images_dir)
    opened.clear()
    asked: list[str] = []
    table = videos([None, None], [video_id, ID])
    bad, good = rows_of(table, images_dir, asked)
    assert good["status"] == "ok"
    assert bad["status"] in ("not_found", "no_link")
    elsewhere = [path for path in opened if not Path(path).is_relative_to(images_dir)]
    assert (asked, elsewhere) == ([], [])
    assert set(opened) == {str(images_dir), str(images_dir / f"{ID}.jpg")}


@pytest.mark.parametrize("video_id", IDS)
def test_an_id_is_never_an_address(video_id: str, opened: list[str]) -> None:
    asked: list[str] = []
    opened.clear()
    (row,) = rows_of(videos([None], [video_id]), None, asked)
    assert row["status"] in ("invalid_link", "no_link")
    assert (asked, opened) == ([], [])


def test_text_around_a_youtube_id_is_not_requested() -> None:
    asked: list[str] = []
    links = [
        f"https://i.ytimg.com/vi/{ID}/../../../etc/passwd",
        f"https://i.ytimg.com/vi/{ID}/\x00\r\nHost: 127.0.0.1",
    ]
    rows_of(videos(links, [None, None]), None, asked)
    assert {url.rpartition("/")[0] for url in asked} == {f"https://i.ytimg.com/vi/{ID}"}


def test_spaces_around_a_link_and_letters_of_any_script_in_it_are_fine() -> None:
    asked: list[str] = []
    rows_of(videos([" http://exämple.com/ä b😀.jpg \n"], [None]), None, asked)
    assert asked == ["http://exämple.com/ä b😀.jpg"]


def test_a_special_file_does_not_block(images_dir: Path) -> None:
    os.mkfifo(images_dir / "pipe.jpg")
    (images_dir / "folder.jpg").mkdir()
    (images_dir / "nowhere.jpg").symlink_to("no/such/file")
    (images_dir / "ring.jpg").symlink_to("ring.jpg")
    table = videos([None] * 5, ["pipe", "folder", "nowhere", "ring", ID])
    rows = rows_of(table, images_dir, [])
    assert [row["status"] for row in rows] == [*["not_found"] * 4, "ok"]


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/tty", "a\0b", "", "a" * 5000, "/proc/self/mem"]
)
def test_a_path_that_is_no_picture_gets_a_status(path: str) -> None:
    assert read_picture(path, 1000).status == "not_found"
