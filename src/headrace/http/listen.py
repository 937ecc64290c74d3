"""Sockets to listen on: a port that was given is that port or an error, else the first free one from 8888 on."""

from __future__ import annotations

import asyncio
import errno
import socket

from headrace.errors import EngineError, InputError
from headrace.http.hosts import is_wildcard

DEFAULT_PORT = 8888
TRIED = 100
"""How many ports after the default are tried before any free one is taken."""

Address = tuple[socket.AddressFamily, str]


async def open_sockets(host: str, port: int | None) -> list[socket.socket]:
    """Bound sockets, one for each address of ``host``, all on one port. ``port`` None: 8888 or the next free one."""
    addresses = await _addresses(host)
    if port is not None:
        return _bind(addresses, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + TRIED):
        try:
            return _bind(addresses, candidate)
        except EngineError as error:
            if error.kind != "port":
                raise
    return _bind(addresses, 0)


async def _addresses(host: str) -> list[Address]:
    if host == "":
        return [(socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")]  # noqa: S104
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"{host!r} is no address of this machine ({error}).", "Give an address as --host, 127.0.0.1 or 0.0.0.0."
        ) from error
    # IPv4 first: it decides the port, and is what most players try first.
    unique = dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found)
    return sorted(unique, key=lambda address: address[0] != socket.AF_INET)


def _bind(addresses: list[Address], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            try:
                sockets.append(_bound(address, sockets[0].getsockname()[1] if sockets else port))
            except OSError as error:
                # A name such as localhost may have an IPv6 address that this machine lacks: one of them will do.
                absent = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
                if absent and (sockets or address is not addresses[-1]):
                    continue
                raise _why(error, address[1], port) from error
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def _bound(address: Address, port: int) -> socket.socket:
    family, host = address
    both = family == socket.AF_INET6 and is_wildcard(host) and socket.has_dualstack_ipv6()
    # create_server sets SO_REUSEADDR where it means "a closed connection does not hold the port" (not on Windows).
    listening = socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=128)
    listening.setblocking(False)
    return listening


def _why(error: OSError, host: str, port: int) -> EngineError:
    if error.errno == errno.EADDRINUSE:
        return EngineError(
            f"Port {port} on {host} is taken by another program.",
            "Give another one with --port, or leave --port out to take the next free one.",
            kind="port",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return EngineError(f"Port {port} on {host} may not be used.", "Give one above 1023 with --port.", kind="port")
    return EngineError(
        f"Cannot listen on {host} ({error.strerror}).", "Give an address of this machine with --host.", kind="address"
    )
