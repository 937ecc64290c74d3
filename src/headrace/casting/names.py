"""Which device somebody means: ``cast:Living Room``, ``dlna:192.168.1.20``. Pure.

Rules: an address or a URL means itself, and needs no search; a name is compared without regard to case, and part of one
will do if it fits one device alone. Whoever is refused is told which devices there are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from headrace.casting.base import KINDS, Device, Kind
from headrace.core.source import format_peer
from headrace.errors import PlayerError

PREFIXES: dict[str, Kind] = {"cast": "chromecast", "dlna": "dlna"}
"""What ``--player`` begins with."""
CAST_PORT = 8009
"""Where Chromecasts listen for senders; speaker groups have other ports, which their announcement tells."""
_HOST_PORT = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>\d{1,5})")


class Wish(NamedTuple):
    """A device that somebody asks for: ``what`` is a name, an id, an address or a URL; empty for the only one."""

    kind: Kind | None
    what: str = ""


def wish_of(player: str) -> Wish | None:
    """What a player's name asks for; None when it is no device."""
    prefix, _, what = player.partition(":")
    kind = PREFIXES.get(prefix.strip().lower())
    return Wish(kind, what.strip()) if kind and "{url}" not in player else None


def direct(wish: Wish) -> Device | None:
    """The device that is named by where it is; None when it has to be looked for."""
    if wish.what.startswith(("http://", "https://")):
        try:
            host, address = urlsplit(wish.what).hostname, address_in(wish.what)
        except ValueError:
            return None
        if wish.kind == "chromecast" or not host:
            return None
        return Device(wish.what, host, "dlna", address, url=wish.what)
    place = _place(wish.what) if wish.kind == "chromecast" else None
    if place is None:
        return None
    address = format_peer(place)
    return Device(address, address, "chromecast", address)


def address_in(url: str) -> str:
    """``host:port`` of an http(s) URL; ``ValueError`` when the port is none."""
    parts = urlsplit(url)
    return format_peer((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))


def _place(what: str) -> tuple[str, int] | None:
    match = _HOST_PORT.fullmatch(what)
    if match and 0 < int(match["port"]) < 65536:
        return match["host"].strip("[]"), int(match["port"])
    try:
        return str(ipaddress.ip_address(what.strip("[]"))), CAST_PORT
    except ValueError:
        return None


def fits(device: Device, wish: Wish) -> bool:
    """Whether a device is exactly what was asked for."""
    if wish.kind not in (None, device.kind) or not wish.what:
        return False
    wanted = wish.what.casefold()
    return wanted in (device.id.casefold(), device.name.casefold(), device.address, device.host)


def pick(devices: Sequence[Device], wish: Wish) -> Device:
    """The one device that is meant; ``PlayerError`` when there is none, or more than one."""
    there = [each for each in devices if wish.kind in (None, each.kind)]
    if not there:
        raise nothing_found(wish.kind)
    found = [each for each in there if fits(each, wish)]
    if not found:
        found = [each for each in there if wish.what.casefold() in each.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        said = f"{len(found)} devices are called {wish.what!r}." if wish.what else f"There are {len(found)} devices."
        raise PlayerError(said, f"Say which one: {_listed(found, address=True)}.", kind="ambiguous_device")
    raise PlayerError(f"There is no device {wish.what!r}.", f"Found: {_listed(there)}.", kind="no_device")


def nothing_found(kind: Kind | None) -> PlayerError:
    """No device answered."""
    what = {"chromecast": "Chromecast", "dlna": "DLNA renderer"}.get(kind or "", "Chromecast or DLNA renderer")
    how = "cast:ADDRESS" if kind == "chromecast" else "dlna:URL" if kind == "dlna" else "cast:ADDRESS or dlna:URL"
    return PlayerError(
        f"No {what} answered.",
        f"Is it on, in the same network, and may multicast pass? Else name its address: --player {how}.",
        kind="no_device",
    )


def player_of(device: Device, *, address: bool = False) -> str:
    """How ``--player`` names a device."""
    prefix = next(prefix for prefix, kind in PREFIXES.items() if kind == device.kind)
    place = device.url or device.address
    return f"{prefix}:{place if address else device.name}"


def _listed(devices: Sequence[Device], *, address: bool = False) -> str:
    return ", ".join(player_of(each, address=address) for each in devices)


def in_order(devices: Sequence[Device]) -> list[Device]:
    """As they are listed: Chromecasts first, then by name."""
    return sorted(devices, key=lambda each: (KINDS.index(each.kind), each.name.casefold(), each.id))
