"""Which network interface has an address (Linux), and which address leads to whom.

A socket that is bound to an address alone still leaves by whatever way the system prefers: who names the address of a
VPN means its interface, and only a socket that is bound to that stays off the others.
"""

from __future__ import annotations

import ipaddress
import socket
import sys


def device_of(name: str) -> str:
    """The interface that has this address; ``name`` itself when it is no address, or nobody has it.

    Addresses of this machine alone (127/8, ::1) stay as they are: nothing leaves by them.
    """
    try:
        wanted = ipaddress.ip_address(name)
    except ValueError:
        return name
    if sys.platform != "linux" or wanted.is_loopback:
        return name
    try:
        return _owners().get(wanted, name)
    except (OSError, AttributeError, ImportError):  # no such call in this C library
        return name


def addresses() -> list[str]:
    """This machine's addresses that others may reach, IPv4 first; none where the system does not tell."""
    try:
        found = [address for address in _owners() if not (address.is_loopback or address.is_link_local)]
    except (OSError, AttributeError, ImportError):
        return []
    return [str(address) for address in sorted(found, key=lambda address: address.version)]


def address_towards(host: str) -> str:
    """This machine's address on the way to ``host``. Raises OSError when there is none. Blocking: names are looked up.

    Connecting a datagram socket sends nothing: it only asks the routing table (connect(2)), which is right on machines
    with several networks too, where "the" address of the machine may be one that the other cannot reach.
    """
    family, _, _, _, place = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(place)
        return str(probe.getsockname()[0])


def _owners() -> dict[ipaddress.IPv4Address | ipaddress.IPv6Address, str]:
    """Interfaces by their addresses (getifaddrs(3))."""
    import ctypes

    class Ifaddrs(ctypes.Structure):
        pass

    Ifaddrs._fields_ = [
        ("next", ctypes.POINTER(Ifaddrs)),
        ("name", ctypes.c_char_p),
        ("flags", ctypes.c_uint),
        ("address", ctypes.POINTER(ctypes.c_ubyte)),
    ]
    library = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(Ifaddrs)()
    if library.getifaddrs(ctypes.byref(first)):
        raise OSError(ctypes.get_errno(), "getifaddrs")
    found = {}
    try:
        here = first
        while here:
            address = _address(here.contents.address)
            if address is not None:
                found[address] = here.contents.name.decode("utf-8", "surrogateescape")
            here = here.contents.next
    finally:
        library.freeifaddrs(first)
    return found


def _address(raw: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in a sockaddr_in or sockaddr_in6, if it is one."""
    if not raw:
        return None
    family = int.from_bytes(bytes(raw[0:2]), sys.byteorder)  # type: ignore[index]
    if family == socket.AF_INET:
        return ipaddress.IPv4Address(bytes(raw[4:8]))  # type: ignore[index]
    if family == socket.AF_INET6:
        return ipaddress.IPv6Address(bytes(raw[8:24]))  # type: ignore[index]
    return None
