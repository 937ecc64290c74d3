"""Which names of this server are its own (against DNS rebinding), and which address to show in URLs.

Rules: pure but for ``lan_address``. A name that only DNS vouches for is never trusted: loopback names, the address that
the client really connected to, and what the user allowed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re

from headrace import interfaces

_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")


def host_of(authority: str) -> str | None:
    """The host in ``host[:port]``, lower case, without brackets and final dot; None when it is malformed."""
    match = _AUTHORITY.fullmatch(authority)
    return (match["v6"] or match["name"]).lower().removesuffix(".") if match else None


def is_loopback(host: str) -> bool:
    """Whether the host names this machine to itself (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_own(authority: str, local: str, allowed: frozenset[str]) -> bool:
    """Whether a request's authority may name this server. ``local`` is the address that the client connected to."""
    host = host_of(authority)
    if host is None:
        return False
    if is_loopback(host) or host in allowed:
        return True
    address = _address(host)
    return address is not None and address == _address(local)


def is_wildcard(host: str) -> bool:
    """Whether the host means every address of the machine."""
    address = _address(host)
    return host == "" or (address is not None and address.is_unspecified)


def bracketed(host: str) -> str:
    """The host as it stands in a URL (RFC 3986 section 3.2.2, RFC 6874 for zones)."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def lan_address() -> str:
    """The address by which others in the network reach this machine; loopback when there is no network.

    192.0.2.1 and 2001:db8::1 are for documentation (RFC 5737, RFC 3849), so that no real host is meant. Without a way
    to them (a bridge of containers, say) it is the first address of an interface.
    """
    for target in ("192.0.2.1", "2001:db8::1"):
        with contextlib.suppress(OSError):
            return interfaces.address_towards(target)
    return next(iter(interfaces.addresses()), "127.0.0.1")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
