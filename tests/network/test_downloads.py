"""Transient failures are retried politely; for hostile servers see test_hostile_servers.py."""

import base64
import email.utils
import errno
import socket
import time
from pathlib import Path

import luigi
import pytest

from tests.conftest import Answer, Handler, Server, running
from tests.network.hostile import SelfSignedServer
from tests.network.test_addresses import Counting
from thumbnail_tasks.errors import HostDownError, SettingsError
from thumbnail_tasks.network.downloads import Downloader, HostPace

pytestmark = pytest.mark.usefixtures("quick_limits", "private_addresses")


def test_a_picture_is_downloaded_unchanged(server: Server, picture: bytes) -> None:
    result = Downloader().fetch(server.lay_down("/a.jpg", Answer(200, picture)))
    assert (result.status, result.image, result.http_status) == ("ok", picture, 200)


def test_a_404_with_a_picture_is_not_found(server: Server) -> None:
    result = Downloader().fetch(f"{server.url}/missing.jpg")
    assert (result.status, result.image, result.is_retriable) == ("not_found", None, False)
    assert server.count["/missing.jpg"] == 1


def test_a_500_is_retried(server: Server, picture: bytes) -> None:
    url = server.lay_down("/a.jpg", Answer(500), Answer(503), Answer(200, picture))
    assert Downloader().fetch(url).status == "ok"


def test_a_lasting_503_stays_retriable(server: Server) -> None:
    result = Downloader().fetch(server.lay_down("/a.jpg", Answer(503)))
    assert (result.status, result.http_status, result.is_retriable) == ("http_error", 503, True)
    assert server.count["/a.jpg"] == 3


def test_a_403_is_not_retried(server: Server) -> None:
    result = Downloader().fetch(server.lay_down("/a.jpg", Answer(403)))
    assert (result.status, result.is_retriable) == ("http_error", False)
    assert server.count["/a.jpg"] == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed(server: Server, picture: bytes, as_date: bool) -> None:
    wait = email.utils.formatdate(time.time() + 3, usegmt=True) if as_date else "1"
    url = server.lay_down(
        "/a.jpg", Answer(429, headers={"Retry-After": wait}), Answer(200, picture)
    )
    assert Downloader().fetch(url).status == "ok"
    (first, _), (second, _) = server.asked
    assert second - first >= 0.9


def test_a_retry_after_of_an_hour_is_left_to_the_next_run(server: Server) -> None:
    url = server.lay_down("/a.jpg", Answer(429, headers={"Retry-After": "3600"}))
    result = Downloader().fetch(url)
    assert (result.http_status, result.is_retriable) == (429, True)
    assert server.count["/a.jpg"] == 1


def test_a_closed_port_is_refused() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{closed.getsockname()[1]}"
        results = [Downloader().fetch(f"{host}/{name}.jpg") for name in ("a", "SSL", "unreachable")]
    assert {(result.status, result.is_retriable) for result in results} == {("refused", True)}


def test_an_unknown_host_is_unreachable() -> None:
    result = Downloader().fetch("http://no-such-host.invalid/a.jpg")
    assert (result.status, result.is_retriable) == ("unreachable", True)


def test_a_host_without_a_route_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_route(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", no_route)
    result = Downloader().fetch("http://127.0.0.1:9/a.jpg")
    assert (result.status, result.is_retriable) == ("unreachable", True)


def test_tls_that_fails_is_unreachable(server: Server) -> None:
    result = Downloader().fetch(server.url.replace("http:", "https:") + "/a.jpg")
    assert (result.status, result.is_retriable) == ("unreachable", True)


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


def test_connections_are_kept(picture: bytes) -> None:
    with running(counting := Counting(b"")):
        url = counting.lay_down("/a.jpg", Answer(200, picture))
        downloader = Downloader()
        assert [downloader.fetch(url).status for _ in range(5)] == ["ok"] * 5
    assert counting.n_connections == 1


def test_a_user_and_password_in_a_link_are_sent_to_its_host_only(server: Server) -> None:
    received: list[str | None] = []

    def listen(to: Handler) -> None:
        received.append(to.headers["Authorization"])
        Answer(404).send(to)

    url = server.lay_down("/a.jpg", Answer(custom=listen))
    downloader = Downloader()
    downloader.fetch(url.replace("//", "//me:s%40cret@"))
    downloader.fetch(url)
    assert received == [f"Basic {base64.b64encode(b'me:s@cret').decode()}", None]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_the_certificates_to_trust(
    monkeypatch: pytest.MonkeyPatch, name: str, picture: bytes
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, str(Path(__file__).with_name("self_signed.pem")))
    with running(own := SelfSignedServer()):
        result = Downloader().fetch(own.lay_down("/a.jpg", Answer(200, picture)))
    assert result.status == "ok", result.detail


def test_missing_certificates_are_an_error(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(SettingsError, match=r"expected certificates at /no/such/bundle\.pem"):
        Downloader().fetch(f"{server.url}/a.jpg")


def test_nothing_is_requested_once_a_host_is_down(
    server: Server, quick_limits: luigi.configuration.LuigiConfigParser
) -> None:
    quick_limits.set("thumbnails", "stop_after", "4")
    quick_limits.set("thumbnails", "retries", "0")
    down = server.lay_down("/a.jpg", Answer(503))
    gone = f"{server.url}/gone.jpg"
    downloader = Downloader()
    for url in (gone, down, gone, down, gone, down):
        downloader.fetch(url)
    with pytest.raises(HostDownError, match="HTTP 503"):
        downloader.fetch(down)
    n_asked = len(server.asked)
    with pytest.raises(HostDownError):
        downloader.fetch(gone)
    assert (n_asked, len(server.asked)) == (7, 7)


def test_stop_after_zero_is_refused(
    quick_limits: luigi.configuration.LuigiConfigParser,
) -> None:
    quick_limits.set("thumbnails", "stop_after", "0")
    with pytest.raises(SettingsError, match="stop_after: expected a whole number, 1 or more"):
        Downloader()
