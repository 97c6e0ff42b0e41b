"""No connection to a private address, whatever a link, redirect or name says."""

import socket
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from tests.conftest import Answer, Server, running
from tests.network.hostile import redirect
from thumbnail_tasks import schemas, settings
from thumbnail_tasks.network.addresses import is_public
from thumbnail_tasks.network.downloads import Downloader
from thumbnail_tasks.stages.fetching import fetch_thumbnails

PUBLIC_V4 = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

PRIVATE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255"),
    *("192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16"),
    *("192.0.0.192", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::1"),
    *("2002:a9fe:a9fe::", "2001:0:7f00:1::", "2001:db8::1", "100::1", "3fff::1", "5f00::1"),
]
PUBLIC = [
    *(PUBLIC_V4, PUBLIC_V6, "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "169.253.0.1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:4860:4860::8888"),
]

SPELLINGS = [
    *("127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1"),
    *("0177.0.0.1", "017700000001", "127.0.0.1.", "127.000.000.001", "localhost", "LOCALHOST."),
    *("a@127.0.0.1", "example.com:80@127.0.0.1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1"),
    *(
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
    ),
    *("%31%32%37.0.0.1", "[fe80::1%25lo]", "169.254.169.254", "[fd00:ec2::254]"),
]
NO_HOSTS = {"①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127.000.000.001", "[fe80::1%25lo]"}
"""Spellings that need not be recognised as addresses."""


class Counting(Server):
    """Counts its connections, including those without a request."""

    n_connections = 0

    def get_request(self) -> Any:
        self.n_connections += 1
        return super().get_request()


class CountingV6(Counting):
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.server_address = ("::1", 0)
        super().server_bind()


@pytest.fixture
def private() -> Iterator[Counting]:
    """A server that must never be reached."""
    with running(listener := Counting(b"secret")):
        yield listener
    assert (listener.n_connections, listener.asked) == (0, [])


class Internet:
    """Results of name resolution, in turn; public addresses lead to a server on this machine."""

    def __init__(self, public: Server) -> None:
        self.public = public
        self.names: dict[str, list[list[str]]] = {}
        self.looked_up: list[str] = []

    def link(self, host: str, path: str = "/a.jpg") -> str:
        return f"http://{host}:{self.public.server_address[1]}{path}"

    def resolve_to(self, name: str, *results: list[str]) -> str:
        self.names[name] = list(results)
        return self.link(name)


@pytest.fixture
def internet(
    quick_limits: object, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Internet]:
    with running(public := Counting(picture)):
        internet = Internet(public)
        look_up, connect = socket.getaddrinfo, socket.socket.connect

        def fake_look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host not in internet.names:
                return look_up(host, port, *args, **kwargs)
            internet.looked_up.append(host)
            results = internet.names[host]
            addresses = results.pop(0) if len(results) > 1 else results[0]
            return [
                found for address in addresses for found in look_up(address, port, *args, **kwargs)
            ]

        def fake_connect(self: socket.socket, address: Any) -> None:
            if address[0] in (PUBLIC_V4, PUBLIC_V6):
                address = public.server_address
            connect(self, address)

        monkeypatch.setattr(socket, "getaddrinfo", fake_look_up)
        monkeypatch.setattr(socket.socket, "connect", fake_connect)
        yield internet


@pytest.fixture
def pictures_example(internet: Internet, picture: bytes) -> str:
    """The link of a public picture."""
    internet.public.lay_down("/a.jpg", Answer(200, picture))
    return internet.resolve_to("pictures.example", [PUBLIC_V4])


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_recognised(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_recognised(address: str) -> None:
    assert is_public(address)


def test_a_public_picture_is_fetched(pictures_example: str, picture: bytes) -> None:
    result = Downloader().fetch(pictures_example)
    assert (result.status, result.image) == ("ok", picture)


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_private_address_is_not_reached_in_any_spelling(
    quick_limits: object, private: Counting, host: str
) -> None:
    result = Downloader().fetch(f"http://{host}:{private.server_address[1]}/a.jpg")
    expected = {"blocked_address"} | (
        {"unreachable", "invalid_link"} if host in NO_HOSTS else set()
    )
    assert result.status in expected, result.detail
    assert not result.is_retriable or host in NO_HOSTS


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_private_address_is_not_reached_through_a_redirect(
    internet: Internet, private: Counting, pictures_example: str, host: str
) -> None:
    location = f"http://{host}:{private.server_address[1]}/a.jpg"
    internet.public.lay_down("/a.jpg", redirect(location.encode().decode("latin-1")))
    result = Downloader().fetch(pictures_example)
    if host in NO_HOSTS:
        assert result.status in ("blocked_address", "unreachable", "http_error"), result.detail
    else:
        assert (result.status, result.http_status) == ("blocked_address", 302), result.detail
    assert internet.public.count["/a.jpg"] >= 1


def test_a_private_address_is_not_reached_through_the_last_of_several_redirects(
    internet: Internet, private: Counting, pictures_example: str
) -> None:
    last = private.url + "/a.jpg"
    for path, location in (("/a.jpg", "/b.jpg"), ("/b.jpg", "/c.jpg"), ("/c.jpg", last)):
        internet.public.lay_down(path, redirect(location))
    assert Downloader().fetch(pictures_example).status == "blocked_address"
    assert internet.public.count["/c.jpg"] == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_a_private_address_is_not_reached_through_a_name(
    internet: Internet, private: Counting, scheme: str, address: str
) -> None:
    internet.resolve_to("inner.example", [address])
    port = private.server_address[1]
    result = Downloader().fetch(f"{scheme}://inner.example:{port}/a.jpg")
    assert (result.status, result.is_retriable) == ("blocked_address", False)
    assert address in str(result.detail)


def has_ipv6() -> bool:
    try:
        CountingV6(b"").server_close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_a_private_address_is_not_reached_over_ipv6(quick_limits: object) -> None:
    listener = CountingV6(b"secret")
    with running(listener):
        port = listener.server_address[1]
        hosts = ("[::1]", "localhost", "[0::0001]")
        found = [Downloader().fetch(f"http://{host}:{port}/a.jpg").status for host in hosts]
    assert found == ["blocked_address"] * 3
    assert listener.n_connections == 0


def test_a_name_is_resolved_once_per_connection(
    internet: Internet, private: Counting, picture: bytes
) -> None:
    """The address that was checked is the one that is connected to."""
    internet.public.lay_down("/a.jpg", Answer(200, picture, {"Connection": "close"}))
    link = internet.resolve_to("rebinding.example", [PUBLIC_V4], ["127.0.0.1"])
    downloader = Downloader()
    assert downloader.fetch(link).status == "ok"
    assert internet.looked_up == ["rebinding.example"]
    result = downloader.fetch(f"http://rebinding.example:{private.server_address[1]}/a.jpg")
    assert result.status == "blocked_address"


def test_a_name_that_changes_between_redirects_is_checked_again(
    internet: Internet, private: Counting
) -> None:
    link = internet.resolve_to("rebinding.example", [PUBLIC_V4], ["127.0.0.1"])
    elsewhere = f"http://rebinding.example:{private.server_address[1]}/a.jpg"
    internet.public.lay_down("/a.jpg", redirect(elsewhere))
    assert Downloader().fetch(link).status == "blocked_address"
    assert internet.looked_up == ["rebinding.example"] * 2


def test_of_several_addresses_only_the_public_are_tried(
    internet: Internet, private: Counting, picture: bytes
) -> None:
    internet.public.lay_down("/a.jpg", Answer(200, picture))
    link = internet.resolve_to(
        "both.example", ["127.0.0.1", "10.0.0.1", PUBLIC_V4, "169.254.169.254"]
    )
    assert Downloader().fetch(link).status == "ok"


def test_a_configured_proxy_may_have_a_private_address(
    internet: Internet, private: Counting, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(proxy := Counting(b"")):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        proxy.lay_down("http://pictures.example/a.jpg", Answer(200, picture))
        forwarded = ("http://pictures.example/a.jpg",)
        assert [Downloader().fetch(link).status for link in forwarded] == ["ok"]
        port = private.server_address[1]
        hosts = (
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "[::ffff:127.0.0.1]",
            "localhost.",
            "a.localhost",
        )
        for host in hosts:
            result = Downloader().fetch(f"http://{host}:{port}/a.jpg")
            assert result.status == "blocked_address", host
        assert [path for _, path in proxy.asked] == list(forwarded)


def test_https_goes_through_the_connect_method_of_a_proxy(
    quick_limits: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(proxy := Counting(b"")):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        result = Downloader().fetch("https://pictures.example/a.jpg")
    assert (result.status, result.is_retriable) == ("refused", True)
    assert "Tunnel connection failed: 501" in str(result.detail)
    assert proxy.n_connections == 3


def test_a_socks_proxy_is_not_ignored(
    quick_limits: object, private: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{private.server_address[1]}")
    result = Downloader().fetch(f"http://{PUBLIC_V4}/a.jpg")
    assert (result.status, result.is_retriable) == ("refused", True)
    assert "not an HTTP proxy" in str(result.detail)


def test_private_addresses_can_be_allowed(
    quick_limits: object, server: Server, picture: bytes
) -> None:
    there = server.lay_down("/b.jpg", Answer(200, picture))
    assert Downloader().fetch(server.lay_down("/a.jpg", redirect(there))).status == "ok"


def test_a_blocked_address_gets_a_status_and_other_rows_are_done(
    internet: Internet, private: Counting, pictures_example: str
) -> None:
    links = [pictures_example, private.url + "/a.jpg", pictures_example]
    rows = [{"thumbnail_id": str(nth), "url": link} for nth, link in enumerate(links)]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    table = fetch_thumbnails(shard, Downloader().fetch, 2, lambda n: None)
    assert table["status"].to_pylist() == ["ok", "blocked_address", "ok"]
    assert table["is_retriable"].to_pylist() == [False] * 3


def test_private_addresses_are_refused_by_default() -> None:
    assert settings.thumbnails().allow_private_addresses is False
