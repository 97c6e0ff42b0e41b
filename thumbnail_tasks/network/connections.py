"""Connections to public addresses only, with a deadline for the whole response.

urllib3 guarantees neither: its timeouts are per read, and a header may arrive byte by byte. It is
used without ``requests``, whose sessions cost more CPU time than everything else in a fetch.
"""

import functools
import http.client
import io
import logging
import math
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urljoin

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, requote_uri, select_proxy
from urllib3 import (
    BaseHTTPResponse,
    HTTPConnectionPool,
    HTTPSConnectionPool,
    PoolManager,
    ProxyManager,
    Retry,
    Timeout,
    make_headers,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)
from urllib3.util import Url, parse_url
from urllib3.util.ssl_ import create_urllib3_context

from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.network.addresses import open_socket, refuse_private_spelling, seconds_until

_N_HOSTS = 8
"""Number of hosts whose connections are kept open."""
_NO_RETRIES = Retry(False)


class _Bounds(threading.local):
    """Limits of the request that this thread is making: see ``GuardedSession.request``."""

    deadline_s: float = math.inf
    may_be_private: bool = False


_BOUNDS = _Bounds()


class _TimelyReader(io.RawIOBase):
    """Reads from a socket with the time left until the deadline as its timeout."""

    def __init__(self, connected: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = connected, raw
        self._timeout_s = connected.gettimeout() or math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = seconds_until(_BOUNDS.deadline_s)
        if left_s < self._timeout_s:  # otherwise the socket's own suffices
            self._socket.settimeout(left_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimelyResponse(http.client.HTTPResponse):
    """A response whose status line, headers and body must arrive before the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        buffered: Any = self.fp
        self.fp = io.BufferedReader(_TimelyReader(sock, buffered.detach()))


class GuardedConnection(HTTPConnection):
    """Connects to checked addresses, and reads with a deadline."""

    response_class = _TimelyResponse

    def _new_conn(self) -> socket.socket:
        # Replaces urllib3's own, which connects to any address.
        try:
            return open_socket(
                self._dns_host,
                self.port,
                self.timeout or math.inf,
                _BOUNDS.deadline_s,
                may_be_private=_BOUNDS.may_be_private or self.proxy is not None,
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error


class GuardedTLSConnection(GuardedConnection, HTTPSConnection):
    """The same with TLS."""


class GuardedPool(HTTPConnectionPool):
    """A pool of guarded connections to one host."""

    ConnectionCls = GuardedConnection


class GuardedTLSPool(HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = GuardedTLSConnection


_POOLS = {"http": GuardedPool, "https": GuardedTLSPool}


class GuardedSession:
    """Requests one address at a time, without redirects, cookies or retries.

    The proxies of the environment (``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY``) are used. A
    proxy's own address is not checked, since the user has named it. The proxy then resolves names
    and connects, so only links with a literal private address (or ``localhost``) are refused here;
    checking names is up to the proxy. SOCKS is not supported.
    """

    def __init__(self, user_agent: str, n_connections: int, may_be_private: bool) -> None:
        self._n_connections, self._may_be_private = n_connections, may_be_private
        # Identity: pictures are compressed already, and decompression bombs are excluded.
        self._headers = {"Accept": "*/*"} | make_headers(
            keep_alive=True, accept_encoding="identity", user_agent=user_agent
        )
        self._managers: dict[str | None, PoolManager] = {}
        self._opening = threading.Lock()
        self._pool_of = functools.lru_cache(_N_HOSTS)(self._find_pool)
        # Malformed headers of a server would be logged with a stack trace each.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def request(
        self,
        address: str,
        timeouts_s: tuple[float, float],
        deadline_s: float,
        conditions: Mapping[str, str] = MappingProxyType({}),
    ) -> BaseHTTPResponse:
        """Request an address; the caller reads the response's body in the same thread.

        Args:
            address: An http or https address.
            timeouts_s: Timeout to connect, and for one read.
            deadline_s: When the last byte must have arrived, in seconds of ``time.monotonic``.
            conditions: Headers of a conditional request.

        Raises:
            BlockedAddressError: The host has no public address.
            SettingsError: The environment's certificates do not exist.
            urllib3.exceptions.HTTPError, ValueError: All other errors; for an invalid address a
                ``LocationValueError``, or a ValueError that is not an HTTPError.
        """
        _BOUNDS.deadline_s, _BOUNDS.may_be_private = deadline_s, self._may_be_private
        url = _parse(address)
        pool = self._pool_of(url.scheme, url.host, url.port)
        headers = self._headers | dict(conditions)
        if login := _login(url):
            headers = headers | make_headers(basic_auth=login)
        is_forwarded = pool.proxy is not None and url.scheme == "http"
        connect_s, read_s = timeouts_s
        return pool.urlopen(
            "GET",
            _absolute(url) if is_forwarded else url.request_uri,
            headers=headers,
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=connect_s, read=read_s),
            preload_content=False,
            decode_content=False,
        )

    def _find_pool(self, scheme: str, host: str, port: int | None) -> HTTPConnectionPool:
        """The connections to a host, or to its proxy."""
        if not self._may_be_private:  # with a proxy nothing else can be checked
            refuse_private_spelling(host)
        origin = Url(scheme, host=host, port=port).url
        proxy = select_proxy(origin, get_environ_proxies(origin))
        with self._opening:
            if proxy not in self._managers:
                self._managers[proxy] = _open_manager(proxy, self._n_connections)
            return self._managers[proxy].connection_from_host(host, port, scheme)


def _open_manager(proxy: str | None, n_connections: int) -> PoolManager:
    """The pools of all hosts that share a proxy of the environment, or have none."""
    trusted = _load_authorities()
    limits: dict[str, Any] = {
        "num_pools": _N_HOSTS,
        "maxsize": n_connections,
        "ssl_context": trusted,
    }
    if proxy is None:
        manager = PoolManager(**limits)
    else:
        url = parse_url(proxy if "://" in proxy else f"http://{proxy}")
        if url.scheme not in _POOLS or not url.host:
            what = f"not an HTTP proxy: {url.host}"
            raise ProxyError(what, ValueError(what))
        login = make_headers(proxy_basic_auth=_login(url))
        manager = ProxyManager(url.url, proxy_headers=login, proxy_ssl_context=trusted, **limits)
    manager.pool_classes_by_scheme = _POOLS
    return manager


def _load_authorities() -> ssl.SSLContext:
    """The trusted certificates: certifi's, or those named by the environment.

    Loaded once for all connections, as loading takes 15 ms.

    Raises:
        SettingsError: The certificates do not exist.
    """
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    certificates = Path(named or DEFAULT_CA_BUNDLE_PATH)
    context = create_urllib3_context()
    try:
        if certificates.is_dir():
            context.load_verify_locations(capath=certificates)
        else:
            context.load_verify_locations(cafile=certificates)
    except OSError as error:
        raise SettingsError(
            f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: expected certificates at {certificates}; "
            f"found: {error}"
        ) from error
    return context


def _parse(address: str) -> Url:
    """Parse an address, quoting only characters that are not allowed in it.

    Raises:
        LocationParseError: It is not an http or https address.
    """
    url = parse_url(address)
    quoted = requote_uri(url.url)
    if quoted != url.url:
        url = parse_url(quoted)
    if url.scheme not in _POOLS or not url.host or url.host.startswith(("*", ".")):
        raise LocationParseError(address)
    return url


def _absolute(url: Url) -> str:
    """An address as it is requested from a proxy."""
    return url._replace(auth=None, path=url.path or "/", fragment=None).url


def _login(url: Url) -> str | None:
    """The credentials in an address, as ``name:password``."""
    return unquote(url.auth) if url.auth and ":" in url.auth else None


def next_address(address: str, response: BaseHTTPResponse) -> str | None:
    """The absolute address that a response redirects to; None if it does not redirect.

    Raises:
        ValueError: It is not an address.
    """
    location = response.get_redirect_location()
    if not location:
        return None
    return urljoin(address, requote_uri(location.encode("latin-1").decode()))
