"""Hostile server responses, each with its expected status."""

import gzip
import itertools
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.conftest import Answer, Handler, Server

_CERTIFICATE = Path(__file__).with_name("self_signed.pem")
_SECONDS_BETWEEN = 0.05
MEGABYTE = 1_000_000

HTML = b"<!doctype html><title>Not here</title>"


class Hostile(NamedTuple):
    """A kind of response, and the expected result."""

    name: str
    responses: tuple[Answer, ...]
    status: str
    is_retriable: bool = False
    http_status: int | None = None
    flags: tuple[tuple[str, str], ...] = ()
    """Settings it needs."""


class SelfSignedServer(Server):
    """A server with a self-signed certificate."""

    def __init__(self) -> None:
        super().__init__(b"")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_CERTIFICATE)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"


def raw(*parts: bytes, seconds_between: float = 0.0) -> Answer:
    """A response of exactly these bytes, then the connection is closed."""
    return endless(parts, seconds_between)


def endless(parts: Iterable[bytes], seconds_between: float = 0.0) -> Answer:
    """A response that continues until the client disconnects."""

    def send(to: Handler) -> None:
        to.close_connection = True
        for part in parts:
            to.wfile.write(part)
            time.sleep(seconds_between)

    return Answer(custom=send)


def redirect(location: str | None, body: bytes = b"", encoding: str = "identity") -> Answer:
    """A redirect to an address, or without one."""
    headers = {"Location": location} if location else {}
    return Answer(302, body, {"Content-Encoding": encoding} | headers)


def _chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> tuple[bytes, ...]:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return (head, *(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks), end)


def _sized(n_bytes: int, body: bytes) -> tuple[bytes, bytes]:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n_bytes, body


def _unsized(body: bytes) -> tuple[bytes, bytes]:
    return b"HTTP/1.1 200 OK\r\n\r\n", body


def _slowly(data: bytes) -> Answer:
    """One byte at a time."""
    return endless([bytes([byte]) for byte in data], _SECONDS_BETWEEN)


def _reset(*parts: bytes) -> Answer:
    def send(to: Handler) -> None:
        for part in parts:
            to.wfile.write(part)
        to.close_connection = True
        to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        to.connection.close()

    return Answer(custom=send)


def _after(seconds: float, response: Answer) -> Answer:
    def send(to: Handler) -> None:
        time.sleep(seconds)
        response.send(to)

    return Answer(custom=send)


def gzip_bomb(n_bytes: int) -> bytes:
    """Zeros, compressed to a thousandth."""
    return gzip.compress(bytes(n_bytes))


def lay_down(server: Server, path: str, way: Hostile) -> str:
    """Set this response for a path and its redirect targets; return the address."""
    for followed in ("?", "?there"):
        server.lay_down(path + followed, *(way.responses[1:] or way.responses))
    return server.lay_down(path, *way.responses)


