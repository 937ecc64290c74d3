"""One torrent as its users see it: files, readers, state.

Rules: it exists, and its info-hash is known, before its metadata; whatever needs the metadata waits for it. Engine
events come in through ``handle_event``; what users are told goes out through ``subscribe``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import choose
from headrace.core.choice import Choice
from headrace.core.events import Metadata, Note, Progress, Selected
from headrace.core.events import Warning as WarningNote
from headrace.core.media_types import kind_of
from headrace.core.pieces import FileEntry, Layout
from headrace.engine import base
from headrace.errors import EngineError, HeadraceError, InputError, SwarmError
from headrace.streaming.conductor import Conductor
from headrace.streaming.meeting import until_peers
from headrace.streaming.monitor import Monitor, Status
from headrace.streaming.peers import PeerSample
from headrace.streaming.reader import Reader, StreamFailed
from headrace.streaming.retry import Retry
from headrace.streaming.warmup import WarmUp

DISK_RETRY = 5.0
"""Seconds after a disk error until writing is tried again."""
ANSWER = 0.5
"""Seconds that the engine has to tell its counters at the end."""
Subscriber = Callable[[Note], None]


class File:
    """One file of a torrent."""

    def __init__(self, torrent: Torrent, entry: FileEntry) -> None:
        self.torrent, self.entry = torrent, entry
        self.index, self.path, self.name, self.size = entry.index, entry.path, entry.name, entry.size
        self.kind = kind_of(entry.path)

    def open(self, position: int = 0, eager: str | None = None) -> Reader:
        """A reader at this byte; the file's window is wanted until it is closed."""
        return self.torrent.open(self, position, eager)

    def open_aside(self) -> Reader:
        """A reader for nobody who watches: those who do come first, and the container's index is not looked for."""
        return self.torrent.open(self, eager="off", aside=True)

    def __repr__(self) -> str:
        return f"<File {self.index} {self.path!r}, {self.size} bytes>"


