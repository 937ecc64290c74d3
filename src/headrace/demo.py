"""The demo: a video made on the spot, a swarm of real seeds on loopback, and the whole real path between them.

Rules: nothing is staged. The magnet link names the seeds as peers (``x.pe``) and nothing else; metadata, pieces and
bytes take the way that they take in ``play``: the same session, server and players. Nothing leaves the machine, what
the user has set for real torrents does not count, and all files are gone at the end, whatever end it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from headrace.core import events
from headrace.errors import EngineError, HeadraceError, PlayerError
from headrace.players.base import Media, PlayerState, Running

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.http.server import Server
    from headrace.session import Session
    from headrace.settings import Settings
    from headrace.streaming.torrent import Torrent

SECONDS = 60
"""Length of the video: 16 MB at its bitrate."""
SEEDS, SEED_RATE = 8, 160_000
"""Together 1.3 MB/s, five times what the video needs: what a seek skips is not there yet when it comes."""
PIECE_LENGTH = 256 * 1024
SEEKS = (0.25, 0.5, 0.8)
"""Places to seek to, as shares of the video."""
WATCHED = 1.0
"""Seconds that are watched before each seek and after the last."""
PATIENCE = 60.0
"""Seconds to wait for a picture before the demo has failed."""
EARLY, LATE = 0.5, 5.0
"""Seconds by which a position may be before or behind the wished one and still be its picture."""
MOVED = 0.2
"""Seconds behind the wished position that prove that pictures move: players tell the position that they go to before
they show it."""
DECODER = "decoder"
"""The player without a window."""
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Making(events.Note):
    """The video is being made; ``share`` of it is done, 0 to 1."""

    event: ClassVar[str] = "making"
    share: float


@dataclass(frozen=True, slots=True)
class Figure(events.Note):
    """A picture that was waited for. ``what`` is first_frame or seek; ``seconds`` is how long it took.

    ``position`` in seconds of the video; ``downloaded``: whether that place was there already when it was asked for.
    """

    event: ClassVar[str] = "figure"
    what: str
    position: float
    seconds: float
    downloaded: bool


@dataclass(frozen=True, slots=True)
class Figures(events.Note):
    """All of them. ``first_frame`` counts from the magnet link on; ``frames`` are those decoded, None if unknown."""

    event: ClassVar[str] = "figures"
    player: str
    first_frame: float
    seeks: tuple[dict[str, Any], ...]
    frames: int | None


class Player(Protocol):
    """Whoever shows the video."""

    async def seek(self, seconds: float) -> bool:
        """Go there; False when it cannot."""

    async def stop(self) -> None:
        """End it."""


def run(settings: Settings, say: Say) -> int:
    """Run the demo; the exit code. Raises HeadraceError when some part of the path fails."""
    names = players(settings.player)

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            with tempfile.TemporaryDirectory(prefix="headrace-demo-", ignore_cleanup_errors=True) as folder:
                await _demo(Path(folder), names, say)
        except asyncio.CancelledError:
            return INTERRUPTED
        return 0

    return asyncio.run(main())


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
    await _make(video, say)
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


async def _make(video: Path, say: Say) -> None:
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


def _session(folder: Path) -> Session:
    """A session as ``play`` has it, but on loopback alone and with nothing of the user's settings and state."""
    from headrace.engine.base import EngineOptions
    from headrace.engine.libtorrent import LibtorrentEngine
    from headrace.session import Session
    from headrace.settings import Settings

    options = EngineOptions(listen=("127.0.0.1:0",), dht=False, lsd=False, port_mapping=False)
    settings = Settings(dir=folder, dht=False, port=0, keep=False, timeout=PATIENCE)
    return Session(settings, engine=LibtorrentEngine(options))


async def _stream(magnet: str, folder: Path, name: str, say: Say) -> None:
    """Magnet link in, pictures out; tells the figures. Raises HeadraceError."""
    from headrace import sources

    loaded = sources.load(magnet)
    async with _session(folder) as session:
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


