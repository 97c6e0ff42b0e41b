"""Conditional requests: asked only where a server named a state, and only of the same address."""

import pytest

from tests.conftest import Answer, Handler, Server
from thumbnail_tasks.network.downloads import Downloader
from thumbnail_tasks.network.validators import Validators, read_validators

pytestmark = pytest.mark.usefixtures("quick_limits", "private_addresses")

DATE = "Sun, 01 Nov 2026 03:00:00 GMT"


def answer_conditionally(picture: bytes, sent: list[dict[str, str]], etag: str = '"1"') -> Answer:
    """As a server does that knows ETags; notes the conditions of each request."""

    def answer(to: Handler) -> None:
        names = ("If-None-Match", "If-Modified-Since")
        sent.append({name: to.headers[name] for name in names if to.headers[name]})
        if to.headers["If-None-Match"] == etag:
            Answer(304, headers={"ETag": etag}).send(to)
        else:
            Answer(200, picture, {"ETag": etag, "Last-Modified": DATE}).send(to)

    return Answer(custom=answer)


def test_the_validators_of_an_answer_are_sent_with_the_next_request(
    server: Server, picture: bytes
) -> None:
    sent: list[dict[str, str]] = []
    url = server.lay_down("/a.jpg", answer_conditionally(picture, sent))
    first = Downloader().fetch(url)
    assert (first.status, first.etag, first.last_modified) == ("ok", '"1"', DATE)
    second = Downloader().fetch(url, Validators(first.etag, first.last_modified))
    assert (second.status, second.http_status, second.image) == ("not_modified", 304, None)
    assert (second.etag, second.last_modified) == ('"1"', DATE)
    assert sent == [{}, {"If-None-Match": '"1"', "If-Modified-Since": DATE}]


def test_another_etag_brings_the_picture(server: Server, picture: bytes) -> None:
    url = server.lay_down("/a.jpg", answer_conditionally(picture, [], etag='W/"2"'))
    result = Downloader().fetch(url, Validators('"1"'))
    assert (result.status, result.etag, result.image) == ("ok", 'W/"2"', picture)


def test_a_304_that_was_not_asked_for_is_an_error(server: Server) -> None:
    result = Downloader().fetch(server.lay_down("/a.jpg", Answer(304)))
    assert (result.status, result.http_status) == ("http_error", 304)


def test_a_redirect_is_not_asked_with_the_validators_of_where_it_began(
    server: Server, picture: bytes
) -> None:
    sent: list[dict[str, str]] = []
    server.lay_down("/b.jpg", answer_conditionally(picture, sent))
    url = server.lay_down("/a.jpg", Answer(302, headers={"Location": "/b.jpg"}))
    result = Downloader().fetch(url, Validators('"1"', DATE))
    assert (result.status, result.image, result.etag) == ("ok", picture, None)
    assert sent == [{}]


@pytest.mark.parametrize(
    ("etag", "last_modified"),
    [
        ("unquoted", "x" * 65),
        ('"a"\r\n X: 1', f"{DATE}\r\n X: 1"),
        ('"a b"', "1970\x00"),
        (f'"{"x" * 257}"', ""),
    ],
)
def test_malformed_validators_are_left_out(etag: str, last_modified: str) -> None:
    headers = {"ETag": etag, "Last-Modified": last_modified}
    assert read_validators(headers) == Validators(None, None)


def test_the_time_of_the_answer_is_that_of_the_clock(
    server: Server, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1793502000.75)  # 2026-11-01 03:00:00.75 UTC
    result = Downloader().fetch(server.lay_down("/a.jpg", Answer(200, picture)))
    assert result.fetched_at
    assert result.fetched_at.isoformat() == "2026-11-01T03:00:00+00:00"
    missing = Downloader().fetch(f"{server.url}/missing.jpg")
    assert missing.fetched_at == result.fetched_at
