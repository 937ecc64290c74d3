"""Compiled streamers that a package manager installs: btfs, qBittorrent, rqbit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from bench import paths
from bench.tools.base import Launch, Tool, asked, first_of, mounted, needs, said, served

WEB_PORT = 8081
"""Of qBittorrent's web interface."""

QBITTORRENT_SETTINGS = """\
[LegalNotice]
Accepted=true
[Preferences]
WebUI\\LocalHostAuth=false
WebUI\\Port={web_port}
WebUI\\Address=127.0.0.1
[BitTorrent]
Session\\DHTEnabled={dht}
Session\\LSDEnabled=false
Session\\Port=6881
Session\\DefaultSavePath={data}
[Network]
PortForwardingEnabled=false
"""


def _btfs_argv(launch: Launch) -> list[str]:
    return ["btfs", "-f", f"--data-directory={launch.data}", launch.torrent.magnet, str(launch.mount)]


def _unmount(launch: Launch) -> None:
    """Lazily: a reader of a file that never came would hold it."""
    subprocess.run(["umount", "--lazy", str(launch.mount)], capture_output=True, check=False)


BTFS = Tool(
    name="btfs",
    argv=_btfs_argv,
    find=mounted,
    missing=needs("btfs"),
    version=lambda: said("btfs", "--version").removeprefix("btfs version: "),
    clean=_unmount,
)


def _qbittorrent_argv(launch: Launch) -> list[str]:
    words = [sys.executable, "-m", "bench.tools.careful", launch.torrent.magnet, str(launch.data)]
    words += ["--port", str(launch.port), "--profile", str(launch.home / "profile")]
    return [*words, "--web-port", str(WEB_PORT), "--infohash", launch.torrent.infohash]


def _write_settings(launch: Launch) -> None:
    path = launch.home / "profile" / "qBittorrent" / "config" / "qBittorrent.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    dht = "true" if launch.dht else "false"
    path.write_text(QBITTORRENT_SETTINGS.format(web_port=WEB_PORT, data=launch.data, dht=dht))


def _importable(_: Launch) -> Mapping[str, str]:
    return {"PYTHONPATH": str(paths.ROOT)}


QBITTORRENT = Tool(
    name="qbittorrent",
    argv=_qbittorrent_argv,
    find=served(lambda _: "/"),
    missing=needs("qbittorrent-nox"),
    version=lambda: said("qbittorrent-nox", "--version").removeprefix("qBittorrent v"),
    environment=_importable,
    prepare=_write_settings,
)


def _rqbit_argv(launch: Launch) -> list[str]:
    words = [first_of("rqbit"), "--http-api-listen-addr", f"127.0.0.1:{launch.port}", "--disable-dht-persistence"]
    words += [] if launch.dht else ["--disable-dht"]
    return [*words, "download", "--output-folder", str(launch.data), "--overwrite", launch.torrent.magnet]


def _rqbit_requests(launch: Launch) -> list[list[str]]:
    """The torrent is known to the server once its metadata are there; until then a stream is answered with 404."""
    return [asked(launch, "/torrents/0")]


RQBIT = Tool(
    name="rqbit",
    argv=_rqbit_argv,
    find=served(lambda launch: f"/torrents/0/stream/{launch.torrent.video}"),
    missing=needs("rqbit"),
    version=lambda: said(first_of("rqbit"), "--version").removeprefix("rqbit "),
    requests=_rqbit_requests,
)
