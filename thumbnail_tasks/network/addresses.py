"""Which addresses may be connected to: judged by what is connected to, not by how it is written."""

import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import unquote

# Python's own `is_global` changed within 3.11; these are IANA's special-purpose registries.
_REFUSED_V4 = [
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "127.0.0.0/8"),  # this machine
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # private
        "100.64.0.0/10",  # behind a carrier's address translation, and some clouds' metadata
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "168.63.129.16/32",  # Azure's metadata
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),  # protocols, tests
        *("198.51.100.0/24", "203.0.113.0/24"),  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_GLOBAL_V6 = IPv6Network("2000::/3")
"""All that is assigned to hosts; loopback, link-local, unique-local and multicast lie outside."""
_REFUSED_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, and Teredo's tunnels
        *("2001:db8::/32", "3fff::/20"),  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")

Found = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]
"""As ``socket.getaddrinfo`` gives it: family, kind, protocol, name and address of each."""


class BlockedAddressError(Exception):
    """A host is at an address that is not one of the public internet."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4) is judged as that one.

    Example:
        ``::ffff:127.0.0.1``, ``169.254.169.254`` and ``fe80::1%eth0`` are not.
    """
    ip = ip_address(address)
    if not isinstance(ip, IPv6Address):
        return not any(ip in network for network in _REFUSED_V4)
    embedded = ip.ipv4_mapped or ip.sixtofour
    if ip in _NAT64:
        return is_public(str(ip_address(ip.packed[-4:])))
    if embedded:
        return is_public(str(embedded))
    return ip in _GLOBAL_V6 and not any(ip in network for network in _REFUSED_V6)


def open_socket(
    host: str, port: int, timeout_s: float, deadline_s: float, may_be_private: bool
) -> socket.socket:
    """Look a host up once, and connect to the first of its addresses that answers.

    The address that was judged is the address that is connected to: a name that means another
    one when it is looked up again gains nothing.

    Args:
        host: A name, or an address in any spelling that the system takes.
        port: Its port.
        timeout_s: For each address.
        deadline_s: For all of it, the look-up included; in seconds of ``time.monotonic``.
        may_be_private: Connect to any address.

    Raises:
        BlockedAddressError: None of its addresses is public; nothing was connected to.
        OSError: No such host, or none of its addresses answers; a TimeoutError if in time.
        UnicodeError: The host cannot be a name.
    """
    found = _look_up(host.strip("[]"), port, deadline_s)
    allowed = found if may_be_private else _public_ones(host, found)
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in allowed:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(min(timeout_s, seconds_until(deadline_s)))
            opened.connect(address)
            return opened
        except OSError as error:
            opened.close()
            failure = error
    raise failure


def seconds_until(deadline_s: float) -> float:
    """The time left.

    Raises:
        TimeoutError: None.
    """
    left = deadline_s - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


def refuse_private_spelling(host: str) -> None:
    """Refuse a host that says without a look-up that it is not public.

    Raises:
        BlockedAddressError: It is such an address, in any spelling, or ``localhost``.
    """
    name = unquote(host).strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        raise BlockedAddressError(f"{host} is this machine")
    with contextlib.suppress(OSError, ValueError):
        # As the system reads it: 0x7f.1 and 2130706433, and digits of other scripts.
        name = socket.inet_ntoa(socket.inet_aton(name.encode("idna").decode()))
    try:
        address = ip_address(name)
    except ValueError:
        return  # a name
    if not is_public(str(address)):
        raise BlockedAddressError(f"{host} is at {address}: not an address of the internet")


def _public_ones(host: str, found: Found) -> Found:
    public = [about for about in found if is_public(str(about[4][0]))]
    if found and not public:
        raise BlockedAddressError(f"{host} is at {found[0][4][0]}: not an address of the internet")
    return public


def _look_up(host: str, port: int, deadline_s: float) -> Found:
    """All addresses of a host, within the time: the system's own look-up takes as long as it likes.

    A look-up that is late goes on in its thread and is forgotten.
    """
    future: Future[Found] = Future()

    def look_up() -> None:
        try:
            future.set_result(socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            future.set_exception(error)

    threading.Thread(target=look_up, daemon=True).start()
    return future.result(timeout=seconds_until(deadline_s))
