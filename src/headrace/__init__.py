"""Headrace streams torrents: the video plays within seconds, long before the download is complete.

    async with headrace.Session() as session:
        torrent = await session.add("magnet:?xt=…")
        async with torrent.main_video().open() as reader:
            head = await reader.read(65536)

    with headrace.open("magnet:?xt=…", file="*.mkv") as file:
        tail = file.read()

Names are imported when they are first used: the command line starts without what it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from headrace.blocking import TorrentFile, open
    from headrace.errors import EngineError, HeadraceError, InputError, PlayerError, SwarmError
    from headrace.session import Session
    from headrace.settings import Settings
    from headrace.streaming.monitor import Status
    from headrace.streaming.reader import Reader, ReaderClosed, StreamFailed
    from headrace.streaming.torrent import File, Torrent

_HOMES = {
    "TorrentFile": "blocking",
    "open": "blocking",
    "EngineError": "errors",
    "HeadraceError": "errors",
    "InputError": "errors",
    "PlayerError": "errors",
    "SwarmError": "errors",
    "Session": "session",
    "Settings": "settings",
    "Status": "streaming.monitor",
    "Reader": "streaming.reader",
    "ReaderClosed": "streaming.reader",
    "StreamFailed": "streaming.reader",
    "File": "streaming.torrent",
    "Torrent": "streaming.torrent",
}

__all__ = [
    "EngineError",
    "File",
    "HeadraceError",
    "InputError",
    "PlayerError",
    "Reader",
    "ReaderClosed",
    "Session",
    "Settings",
    "Status",
    "StreamFailed",
    "SwarmError",
    "Torrent",
    "TorrentFile",
    "__version__",
    "open",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"headrace.{_HOMES[name]}"), name)
