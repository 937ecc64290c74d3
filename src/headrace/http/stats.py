"""``/api/v1/stats`` and peerflix's ``/.json``: figures of all that goes on.

Rules: sizes in bytes, rates in bytes per second, times in seconds; nothing here waits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from headrace.http.guard import Refused, json_response
from headrace.http.urls import Urls
from headrace.streaming.place import Place
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import File, Torrent

SUMS = ("down_rate", "up_rate", "downloaded", "uploaded", "peers", "readers")


class Stats:
    """The handlers. ``uptime``: seconds since the process began."""

    def __init__(self, torrents: Torrents, uptime: Callable[[], float], urls: Callable[[web.Request], Urls]) -> None:
        self._torrents, self._uptime, self._urls = torrents, uptime, urls

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        return [web.get("/api/v1/stats", self.stats), web.get("/.json", self.peerflix)]

    async def stats(self, request: web.Request) -> web.Response:
        """Sums over all torrents, those that give way to others' viewers, and each read head."""
        statuses = [torrent.status() for torrent in self._torrents]
        return json_response(
            {
                "uptime": round(self._uptime(), 3),
                "torrents": len(statuses),
                **{name: sum(getattr(status, name) for status in statuses) for name in SUMS},
                "held": [{"infohash": one.info_hash, "rate": one.held} for one in self._torrents if one.held],
                "heads": [head for torrent in self._torrents for head in heads_of(torrent)],
            }
        )

    async def peerflix(self, request: web.Request) -> web.Response:
        """What peerflix tells at this path, field by field; for the one torrent that is played."""
        torrent = only(self._torrents)
        status, urls = torrent.status(), self._urls(request)
        told = {
            "totalLength": sum(file.size for file in torrent.files),
            "downloaded": status.downloaded,
            "uploaded": status.uploaded,
            "downloadSpeed": status.down_rate,
            "uploadSpeed": status.up_rate,
            "totalPeers": status.peers,
            "activePeers": sum(peer.down_rate > 0 for peer in torrent.monitor.connected),
            "files": [{"name": f.name, "url": urls.stream(torrent, f), "length": f.size} for f in torrent.files],
        }
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=json.dumps(told, indent=2), content_type="application/json", headers=headers)


def only(torrents: Torrents) -> Torrent:
    """The one torrent of ``play``."""
    found = list(torrents)
    if len(found) != 1:
        raise Refused(404, "no_torrent", f"There is not one torrent here, but {len(found)}.", "See /api/v1/torrents.")
    return found[0]


def heads_of(torrent: Torrent) -> list[dict[str, Any]]:
    """Everybody who reads: where, how fast, and for how long already it waits (null if it does not)."""
    conductor = torrent.conductor
    if conductor is None:
        return []
    now = asyncio.get_running_loop().time()
    told = []
    for place in conductor.places.values():
        file = _file_of(torrent, place)
        told.append(
            {
                "infohash": torrent.info_hash,
                "index": file.index if file else None,
                "id": place.id,
                "position": place.position - (file.entry.offset if file else 0),
                "rate": round(place.meter.rate(now)),
                "bytes": place.meter.total,
                "waiting": None if place.waiting_since is None else round(now - place.waiting_since, 3),
            }
        )
    return told


def _file_of(torrent: Torrent, place: Place) -> File | None:
    return next((file for file in torrent.files if file.size and file.entry.span.end == place.end), None)