def ways(picture: bytes) -> list[Hostile]:
    """All hostile responses; a complete body is ``picture``.

    Args:
        picture: A JPEG of less than 100,000 bytes, the limit that the tests set.
    """
    ok = Answer(200, picture)
    retry_after: Callable[[str], Answer] = lambda text: Answer(429, headers={"Retry-After": text})  # noqa: E731
    once_more = (("retries", "1"),)
    far = "Fri, 31 Dec 99999 23:59:59 GMT"
    refused, timed_out = ("refused", True), ("timed_out", True)
    return [
        # HTTP's own refusals
        Hostile("404_with_a_picture", (Answer(404, picture),), "not_found", http_status=404),
        Hostile("410", (Answer(410, HTML),), "not_found", http_status=410),
        Hostile("403", (Answer(403),), "http_error", http_status=403),
        Hostile("500_then_200", (Answer(500), ok), "ok", http_status=200, flags=once_more),
        Hostile("503_for_ever", (Answer(503),), "http_error", True, 503, once_more),
        Hostile("429_then_200", (retry_after("0"), ok), "ok", http_status=200, flags=once_more),
        Hostile("429_for_an_hour", (retry_after("3600"),), "http_error", True, 429, once_more),
        Hostile("429_for_9999_digits", (retry_after("9" * 9999),), "http_error", True, 429),
        Hostile("429_until_the_year_99999", (retry_after(far),), "http_error", True, 429),
        Hostile("429_until_yesterday", (retry_after("-1"),), "http_error", True, 429),
        Hostile("204", (Answer(204),), "http_error", http_status=204),
        Hostile("a_part_that_was_not_requested", (Answer(206, picture),), "http_error", False, 206),
        Hostile("304", (Answer(304),), "http_error", http_status=304),
        # bodies
        Hostile("no_length", (raw(*_unsized(picture)),), "ok", http_status=200),
        Hostile("chunks", (raw(*_chunked(picture[:99], picture[99:])),), "ok", http_status=200),
        Hostile(
            "longer_than_promised", (raw(*_sized(len(picture), picture + HTML)),), "ok", False, 200
        ),
        Hostile("shorter_than_promised", (raw(*_sized(len(picture), picture[:900])),), *refused),
        Hostile(
            "no_length_and_cut_short", (raw(*_unsized(picture[:900])),), "not_an_image", False, 200
        ),
        Hostile(
            "promised_less_than_it_is", (raw(*_sized(900, picture)),), "not_an_image", False, 200
        ),
        Hostile("chunks_cut_short", (raw(*_chunked(picture, end=b"")),), *refused),
        Hostile("chunks_without_a_size", (raw(*_chunked(picture, end=b"one\r\n")),), *refused),
        Hostile(
            "two_lengths", (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n12"),), *refused
        ),
        Hostile("60_MB", (Answer(200, bytes(60 * MEGABYTE)),), "too_large", http_status=200),
        Hostile(
            "60_MB_without_a_length",
            (endless((_unsized(b"")[0], *itertools.repeat(bytes(MEGABYTE), 60))),),
            "too_large",
            http_status=200,
        ),
        Hostile(
            "a_gzip_bomb",
            (Answer(200, gzip_bomb(60 * MEGABYTE), {"Content-Encoding": "gzip"}),),
            "not_an_image",
            http_status=200,
        ),
        Hostile("html", (Answer(200, HTML),), "not_an_image", http_status=200),
        Hostile("an_empty_body", (Answer(200),), "not_an_image", http_status=200),
        # time
        Hostile("a_byte_now_and_then", (_slowly(b"".join(_sized(9999, picture))),), *timed_out),
        Hostile(
            "headers_a_byte_at_a_time",
            (_slowly(b"HTTP/1.1 200 OK\r\nX: " + bytes(99)),),
            *timed_out,
        ),
        Hostile("silence", (_after(2, ok),), *timed_out),
        Hostile(
            "silence_in_the_middle",
            (endless((_sized(len(picture), picture[:900])[0], picture[:900], b""), 2),),
            *timed_out,
        ),
        Hostile(
            "100_continue_for_ever",
            (endless(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 9), 0.001),),
            *timed_out,
        ),
        Hostile(
            "trailers_for_ever",
            (
                endless(
                    (*_chunked(picture, end=b"0\r\n"), *itertools.repeat(b"X: y\r\n", 9999)), 0.001
                ),
            ),
            *timed_out,
        ),
        Hostile("redirects_that_take_their_time", (_after(0.3, redirect("#")),), *timed_out),
        # headers
        Hostile(
            "headers_for_ever",
            (endless((b"HTTP/1.1 200 OK\r\n", *itertools.repeat(b"X: y\r\n", 99_999))),),
            *refused,
        ),
        Hostile(
            "a_header_without_end",
            (endless((b"HTTP/1.1 200 OK\r\nX: ", *itertools.repeat(b"y" * 9999, 9999))),),
            *refused,
        ),
        Hostile(
            "headers_that_are_none",
            (
                raw(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nno colon\r\n\r\n" % len(picture),
                    picture,
                ),
            ),
            "ok",
            http_status=200,
        ),
        Hostile("not_http", (raw(picture),), *refused),
        Hostile("nothing", (raw(),), *refused),
        # connections
        Hostile("reset", (_reset(),), *refused),
        Hostile("reset_in_the_middle", (_reset(*_sized(len(picture), picture[:900])),), *refused),
        # redirects
        Hostile("a_redirect", (redirect("?there"), ok), "ok", http_status=200),
        Hostile("a_redirect_loop", (redirect("?"),), "http_error", http_status=302),
        Hostile("a_redirect_to_nowhere", (redirect(None),), "http_error", http_status=302),
        Hostile(
            "a_redirect_to_a_file", (redirect("file:///etc/passwd"),), "http_error", False, 302
        ),
        Hostile(
            "a_redirect_to_ftp", (redirect("ftp://127.0.0.1/a.jpg"),), "http_error", False, 302
        ),
        Hostile(
            "a_redirect_to_a_script", (redirect("javascript:alert(1)"),), "http_error", False, 302
        ),
        Hostile("a_redirect_to_data", (redirect("data:image/png,AAAA"),), "http_error", False, 302),
        Hostile("a_redirect_to_no_address", (redirect("http://[a/"),), "http_error", False, 302),
        Hostile("a_redirect_to_no_host", (redirect("https:///a.jpg"),), "http_error", False, 302),
        Hostile("a_redirect_in_bytes", (redirect("/\xff\xfe"),), "http_error", False, 302),
        Hostile(
            "a_redirect_with_a_bomb",
            (
                redirect("?", gzip_bomb(60 * MEGABYTE), encoding="gzip"),
                ok,
            ),
            "ok",
            http_status=200,
        ),
    ]
