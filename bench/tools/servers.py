"""Streaming servers that are measured when somebody has put their program on PATH: no package registry has them.

The adapters follow the servers' documentation. A server is started, and asked for the film as a player's plug-in asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from bench.tools.base import Launch, Tool, asked, first_of, needs, quoted, said, served

TORRSERVER_NAMES = ("TorrServer", "torrserver", "TorrServer-linux-amd64", "TorrServer-linux-arm64")
STREMIO_PORT = 11470
"""Stremio's server cannot be told another."""


def _torrserver_argv(launch: Launch) -> list[str]:
    return [first_of(*TORRSERVER_NAMES), "--port", str(launch.port), "--path", str(launch.data)]


def _torrserver_path(launch: Launch) -> str:
    """It numbers files from 1, in the order of their paths."""
    paths = sorted(file.path for file in launch.torrent.files)
    number = paths.index(str(launch.film)) + 1
    return f"/stream/film?link={quoted(launch.torrent.magnet)}&index={number}&play"


TORRSERVER = Tool(
    name="torrserver",
    argv=_torrserver_argv,
    find=served(_torrserver_path),
    missing=needs(*TORRSERVER_NAMES),
    version=lambda: said(first_of(*TORRSERVER_NAMES), "--version").removeprefix("TorrServer "),
    environment=lambda _: {"GODEBUG": "madvdontneed=1"},
)


def _torrest_argv(launch: Launch) -> list[str]:
    return [first_of("torrest"), "--port", str(launch.port), "--settings", str(launch.home / "settings.json")]


def _write_settings(launch: Launch) -> None:
    settings = {
        "download_path": str(launch.data),
        "torrents_path": str(launch.home / "torrents"),
        "disable_dht": not launch.dht,
    }
    launch.home.joinpath("settings.json").write_text(json.dumps(settings))


def _torrest_requests(launch: Launch) -> list[list[str]]:
    """As Elementum and Kodi's Torrest do: add the magnet, then buffer the file."""
    add = f"/add/magnet?uri={quoted(launch.torrent.magnet)}&ignore_duplicate=true&download=false"
    fetch = f"/torrents/{launch.torrent.infohash}/files/{launch.torrent.video}/download?buffer=true"
    return [asked(launch, add, "--request", "POST"), asked(launch, fetch, "--request", "PUT")]


TORREST = Tool(
    name="torrest",
    argv=_torrest_argv,
    find=served(lambda launch: f"/torrents/{launch.torrent.infohash}/files/{launch.torrent.video}/serve"),
    missing=needs("torrest"),
    version=lambda: said(first_of("torrest"), "--version"),
    requests=_torrest_requests,
    prepare=_write_settings,
)


def _stremio_path(launch: Launch) -> str:
    """The path that Stremio's player opens: info-hash, number of the file, and the trackers."""
    trackers = parse_qs(urlsplit(launch.torrent.magnet).query).get("tr", [])
    query = "&".join(f"tr={quoted('tracker:' + tracker)}" for tracker in trackers)
    return f"/{launch.torrent.infohash}/{launch.torrent.video}" + (f"?{query}" if query else "")


def _stremio_find(launch: Launch, process: int) -> str | None:
    moved = Launch(launch.torrent, launch.folder, STREMIO_PORT, launch.dht)
    return served(_stremio_path)(moved, process)


def _stremio_variables(launch: Launch) -> Mapping[str, str]:
    return {"APP_PATH": str(launch.data), "NO_CORS": "1"}


STREMIO = Tool(
    name="stremio",
    argv=lambda _: [first_of("stremio-server", "stremio-server-go")],
    find=_stremio_find,
    missing=needs("stremio-server", "stremio-server-go"),
    environment=_stremio_variables,
)
