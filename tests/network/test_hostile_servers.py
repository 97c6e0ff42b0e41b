"""Whatever a server does, the row has a status within the time limit."""

import socket
import threading
import time
import tracemalloc

import luigi
import pyarrow as pa
import pytest

from tests.conftest import EXAMPLES, Answer, Handler, Server, running
from tests.network.hostile import HTML, MEGABYTE, Hostile, SelfSignedServer, lay_down, ways
from thumbnail_tasks import schemas
from thumbnail_tasks.network.downloads import Downloader
from thumbnail_tasks.stages.fetching import fetch_thumbnails

pytestmark = pytest.mark.usefixtures("private_addresses")

PICTURE = min((EXAMPLES / "images").glob("sample00*.jpg")).read_bytes()
WAYS = ways(PICTURE)
TIMEOUT_S = 0.6
ALLOWANCE_S = 2.0
"""For a machine that is busy with other work."""


@pytest.fixture(autouse=True)
def limits(
    quick_limits: luigi.configuration.LuigiConfigParser,
) -> luigi.configuration.LuigiConfigParser:
    quick_limits.set("thumbnails", "retries", "0")
    quick_limits.set("thumbnails", "read_timeout_s", "0.4")
    quick_limits.set("thumbnails", "total_timeout_s", str(TIMEOUT_S))
    return quick_limits


def fetch(*urls: str, concurrency: int = 1) -> list[dict[str, object]]:
    rows = [{"thumbnail_id": url, "url": url} for url in urls]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    table = fetch_thumbnails(shard, Downloader().fetch, concurrency, lambda n: None)
    assert table.schema == schemas.THUMBNAILS
    found: list[dict[str, object]] = table.to_pylist()
    assert [row["thumbnail_id"] for row in found] == list(urls)
    return found


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_every_kind_of_response_has_its_status_in_time(
    server: Server,
    limits: luigi.configuration.LuigiConfigParser,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    way: Hostile,
) -> None:
    for name, value in way.flags:
        limits.set("thumbnails", name, value)
    url = lay_down(server, "/a.jpg", way)
    started = time.monotonic()
    (row,) = fetch(url)
    assert time.monotonic() - started < TIMEOUT_S + ALLOWANCE_S
    assert (row["status"], row["is_retriable"]) == (way.status, way.is_retriable), row["detail"]
    if way.http_status:
        assert row["http_status"] == way.http_status
    is_ok = way.status == "ok"
    assert row["image"] == (PICTURE if is_ok else None)
    assert (row["detail"] is None) == is_ok
    assert is_ok or str(row["detail"]).isprintable()
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


def test_all_kinds_of_responses_together_give_their_statuses(
    server: Server, limits: luigi.configuration.LuigiConfigParser
) -> None:
    limits.set("thumbnails", "total_timeout_s", "1.5")
    limits.set("thumbnails", "retries", "2")  # one of them may be lost to a busy machine
    rows = fetch(*(lay_down(server, f"/{way.name}", way) for way in WAYS), concurrency=8)
    for way, row in zip(WAYS, rows, strict=True):
        # On a busy machine a response may be late, or a kept connection has just been closed.
        assert row["status"] in (way.status, "timed_out", "refused"), (way.name, row["detail"])


def test_a_self_signed_certificate_is_rejected(server: Server) -> None:
    with running(other := SelfSignedServer()):
        (row,) = fetch(other.lay_down("/a.jpg"))
    assert (row["status"], row["is_retriable"]) == ("unreachable", True)
    assert "certificate" in str(row["detail"])
    assert other.asked == []


def test_bytes_after_a_body_are_not_the_next_response(server: Server) -> None:
    (longer,) = (way for way in WAYS if way.name == "longer_than_promised")
    server.lay_down("/a.jpg", *longer.responses)
    server.lay_down("/b.jpg", *longer.responses)
    downloader = Downloader()
    for name in ("a", "b", "a"):
        assert downloader.fetch(f"{server.url}/{name}.jpg").image == PICTURE


def test_no_cookies_are_kept(server: Server) -> None:
    received: list[str | None] = []

    def listen(to: Handler) -> None:
        received.append(to.headers["Cookie"])
        Answer(200, HTML, {"Set-Cookie": "a=b; Path=/"}).send(to)

    url = server.lay_down("/a.jpg", Answer(custom=listen))
    downloader = Downloader()
    downloader.fetch(url)
    downloader.fetch(url)
    assert received == [None, None]


def test_compressed_bombs_are_not_decompressed(server: Server) -> None:
    bombs = [way for way in WAYS if "bomb" in way.name or "60_MB" in way.name]
    assert len(bombs) == 4
    downloader = Downloader()
    for way in bombs:
        url = lay_down(server, "/a.jpg", way)
        tracemalloc.start()
        downloader.fetch(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * MEGABYTE, way.name


def test_a_late_name_server_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: released.wait(5) and [])
    started = time.monotonic()
    (row,) = fetch("http://late.example/a.jpg")
    released.set()
    assert (row["status"], row["is_retriable"]) == ("timed_out", True)
    assert time.monotonic() - started < TIMEOUT_S + ALLOWANCE_S


def test_a_handshake_without_end_is_a_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        (row,) = fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/a.jpg")
    assert (row["status"], row["is_retriable"]) == ("timed_out", True)
    assert time.monotonic() - started < TIMEOUT_S + ALLOWANCE_S
