"""How a request goes out: to a public address, and not for longer than it may take.

What ``requests`` does not bound is bounded here: the address that is connected to, the time for a
whole answer (its timeouts are for one read each, and a header may come a byte at a time), and
the body of a redirect, which it would read and unfold whole.
"""

import http.client
import io
import logging
import math
import os
import socket
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, requote_uri
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from thumbnail_tasks.addresses import open_socket, refuse_private_spelling, seconds_until


class _Bounds(threading.local):
    """What holds for the request that this thread is making: see ``GuardedSession.ask``."""

    deadline_s: float = math.inf
    may_be_private: bool = False


_BOUNDS = _Bounds()


class _TimelyReader(io.RawIOBase):
    """Reads from a socket, each time with what is left until the deadline."""

    def __init__(self, connected: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = connected, raw
        self._patience_s = connected.gettimeout() or math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(min(self._patience_s, seconds_until(_BOUNDS.deadline_s)))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimelyResponse(http.client.HTTPResponse):
    """Whose status line, headers and body all come before the deadline, or not at all."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        buffered: Any = self.fp
        self.fp = io.BufferedReader(_TimelyReader(sock, buffered.detach()))


class GuardedConnection(HTTPConnection):
    """Connects to addresses that were judged, and reads in time."""

    response_class = _TimelyResponse

    def _new_conn(self) -> socket.socket:
        # In the place of urllib3's own, which connects to whatever the name means.
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
    """The same, with TLS over it."""


class GuardedPool(HTTPConnectionPool):
    """Such connections to one host."""

    ConnectionCls = GuardedConnection


class GuardedTLSPool(HTTPSConnectionPool):
    """The same, with TLS over them."""

    ConnectionCls = GuardedTLSConnection


_POOLS = {"http": GuardedPool, "https": GuardedTLSPool}


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("socks"):
            raise requests.exceptions.ProxyError(f"not an HTTP proxy: {urlsplit(proxy).hostname}")
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        if not _BOUNDS.may_be_private:  # behind a proxy this is all that can be judged
            refuse_private_spelling(urlsplit(request.url or "").hostname or "")
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


class GuardedSession(requests.Session):
    """Asks one address at a time; it follows nothing and remembers nothing.

    The proxies of the environment (``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY``) are used. A
    proxy's own address is not judged: who runs this has named it. But it is then the proxy that
    looks names up and connects, so only links that spell a private address out (or ``localhost``)
    are refused here; what a name leads to is for the proxy to judge. SOCKS is not spoken.
    """

    def __init__(self, user_agent: str, n_connections: int, may_be_private: bool) -> None:
        super().__init__()
        self._may_be_private = may_be_private
        self.trust_env = False  # no passwords out of ~/.netrc
        own_authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        self.verify = own_authorities or True
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Identity: a picture is compressed already, and no bomb can unfold.
        self.headers.update({"User-Agent": user_agent, "Accept-Encoding": "identity"})
        adapter = _GuardedAdapter(pool_connections=8, pool_maxsize=n_connections)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        # A server's malformed headers are not worth a stack trace each.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def ask(
        self, address: str, timeouts_s: tuple[float, float], deadline_s: float
    ) -> requests.Response:
        """The beginning of an answer; its body is still to be read, by this thread.

        Args:
            address: Of http or https.
            timeouts_s: To connect, and for one read.
            deadline_s: When the last byte has to be there, in seconds of ``time.monotonic``.

        Raises:
            BlockedAddressError: It leads to an address that is not public.
            requests.RequestException, urllib3.exceptions.HTTPError, ValueError: All others.
        """
        _BOUNDS.deadline_s, _BOUNDS.may_be_private = deadline_s, self._may_be_private
        proxies = get_environ_proxies(address)
        return self.get(address, stream=True, timeout=timeouts_s, proxies=proxies)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests is to follow nothing by itself."""
        return None

    def next_address(self, response: requests.Response) -> str | None:
        """Where an answer redirects to, as a whole address; None if it does not.

        Raises:
            ValueError: It is no address.
        """
        target = super().get_redirect_target(response)
        return urljoin(response.url, requote_uri(target)) if target else None