class Show:
    """One video watched once by one player."""

    def __init__(self, session: Session, torrent: Torrent, name: str, began: float, say: Say) -> None:
        """``began``: when the magnet link was handed over, on the event loop's clock."""
        self._session, self._torrent, self._name, self._say = session, torrent, name, say
        self._loop = asyncio.get_running_loop()
        self._began = began
        self._wish: tuple[float, asyncio.Future[float]] | None = None
        self._paused_since = False
        self._state = ""
        self._pictures: int | None = None
        self._last: float | None = None
        self.played = 0.0

    async def run(self) -> None:
        """Serve, watch, seek; tell the figures."""
        from headrace.http.server import Server

        torrent, settings = self._torrent, self._session.settings
        server = Server(self._session.torrents, host=settings.host, port=settings.port)
        player: asyncio.Future[Player] | None = None
        try:
            await server.start()
            self._say(events.Serving(server.url(torrent, None), server.playlist_url(torrent), server.port))
            first = self._wait_for(0.0)
            player = asyncio.ensure_future(self._player(server))
            await self._watch(player, first)
        finally:
            if player is not None:
                await asyncio.shield(_stop(player))
            await asyncio.shield(server.aclose())

    async def _player(self, server: Server) -> Player:
        """Started before the metadata where that is possible, as ``play`` does."""
        from headrace.playing import EARLY_PLAYERS

        if self._name == DECODER:
            return Decoder(server.url(self._torrent, None), self.heard, self._failed)
        from headrace.players.base import launch

        file = None
        if self._name not in EARLY_PLAYERS:
            await self._torrent.metadata(self._session.settings.timeout)
            file = self._torrent.main_video()
        running = await launch(self._name, Media(server.url(self._torrent, file), "Headrace demo"), self.heard)
        return _Timed(running, self._failed)

    async def _watch(self, player: asyncio.Future[Player], first: asyncio.Future[float]) -> None:
        took = await self._until(first, player) - self._began
        self._say(Figure("first_frame", 0.0, round(took, 3), False))
        seeks = []
        for share in SEEKS:
            await asyncio.sleep(WATCHED)
            figure = await self._seek(player.result(), share)
            self._say(figure)
            seeks.append({"share": share, **figure.as_dict()})
        await asyncio.sleep(WATCHED)
        told = tuple({key: seek[key] for key in ("share", "position", "seconds", "downloaded")} for seek in seeks)
        self._say(Figures(self._name, round(took, 3), told, self._pictures))

    async def _seek(self, player: Player, share: float) -> Figure:
        position = round(share * SECONDS, 1)
        there = self._is_there(share)
        asked = self._loop.time()
        shown = self._wait_for(position)
        if not await player.seek(position):
            raise PlayerError(f"{self._name} did not seek.")
        took = await self._until(shown) - asked
        return Figure("seek", position, round(took, 3), there)

    def _is_there(self, share: float) -> bool:
        """Whether the piece at that share of the file is checked already. (The bitrate is even.)"""
        torrent = self._torrent
        if torrent.layout is None:
            return False
        file = torrent.main_video()
        return bool(torrent.handle.have[torrent.layout.piece_at(file.entry.offset + int(share * file.size))])

    def _wait_for(self, position: float) -> asyncio.Future[float]:
        """Becomes the moment at which the picture at ``position`` is shown."""
        shown: asyncio.Future[float] = self._loop.create_future()
        shown.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._wish, self._paused_since = (position, shown), False
        return shown

    async def _until(self, shown: asyncio.Future[float], player: asyncio.Future[Player] | None = None) -> float:
        """Raises whatever the player's start or the player itself failed with, and PlayerError after ``PATIENCE``."""
        try:
            async with asyncio.timeout(PATIENCE):
                if player is not None:
                    await player
                return await shown
        except TimeoutError:
            detail = f" {self._torrent.error}" if self._torrent.error else ""
            raise PlayerError(f"{self._name} showed no picture within {PATIENCE:.0f} s.{detail}") from None

    def heard(self, state: PlayerState) -> None:
        """What the player tells; in the event loop."""
        monitor = self._torrent.monitor
        if state.position is not None:
            if self._last is not None and 0 < state.position - self._last < LATE:
                self.played += state.position - self._last
            self._last = state.position
            monitor.position = round(state.position, 1)
            if self._name == DECODER and state.state == "playing":
                self._pictures = (self._pictures or 0) + 1
        monitor.duration = state.duration or monitor.duration
        if state.state != self._state:
            self._state = state.state
            self._say(events.Player(self._name, state.state))
        if state.state == "failed":
            self._failed(PlayerError(f"{self._name} failed: {state.detail or 'it did not say why'}."))
        elif state.state != "playing":
            self._paused_since = True
        elif state.position is not None:
            self._meet(state.position)

    def _meet(self, position: float) -> None:
        """The wish is met by a position near it, once the player had stopped for it or has moved on from it."""
        if self._wish is None or not -EARLY <= position - self._wish[0] <= LATE:
            return
        ahead = max(position - self._wish[0], 0.0)
        if not self._paused_since and ahead < MOVED:
            return
        shown, self._wish = self._wish[1], None
        if not shown.done():  # told late, it was shown earlier by what has been played since
            shown.set_result(self._loop.time() - ahead)

    def _failed(self, error: HeadraceError) -> None:
        """The player is gone, or will never show a picture."""
        if self._wish is not None and not self._wish[1].done():
            self._wish[1].set_exception(error)


