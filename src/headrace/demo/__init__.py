"""The demo: a video made on the spot, a swarm of real seeds on loopback, and the whole real path between them.

Rules: nothing is staged. The magnet link names the seeds as peers (``x.pe``) and nothing else; metadata, pieces and
bytes take the way that they take in ``play``: the same session, server and players. Nothing leaves the machine, what
the user has set for real torrents does not count, and all files are gone at the end, whatever end it is.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from headrace import ending
from headrace.core import events
from headrace.demo.screens import DECODER
from headrace.demo.show import PATIENCE, SECONDS, Figure, Figures, Show
from headrace.errors import EngineError, PlayerError

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.session import Session
    from headrace.settings import Settings
    from headrace.streaming.registry import Torrents

__all__ = ["SECONDS", "SEEDS", "Figure", "Figures", "Making", "players", "run"]

SEEDS, SEED_RATE = 8, 160_000
"""Together 1.3 MB/s, five times what the video needs: what a seek skips is not there yet when it comes."""
PIECE_LENGTH = 256 * 1024
SEEKS = (0.25, 0.5, 0.8)
"""Places to seek to, as shares of the video."""


class Making(events.Note, frozen=True):
    """The video is being made; ``share`` of it is done, 0 to 1."""

    event: ClassVar[str] = "making"
    share: float


def run(settings: Settings, say: Say) -> int:
    """Run the demo; the exit code. Raises HeadraceError when some part of the path fails."""
    names = players(settings.player)

    async def main() -> int:
        with tempfile.TemporaryDirectory(prefix="headrace-demo-", ignore_cleanup_errors=True) as folder:
            await _demo(Path(folder), names, say)
        return 0

    return ending.run(main)


def players(wanted: str) -> list[str]:
    """The players to try, in order: the one that the user wants, or one that is here, and without either the decoder.

    Only players that tell their position can be timed. Raises PlayerError for others.
    """
    import os
    import sys

    from headrace.players import table
    from headrace.players.browser import has_screen

    tell = [name for name, player in table.PLAYERS.items() if player.link]
    if wanted:
        if wanted.lower() not in (*tell, "none"):
            raise PlayerError(
                f"The demo times pictures, and {wanted[:40]!r} does not tell when it shows one.",
                f"Choose one of {', '.join(tell)}, or none for a decoder without a window.",
            )
        return [DECODER if wanted.lower() == "none" else wanted]
    if not has_screen(sys.platform, os.environ):
        return [DECODER]
    return [*[found.name for found in table.find_all(table.this_machine()) if found.name in tell][:1], DECODER]


async def _demo(folder: Path, names: list[str], say: Say) -> None:
    from headrace.testing.local_swarm import LocalSwarm, SwarmFailed

    video = folder / "Headrace test card.mp4"
    await make(video, say)
    try:
        async with LocalSwarm(video, seeds=SEEDS, rate=SEED_RATE, piece_length=PIECE_LENGTH) as swarm:
            for number, name in enumerate(names):
                try:
                    await _stream(swarm.magnet, folder / f"data {number}", name, say)
                    return
                except PlayerError as error:
                    if name == names[-1]:
                        raise
                    say(events.Warning("player", f"{error.message} Trying without a window."))
    except SwarmFailed as error:
        raise EngineError(f"The demo's swarm failed: {error}.", "See: headrace doctor") from error


async def make(video: Path, say: Say) -> None:
    """The video, in a thread; what is told are ``Making`` notes."""
    from headrace.media import testcard

    loop = asyncio.get_running_loop()
    unwanted = threading.Event()

    def tell(share: float) -> None:
        if unwanted.is_set():
            raise EngineError("The demo was ended.")
        loop.call_soon_threadsafe(say, Making(round(share, 2)))

    try:
        await asyncio.to_thread(testcard.make, video, SECONDS, tell)
    finally:
        unwanted.set()


def quiet_session(folder: Path, torrents: Torrents | None = None) -> Session:
    """A session as ``play`` has it, but on loopback alone and with nothing of the user's settings and state."""
    from headrace.engine.base import EngineOptions
    from headrace.engine.libtorrent import LibtorrentEngine
    from headrace.session import Session
    from headrace.settings import Settings

    options = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
    settings = Settings(dir=folder, dht=False, port=0, keep=False, timeout=PATIENCE)
    return Session(settings, engine=LibtorrentEngine(options), torrents=torrents)


async def _stream(magnet: str, folder: Path, name: str, say: Say) -> None:
    """Magnet link in, pictures out; tells the figures. Raises HeadraceError."""
    from headrace import sources

    loaded = sources.load(magnet)
    async with quiet_session(folder) as session:
        began = asyncio.get_running_loop().time()
        torrent = session.adopt(session.begin(loaded))
        say(events.Starting(loaded.origin))
        torrent.subscribe(say)
        try:
            show = Show(session, torrent, name, began, say)
            await show.run()
        finally:
            status = torrent.status()
            await asyncio.shield(session.remove(torrent, delete_data=True))
        say(events.Done(round(show.played, 1), status.downloaded, status.uploaded))
