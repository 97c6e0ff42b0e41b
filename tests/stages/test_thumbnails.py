"""When a host fails, finished thumbnails are kept and the next run fetches the rest."""

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.network.downloads import FetchResult
from thumbnail_tasks.stages.thumbnails import fetch_thumbnails

IDS = ["good", "gone", "late", "unasked", "better"]


def link(thumbnail_id: str) -> str:
    return f"http://pictures.example/{thumbnail_id}.png"


def shard() -> pa.Table:
    rows = [{"thumbnail_id": each, "url": link(each)} for each in IDS]
    return pa.Table.from_pylist(rows, schemas.SHARDS)


def ignore(n: int) -> None:
    pass


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