class Torrent:
    """A torrent of an engine. Made by the session that adds it."""

    def __init__(
        self,
        handle: base.EngineTorrent,
        *,
        name: str = "",
        info_hashes: Sequence[str] = (),
        choice: Choice = Choice(),
    ) -> None:
        self.handle = handle
        self.info_hash = handle.info_hash
        self.info_hashes = frozenset({handle.info_hash, *info_hashes})
        self.name = name or handle.info_hash
        self.layout: Layout | None = None
        self.files: tuple[File, ...] = ()
        self.goals: tuple[File, ...] = ()
        self.chosen: File | None = None
        self.conductor: Conductor | None = None
        self.error = ""
        self.failed_pieces = 0
        self.paused = False
        self.limits, self.held = (0, 0), 0
        self.resume_saved: Callable[[bytes], None] | None = None
        self.pieces_came: Callable[[int], None] | None = None
        self.disk_full: Callable[[], None] | None = None
        self._choice = choice
        self._known: asyncio.Future[Layout] = asyncio.get_running_loop().create_future()
        self._known.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._warm: dict[int, WarmUp] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscribers: list[Subscriber] = []
        self._removed = asyncio.Event()
        self.disk_retry = Retry(DISK_RETRY, self._try_disk)
        self.peer_sample = PeerSample(handle.request_peers)
        self.monitor = Monitor(self, self.say)
        self.monitor.start()

    # metadata and files
    async def metadata(self, timeout: float | None = None) -> Layout:
        """The files and pieces, once known; ``SwarmError`` after ``timeout`` seconds."""
        try:
            # not wait_for: before Python 3.12 it loses a cancellation that comes together with the result
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._known)
        except TimeoutError:
            status = self.monitor.status()
            raise SwarmError(
                f"No metadata within {timeout:.0f} s: {status.peers} peers connected.",
                "Is the swarm alive? Try a longer --timeout, --tracker URL or --peer HOST:PORT.",
                kind="no_metadata",
            ) from None

    async def until_peers(self, done: asyncio.Future[Any], timeout: float, *, data_will_do: bool = False) -> None:
        """Return when a peer was met or ``done`` has ended; ``SwarmError`` after ``timeout`` seconds (0: never).

        With ``data_will_do`` also when some of the chosen files is there: that can be played without anybody. While
        what lies on the disk is checked, no time passes: who is needed is known after that.
        """
        await until_peers(self.subscribe, done, timeout, lambda note: data_will_do and self.share_of_goals() > 0.0)

    def file(self, index: int) -> File:
        """The file with the torrent's index."""
        for file in self.files:
            if file.index == index:
                return file
        raise InputError(f"The torrent has no file {index}.", "`headrace files` lists them.", kind="no_file")

    def main_video(self) -> File:
        """The file that was chosen, else the main video."""
        if self.chosen is not None:
            return self.chosen
        return self.file(choose.main_video(self._entries()).index)

    def find(self, selector: str) -> File:
        """A file by index, glob, part of its name, or episode (``S02E05``)."""
        return self.file(choose.select(self._entries(), selector).index)

    def playlist(self) -> list[File]:
        """All that plays, in natural order."""
        return [self.file(entry.index) for entry in choose.playlist(self._entries())]

    def _entries(self) -> tuple[FileEntry, ...]:
        return tuple(file.entry for file in self.files)

    # reading
    def open(self, file: File, position: int = 0, eager: str | None = None, *, aside: bool = False) -> Reader:
        """A reader on one of the files, from a byte on; see ``File.open_aside``."""
        if self.conductor is None or self.layout is None:
            raise RuntimeError("the metadata is not there yet")
        if not aside:
            self._warm_up(file)
        path = self.handle.path_of(file.index)
        eager = eager or self._choice.eager
        return Reader(self.conductor, self.layout, file.entry, path, position, eager, aside=aside)

    def warm_of(self, file: File | None) -> WarmUp | None:
        """What is known of a file's index."""
        return self._warm.get(file.index) if file is not None else None

    def _warm_up(self, file: File) -> None:
        if file.index in self._warm or self.conductor is None or self.layout is None or not file.size:
            return
        warm = WarmUp(self.conductor, self.layout, file.entry, self.handle.path_of(file.index))
        self._warm[file.index] = warm
        task = asyncio.get_running_loop().create_task(self._walk(warm))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _walk(self, warm: WarmUp) -> None:
        with contextlib.suppress(HeadraceError, OSError):
            await warm.run()
            self.monitor.pieces_came()

    @property
    def wanted(self) -> tuple[File, ...]:
        """What is fetched whole; if nothing is, the file that would play."""
        return self.goals or ((self.chosen,) if self.chosen is not None else ())

    def share_of_goals(self) -> float:
        """How much of the chosen files is there, 0 to 1, by pieces."""
        have, layout, wanted = self.handle.have, self.layout, self.wanted
        if layout is None or not have or not wanted:
            return 0.0
        ranges = [layout.pieces_of(file.entry.span) for file in wanted]
        total = sum(len(pieces) for pieces in ranges)
        return sum(have.count(1, pieces.start, pieces.stop) for pieces in ranges) / total if total else 1.0

    def status(self) -> Status:
        """The state now."""
        return self.monitor.status()

    async def last_status(self) -> Status:
        """The state now, with counters that are not up to a second old; for totals at the end."""
        told = asyncio.Event()
        unsubscribe = self.subscribe(lambda note: told.set() if isinstance(note, Progress) else None)
        self.handle.request_stats()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER):
                await told.wait()
        unsubscribe()
        return self.status()

    # telling
    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear what happens; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    def say(self, note: Note) -> None:
        """Tell all who listen."""
        for subscriber in tuple(self._subscribers):
            subscriber(note)

    # the engine's events
    def handle_event(self, event: base.Event) -> None:
        """Something happened to this torrent."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _metadata(self, event: base.MetadataReady) -> None:
        layout = self.layout = event.layout
        self.name = layout.name
        self.files = tuple(File(self, entry) for entry in layout.listed())
        self.conductor = Conductor(self.handle, follows=self._choice.on_demand)
        self.conductor.start(layout)
        self.say(self.described())
        try:
            if not self._choice.metadata_only:
                self._choose()
        except InputError as error:
            self.error = error.message
            self._known.set_exception(error)
            return
        self._known.set_result(layout)

    def described(self) -> Metadata:
        """What the metadata says, as it is told."""
        assert self.layout is not None
        files = tuple({"index": f.index, "path": f.path, "size": f.size, "kind": f.kind} for f in self.files)
        size = sum(file.size for file in self.files)
        return Metadata(self.info_hash, self.layout.name, size, self.layout.piece_length, files)

    def _choose(self) -> None:
        assert self.conductor is not None
        choice = self._choice
        if choice.whole and choice.all:
            self.goals = tuple(file for file in self.files if file.size)
        elif choice.all:
            self.goals = tuple(self.playlist())
            self.chosen = self.goals[0] if self.goals else self.main_video()
        else:
            self.chosen = self.find(choice.selector) if choice.selector else self.main_video()
            wanted = frozenset(choice.files)
            self.goals = tuple(f for f in self.files if f.index in wanted) if choice.on_demand else (self.chosen,)
        if choice.whole:
            self.handle.choose_files(frozenset(file.index for file in self.goals))
        if self.chosen is not None:
            self.say(Selected(self.chosen.index, self.chosen.path, self.chosen.size))
            self._warm_up(self.chosen)
        self.conductor.set_goals([file.entry for file in self.goals])

    def set_paused(self, paused: bool) -> None:
        """Nothing is fetched or sent while it is paused; readers wait."""
        self.paused = paused
        self.handle.set_paused(paused)

    def set_limits(self, down: int, up: int) -> None:
        """Most bytes a second, 0 for no limit of its own."""
        self.limits = (down, up)
        self.hold(self.held)

    def hold(self, most: int) -> None:
        """For the sake of other torrents no more bytes a second than this come, 0 for no such limit."""
        self.held, (down, up) = most, self.limits
        self.handle.set_limits(min(down or most, most or down), up)

    def fetch(self, files: Sequence[File]) -> None:
        """These are to be fetched whole in the end, in this order, instead of what was chosen before."""
        self.goals = tuple(files)
        if self.conductor is not None:
            self.conductor.set_goals([file.entry for file in files])

    def _pieces(self, event: base.PiecesReady) -> None:
        self.monitor.gauge.disk_error = ""
        if self.conductor is not None:
            self.conductor.pieces_ready(event.pieces)
            self.monitor.pieces_came()
        if self.pieces_came is not None:
            self.pieces_came(len(event.pieces))

    def _taken(self, event: base.PiecesTaken) -> None:
        if self.conductor is not None:
            self.conductor.pieces_taken(event.pieces)

    def _piece_failed(self, event: base.PieceFailed) -> None:
        self.failed_pieces += 1
        if self.conductor is not None:
            self.conductor.piece_failed(event.piece)
            for index, warm in tuple(self._warm.items()):
                if warm.doubts(event.piece):
                    del self._warm[index]
                    self._warm_up(self.file(index))
        self.say(WarningNote("hash", f"A peer sent wrong data for piece {event.piece}; it is fetched again."))

    def _block(self, event: base.BlockArrived) -> None:
        if self.conductor is not None:
            self.conductor.block_arrived(event.piece, event.block, event.trusted)

    def _failed(self, event: base.TorrentFailed) -> None:
        if event.kind in ("disk", "disk_full"):
            self._disk_failed(event)
            return
        self.error = event.message
        self._end(EngineError(f"The torrent failed: {event.message}."))

    def _disk_failed(self, event: base.TorrentFailed) -> None:
        """The engine stops fetching then; try again now and then, since somebody may make room."""
        gauge = self.monitor.gauge
        if gauge.disk_error != event.message:
            gauge.disk_error = event.message
            self.say(WarningNote(event.kind, event.message))
        self.disk_retry.later()
        if event.kind == "disk_full" and self.disk_full is not None:
            self.disk_full()

    def _try_disk(self) -> None:
        if not self.paused:
            self.handle.set_paused(False)

    def _tracker(self, event: base.TrackerReplied) -> None:
        if event.error:
            self.say(WarningNote("tracker", f"{event.url}: {event.error}"))

    def _peers(self, event: base.Peers) -> None:
        self.monitor.peers(event)
        self.peer_sample.told(event.peers)

    def _resume(self, event: base.ResumeSaved) -> None:
        if self.resume_saved is not None:
            self.resume_saved(event.data)

    def _gone(self, _: base.TorrentRemoved) -> None:
        self._end(EngineError("The torrent was removed."))
        self._removed.set()

    def _end(self, error: HeadraceError) -> None:
        if not self._known.done():
            self._known.set_exception(error)
        if self.conductor is not None:
            self.conductor.fail(StreamFailed(error.message))

    async def remove(self, *, delete_data: bool) -> None:
        """End it: readers fail, the engine lets go; returns when it did."""
        self.close()
        self.handle.remove(delete_data=delete_data)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._removed.wait(), 5)

    def close(self) -> None:
        """Readers end, nothing is sampled any more; data stays, and so does the torrent in the engine."""
        self.monitor.stop()
        self.disk_retry.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        self._end(EngineError("The torrent was closed."))


_HANDLERS: dict[type[base.Event], Callable[[Torrent, Any], None]] = {
    base.MetadataReady: Torrent._metadata,
    base.PiecesReady: Torrent._pieces,
    base.PiecesTaken: Torrent._taken,
    base.PieceFailed: Torrent._piece_failed,
    base.BlockArrived: Torrent._block,
    base.Stats: lambda torrent, event: torrent.monitor.stats(event),
    base.Peers: Torrent._peers,
    base.ResumeSaved: Torrent._resume,
    base.TrackerReplied: Torrent._tracker,
    base.TorrentFailed: Torrent._failed,
    base.TorrentRemoved: Torrent._gone,
}
