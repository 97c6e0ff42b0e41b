import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from benchmarks.speed.server import running_server
from tests.conftest import EXAMPLES

DELAY_MS = 80


@pytest.fixture(scope="module")
def pictures() -> list[Path]:
    return sorted((EXAMPLES / "images").glob("*.jpg"))


@pytest.fixture(scope="module")
def address(pictures: list[Path]) -> Iterator[str]:
    with running_server(pictures, 0) as address:
        yield address


def test_pictures_are_served_cyclically_by_number(address: str, pictures: list[Path]) -> None:
    for number in (0, 3, len(pictures) + 3):
        response = requests.get(f"{address}/vi/{number}/hqdefault.jpg", timeout=60)
        assert response.headers["Content-Type"] == "image/jpeg"
        assert response.content == pictures[number % len(pictures)].read_bytes()


def test_a_request_with_the_etag_is_answered_without_a_body(address: str) -> None:
    url = f"{address}/vi/3/hqdefault.jpg"
    etag = requests.get(url, timeout=60).headers["ETag"]
    again = requests.get(url, headers={"If-None-Match": etag}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def test_other_paths_are_not_found(address: str) -> None:
    assert requests.get(f"{address}/elsewhere", timeout=60).status_code == 404


def test_a_connection_is_kept_until_the_client_closes_it(address: str) -> None:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", "/vi/1/hqdefault.jpg")
    connection.getresponse().read()
    kept = connection.sock
    connection.request("GET", "/vi/2/hqdefault.jpg", headers={"Connection": "close"})
    assert connection.sock is kept
    connection.getresponse().read()
    assert kept.recv(1) == b""


def test_the_delay_of_a_response_does_not_delay_others(
    pictures: list[Path],
) -> None:
    with running_server(pictures[:1], DELAY_MS) as address:
        netloc = urlsplit(address).netloc
        connections = [HTTPConnection(netloc, timeout=60) for _ in range(10)]
        started = time.monotonic()
        for connection in connections:
            connection.request("GET", "/vi/0/hqdefault.jpg")
        for connection in connections:
            connection.getresponse().read()
        took_s = time.monotonic() - started
    assert DELAY_MS / 1000 <= took_s < 10 * DELAY_MS / 1000