async def _stop(player: asyncio.Future[Player]) -> None:
    """End a player, if it was started."""
    player.cancel()
    with contextlib.suppress(HeadraceError, asyncio.CancelledError):
        await (await player).stop()


class _Timed:
    """A real player; that it ended by itself (its window was closed) is an end for the demo too."""

    def __init__(self, running: Running, failed: Callable[[HeadraceError], None]) -> None:
        self._running = running
        self._watching = asyncio.ensure_future(self._watch(failed))

    async def _watch(self, failed: Callable[[HeadraceError], None]) -> None:
        await self._running.wait()
        failed(PlayerError(f"{self._running.name} was closed before the demo was over."))

    async def seek(self, seconds: float) -> bool:
        return await self._running.seek(seconds)

    async def stop(self) -> None:
        self._watching.cancel()
        await self._running.stop()


class Decoder:
    """The viewer of ``headrace.media`` in a thread of its own, heard in the event loop as players are."""

    def __init__(self, url: str, heard: Callable[[PlayerState], None], failed: Callable[[HeadraceError], None]) -> None:
        from headrace.media.viewer import Viewer

        self._loop = asyncio.get_running_loop()
        self._heard, self._failed = heard, failed
        self._viewer = Viewer(url, lambda shown: self._tell(PlayerState("playing", shown.position, shown.duration)))
        self._gone = asyncio.Event()
        heard(PlayerState("starting"))
        # A daemon: a read that blocks in the kernel must not keep the process alive.
        threading.Thread(target=self._run, name="decoder", daemon=True).start()

    def _run(self) -> None:
        error = PlayerError("The video ended before the demo was over.")
        try:
            self._viewer.run()
        except PlayerError as problem:
            error = problem
        self._call(lambda: self._failed(error))
        self._call(self._gone.set)

    def _tell(self, state: PlayerState) -> None:
        self._call(lambda: self._heard(state))

    def _call(self, work: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(work)

    async def seek(self, seconds: float) -> bool:
        """Go there."""
        self._heard(PlayerState("buffering"))
        self._viewer.seek(seconds)
        return True

    async def stop(self) -> None:
        """End it; waits for a moment at most, since the server's end ends a read that blocks."""
        self._viewer.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), 0.5)
