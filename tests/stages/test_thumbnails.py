"""Downloading a shard: the stored picture or its status, and what a failing host leaves."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.conftest import Answer, Server
from tests.pictures.test_decoding import GREY, encoded
from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.network.downloads import Downloader, FetchResult
from thumbnail_tasks.stages.fetching import fetch_thumbnails

IDS = ["good", "gone", "late", "unasked", "better"]


def link(thumbnail_id: str) -> str:
    return f"http://pictures.example/{thumbnail_id}.png"


def shard() -> pa.Table:
    rows = [{"thumbnail_id": each, "url": link(each)} for each in IDS]
    return pa.Table.from_pylist(rows, schemas.SHARDS)


def test_finished_thumbnails_are_kept_when_a_host_goes_down(picture: bytes) -> None:
    results = {
        "good": FetchResult(link("good"), "ok", http_status=200, image=picture),
        "gone": FetchResult(link("gone"), "not_found", "HTTP 404", http_status=404),
        "late": FetchResult(link("late"), "timed_out", "no complete response", is_retriable=True),
        "better": FetchResult(link("better"), "ok", http_status=200, image=picture),
    }

    def fetch(url: str) -> FetchResult:
        if url == link("unasked"):
            raise HostDownError("pictures.example is down")
        return results[url.rpartition("/")[2].removesuffix(".png")]

    saved: list[pa.Table] = []
    with pytest.raises(HostDownError):
        fetch_thumbnails(shard(), fetch, 2, ignore, save_unfinished=saved.append)
    (unfinished,) = saved
    assert unfinished.schema == schemas.THUMBNAILS
    assert unfinished["thumbnail_id"].to_pylist() == ["good", "gone", "better"]
    assert unfinished["width_px"].to_pylist() == [480, None, 480]

    asked = []

    def recovered(url: str) -> FetchResult:
        asked.append(url)
        return FetchResult(url, "ok", http_status=200, image=picture)

    advanced: list[int] = []
    table = fetch_thumbnails(shard(), recovered, 1, advanced.append, unfinished=unfinished)
    assert asked == [link("late"), link("unasked")]
    assert table["thumbnail_id"].to_pylist() == IDS
    assert table["status"].to_pylist() == ["ok", "not_found", "ok", "ok", "ok"]
    assert table["image"].to_pylist() == [picture, None, picture, picture, picture]
    assert sum(advanced) == len(IDS)


def test_a_picture_of_the_placeholders_size_is_recognised_by_its_header(picture: bytes) -> None:
    """A file truncated after its header also counts: a smaller size may be complete."""
    placeholder = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\0\0\0\x78\0\0\0\x5a"
    asked = []

    def fetch(url: str) -> FetchResult:
        asked.append(url)
        is_small = url.endswith("mqdefault.jpg")
        return FetchResult(url, "ok", http_status=200, image=picture if is_small else placeholder)

    rows = [{"thumbnail_id": "a", "url": "http://h/vi/a/hqdefault.jpg"}]
    (row,) = fetch_thumbnails(
        pa.Table.from_pylist(rows, schemas.SHARDS), fetch, 1, ignore
    ).to_pylist()
    assert (row["status"], row["url"]) == ("ok", "http://h/vi/a/mqdefault.jpg")
    assert len(asked) == 2


def wanted(**row: str) -> pa.Table:
    return pa.Table.from_pylist([{"thumbnail_id": "a", **row}], schemas.SHARDS)


def fetch_one(shard: pa.Table, results: dict[str, FetchResult]) -> dict[str, object]:
    def fetch(url: str) -> FetchResult:
        return results.get(url, FetchResult(url, "not_found", http_status=404))

    rows: list[dict[str, object]] = fetch_thumbnails(shard, fetch, 2, ignore).to_pylist()
    (row,) = rows
    return row


def test_the_next_smaller_quality_is_taken_where_one_is_missing() -> None:
    small = "http://h/vi/a/mqdefault.jpg"
    results = {small: FetchResult(small, "ok", http_status=200, image=encoded(GREY))}
    row = fetch_one(wanted(url="http://h/vi/a/default.jpg"), results)
    assert (row["status"], row["url"], row["width_px"]) == ("ok", small, 160)


def test_a_placeholder_is_not_a_thumbnail() -> None:
    placeholder = encoded(np.full((90, 120, 3), 100, np.uint8), "JPEG")
    urls = [f"http://h/vi/a/{quality}.jpg" for quality in ("hqdefault", "mqdefault")]
    results = {url: FetchResult(url, "ok", http_status=200, image=placeholder) for url in urls}
    row = fetch_one(wanted(url=urls[0]), results)
    assert (row["status"], row["image"], row["http_status"]) == ("not_found", None, 404)
    smallest = "http://h/vi/a/default.jpg"
    results[smallest] = results[urls[0]]
    assert fetch_one(wanted(url=urls[0]), results)["status"] == "placeholder"
    real = encoded(np.full((90, 120, 3), 200, np.uint8), "JPEG")
    results[smallest] = FetchResult(smallest, "ok", http_status=200, image=real)
    assert fetch_one(wanted(url=urls[0]), results)["status"] == "ok"


def test_a_file_is_read_and_a_missing_or_damaged_one_has_its_status(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.png", tmp_path / "broken.jpg"
    good.write_bytes(encoded(GREY))
    broken.write_bytes(encoded(GREY)[:100])
    assert fetch_one(wanted(path=str(good)), {})["image"] == encoded(GREY)
    assert fetch_one(wanted(path=str(broken)), {})["status"] == "not_an_image"
    assert fetch_one(wanted(path=str(tmp_path / "no")), {})["status"] == "not_found"
    assert fetch_one(wanted(), {})["status"] == "not_found"


def test_many_thumbnails_keep_their_order(server: Server, picture: bytes) -> None:
    names = [f"{number:011}" for number in range(30)]
    for name in names[::2]:
        server.lay_down(f"/vi/{name}/hqdefault.jpg", Answer(200, picture))
    rows = [
        {"thumbnail_id": name, "url": f"{server.url}/vi/{name}/hqdefault.jpg"} for name in names
    ]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    completed: list[int] = []
    table = fetch_thumbnails(shard, Downloader().fetch, 8, completed.append)
    assert table["thumbnail_id"].to_pylist() == names
    assert table["status"].to_pylist() == ["ok", "not_found"] * 15
    assert sum(completed) == 30


@pytest.mark.parametrize("name", ["1.jpg", "2.jpg", "3.jpg", "1.jpg?sqp=x", "1.webp"])
def test_a_frame_of_the_placeholders_size_is_a_picture(name: str) -> None:
    url = f"http://h/vi/a/{name}"
    real = encoded(np.full((90, 120, 3), 200, np.uint8), "JPEG")
    results = {url: FetchResult(url, "ok", http_status=200, image=real)}
    assert fetch_one(wanted(url=url), results)["status"] == "ok"
