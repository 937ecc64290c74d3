"""A launch, for the tables of argument vectors."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.media import File, Torrent
from bench.tools.base import Launch

MAGNET = "magnet:?xt=urn:btih:" + "ab" * 20 + "&tr=udp%3a%2f%2f198.18.0.1%3a6969%2fannounce"


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Of a film behind another file."""
    torrent = Torrent(
        key="multi",
        file=Path("/torrents/multi.torrent"),
        magnet=MAGNET,
        infohash="ab" * 20,
        infohash_v2=None,
        files=(File("multi/01 - readme.nfo", 4321), File("multi/04 - film.mp4", 700_000_000)),
        video=1,
        piece_length=1 << 20,
        pieces=668,
        duration=1200.0,
        content=Path("/media"),
    )
    return Launch(torrent, tmp_path / "run", port=8890)
