"""By which of this machine's addresses a device reaches it.

Rules: asks the routing table and sends nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from headrace.errors import PlayerError


def address_towards(host: str) -> str:
    """This machine's address on the way to ``host``; ``PlayerError`` when there is no way.

    Connecting a datagram socket sends nothing: it only looks up the route (connect(2)), which is right on machines with
    several networks too, where "the" address of the machine may be one that the device cannot reach.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlayerError(f"There is no way to {host}: {reason}.", kind="unreachable") from None


def is_here(host: str) -> bool:
    """Whether the host is this machine's loopback, which no other machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
