"""Which addresses may be connected to, judged by the resolved address, not by its spelling."""

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
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "168.63.129.16/32",  # Azure's metadata
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),  # protocols, tests
        *("198.51.100.0/24", "203.0.113.0/24"),  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_GLOBAL_V6 = IPv6Network("2000::/3")
"""The range assigned to hosts; loopback, link-local, unique-local and multicast are outside."""
_REFUSED_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, and Teredo tunnels
        *("2001:db8::/32", "3fff::/20"),  # documentation
    )
]
_ALLOWED_BY = "([thumbnails] allow_private_addresses allows it)"
_NOT_PUBLIC = f"not an address of the internet {_ALLOWED_BY}"
_NAT64 = IPv6Network("64:ff9b::/96")

Found = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]
"""Result of ``socket.getaddrinfo``: family, kind, protocol, name and address of each."""


class BlockedAddressError(Exception):
    """A host has no address on the public internet."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    An IPv6 address that embeds an IPv4 address (mapped, NAT64, 6to4) is judged by the latter.

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
    """Resolve a host once, and connect to the first of its addresses that accepts.

    The address that was checked is the one that is connected to, so a name that resolves
    differently the next time (DNS rebinding) gains nothing.

    Args:
        host: A name, or an address in any spelling that the system accepts.
        port: TCP port.
        timeout_s: Timeout in seconds for each address.
        deadline_s: Deadline for everything, in seconds of ``time.monotonic``.
        may_be_private: Allow any address.

    Raises:
        BlockedAddressError: None of its addresses is public; no connection was made.
        OSError: There is no such host, or none of its addresses accepts; TimeoutError if late.
        UnicodeError: The host is not a valid name.
    """
    found = _look_up(host.strip("[]"), port, deadline_s)
    allowed = found if may_be_private else _select_public(host, found)
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
    """Seconds left until a deadline, given in seconds of ``time.monotonic``.

    Raises:
        TimeoutError: The deadline has passed.
    """
    left = deadline_s - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


def refuse_private_spelling(host: str) -> None:
    """Refuse a host that is recognisably not public without resolving it.

    Raises:
        BlockedAddressError: It is a private address, in any spelling, or ``localhost``.
    """
    name = unquote(host).strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        raise BlockedAddressError(f"{host} is this machine {_ALLOWED_BY}")
    with contextlib.suppress(OSError, ValueError):
        # As the system reads it: 0x7f.1 and 2130706433, and digits of other scripts.
        name = socket.inet_ntoa(socket.inet_aton(name.encode("idna").decode()))
    try:
        address = ip_address(name)
    except ValueError:
        return  # a name
    if not is_public(str(address)):
        raise BlockedAddressError(f"{host} is at {address}: {_NOT_PUBLIC}")


def _select_public(host: str, found: Found) -> Found:
    public = [entry for entry in found if is_public(str(entry[4][0]))]
    if found and not public:
        raise BlockedAddressError(f"{host} is at {found[0][4][0]}: {_NOT_PUBLIC}")
    return public


def _look_up(host: str, port: int, deadline_s: float) -> Found:
    """All addresses of a host, with a deadline, which the system's own resolver lacks.

    A late look-up continues in its thread, and its result is ignored.
    """
    future: Future[Found] = Future()

    def look_up() -> None:
        try:
            future.set_result(socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            future.set_exception(error)

    threading.Thread(target=look_up, daemon=True).start()
    return future.result(timeout=seconds_until(deadline_s))
