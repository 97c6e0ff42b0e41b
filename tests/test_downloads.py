"""Failures that may pass are tried again, politely; see test_hostile.py for all there are."""

import email.utils
import errno
import socket
import time

import pytest

from tests.conftest import Answer, Server
from thumbnail_tasks.downloads import Downloader, HostPace

pytestmark = pytest.mark.usefixtures("quick_limits", "private_addresses")


def test_a_picture_comes_as_it_is(server: Server, picture: bytes) -> None:
    answer = Downloader().fetch(server.lay_down("/a.jpg", Answer(200, picture)))
    assert (answer.status, answer.image, answer.http_status) == ("ok", picture, 200)


def test_a_404_with_a_picture_in_it_is_not_found(server: Server) -> None:
    answer = Downloader().fetch(f"{server.url}/missing.jpg")
    assert (answer.status, answer.image, answer.is_retriable) == ("not_found", None, False)
    assert server.count["/missing.jpg"] == 1


def test_a_500_is_tried_again(server: Server, picture: bytes) -> None:
    url = server.lay_down("/a.jpg", Answer(500), Answer(503), Answer(200, picture))
    assert Downloader().fetch(url).status == "ok"


def test_a_503_for_ever_stays_retriable(server: Server) -> None:
    answer = Downloader().fetch(server.lay_down("/a.jpg", Answer(503)))
    assert (answer.status, answer.http_status, answer.is_retriable) == ("http_error", 503, True)
    assert server.count["/a.jpg"] == 3


def test_a_403_is_not_tried_again(server: Server) -> None:
    answer = Downloader().fetch(server.lay_down("/a.jpg", Answer(403)))
    assert (answer.status, answer.is_retriable) == ("http_error", False)
    assert server.count["/a.jpg"] == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed(server: Server, picture: bytes, as_date: bool) -> None:
    wait = email.utils.formatdate(time.time() + 2, usegmt=True) if as_date else "1"
    url = server.lay_down(
        "/a.jpg", Answer(429, headers={"Retry-After": wait}), Answer(200, picture)
    )
    assert Downloader().fetch(url).status == "ok"
    (first, _), (second, _) = server.asked
    assert second - first >= 0.9


def test_a_retry_after_of_an_hour_is_left_to_the_next_run(server: Server) -> None:
    url = server.lay_down("/a.jpg", Answer(429, headers={"Retry-After": "3600"}))
    answer = Downloader().fetch(url)
    assert (answer.http_status, answer.is_retriable) == (429, True)
    assert server.count["/a.jpg"] == 1


def test_a_closed_port_is_refused() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{closed.getsockname()[1]}"
        answers = [Downloader().fetch(f"{host}/{name}.jpg") for name in ("a", "SSL", "unreachable")]
    assert {(answer.status, answer.is_retriable) for answer in answers} == {("refused", True)}


def test_an_unknown_host_is_unreachable() -> None:
    answer = Downloader().fetch("http://no-such-host.invalid/a.jpg")
    assert (answer.status, answer.is_retriable) == ("unreachable", True)


def test_a_host_without_a_route_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_route(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", no_route)
    answer = Downloader().fetch("http://127.0.0.1:9/a.jpg")
    assert (answer.status, answer.is_retriable) == ("unreachable", True)


def test_tls_that_fails_is_unreachable(server: Server) -> None:
    answer = Downloader().fetch(server.url.replace("http:", "https:") + "/a.jpg")
    assert (answer.status, answer.is_retriable) == ("unreachable", True)


def test_a_host_without_a_name_is_an_invalid_link() -> None:
    assert Downloader().fetch("http://.example./a.jpg").status == "invalid_link"


def test_requests_to_one_host_are_spaced() -> None:
    pace = HostPace(requests_per_second=50)
    started = time.monotonic()
    for _ in range(11):
        pace.wait("one")
    pace.wait("another")
    assert time.monotonic() - started >= 0.19


def test_a_held_host_waits_and_another_does_not() -> None:
    pace = HostPace(requests_per_second=1000)
    pace.hold("one", 0.3)
    started = time.monotonic()
    pace.wait("another")
    assert time.monotonic() - started < 0.2
    pace.wait("one")
    assert time.monotonic() - started >= 0.29
