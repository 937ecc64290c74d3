"""The stage: a torrent of films, a fake swarm, the real streaming layer, and a transcript of all that happens.

Rules: a story is told twice, from nothing, and both transcripts must be equal to the last figure. When a story fails
its transcript is printed. Every story ends with nobody left reading and nothing left running.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from headrace.core.choice import Choice
from headrace.core.events import Metadata, Note, Progress
from headrace.core.pieces import BLOCK
from headrace.core.spans import Span
from headrace.engine.base import AddRequest
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent
from headrace.testing.clock import run
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_swarm import Content, FakeFile, FakePeer, FakeSwarm
from simkit.films import KIB, Film
from simkit.ledger import Ledger
from simkit.viewer import Viewer

N = TypeVar("N", bound=Note)
T = TypeVar("T")
Story = Callable[..., Coroutine[Any, Any, None]]

RATE = 300_000
HEALTHY = tuple(FakePeer(rate=RATE, rtt=0.05) for _ in range(10))
"""3 MB/s: about five times what the film needs."""
PIECE = 64 * KIB


@dataclass(frozen=True)
class Scene:
    """What a story begins with. ``films`` by name; ``files`` instead of them for torrents of another shape."""

    films: tuple[str, ...] = ("last.mp4",)
    peers: tuple[FakePeer, ...] = HEALTHY
    piece: int = PIECE
    downlink: float = math.inf
    choice: Choice = field(default_factory=Choice)
    files: tuple[FakeFile, ...] = ()
    bitrate: float = 0.0
    before: int = 0
    """Bytes of another file in front of the films, so that they begin in the middle of a piece."""


class Sim:
    """One telling of a story."""

    def __init__(self, scene: Scene, films: dict[str, Film], folder: Path) -> None:
        self.scene = scene
        self.films = [films[name] for name in scene.films] if not scene.files else []
        files = list(scene.files) or [one.file() for one in self.films]
        if scene.before:
            files.insert(0, FakeFile("notes.nfo", scene.before))
        self._first = 1 if scene.before else 0
        if len(files) == 1:
            files = [FakeFile("", files[0].size, files[0].parts)]
        self.content = Content(files, scene.piece, files[0].path or "film.mp4")
        if len(files) > 1:
            self.content = Content(files, scene.piece, "films")
        elif self.films:
            self.content = Content(files, scene.piece, self.films[0].name)
        self.swarm = FakeSwarm(self.content, scene.peers, downlink=scene.downlink)
        self.engine = FakeEngine(self.swarm)
        self.lines: list[str] = []
        self.told: list[tuple[float, Note]] = []
        self.viewers: list[Viewer] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self._folder = folder

    # beginning and end
    def begin(self) -> None:
        """Add the torrent by its magnet link."""
        self._loop = asyncio.get_running_loop()
        self.engine.start()
        self.torrents = Torrents()
        self.engine.attach(self.torrents.dispatch)
        self.handle = self.engine.add(AddRequest(self.content.info_hash, self._folder, magnet=self.content.magnet))
        self.torrent = Torrent(self.handle, choice=self.scene.choice)
        self.torrents.add(self.torrent)
        self.torrent.subscribe(self._hear)
        self.ledger = Ledger(self.content.layout, self.handle.changes, self.handle.arrivals)

    async def end(self) -> None:
        for viewer in self.viewers:
            viewer.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        left = self.torrent.conductor.places if self.torrent.conductor else {}
        self.torrent.close()
        await self.engine.aclose()
        assert not left, "somebody reads on"

    # telling
    def now(self) -> float:
        return self._loop.time()

    def note(self, line: str) -> None:
        self.lines.append(f"{self.now():8.3f}  {line}")

    def _hear(self, note: Note) -> None:
        self.told.append((self.now(), note))
        if not isinstance(note, Progress):
            self.note(f"told: {note.as_dict()}")

    def transcript(self) -> list[str]:
        """All that was done, told, wanted and had, by time."""
        log = [f"{at:8.3f}  want {c.want} drop {c.drop} jump {c.jump}" for at, c in self.handle.changes]
        log += [f"{at:8.3f}  piece {piece}" for at, piece in self.handle.arrivals]
        return sorted([*self.lines, *log], key=lambda line: float(line[:8]))

    def figures(self) -> tuple[object, ...]:
        """What two tellings must have in common, to the last digit."""
        return (self.lines, self.told, self.handle.changes, self.handle.arrivals)

    @property
    def metadata_at(self) -> float:
        """When the torrent's files were known."""
        return self.times(Metadata)[0]

    def notes(self, kind: type[N], since: float = 0.0) -> list[N]:
        return [note for at, note in self.told if isinstance(note, kind) and at >= since]

    def times(self, kind: type[Note], since: float = 0.0) -> list[float]:
        return [at for at, note in self.told if isinstance(note, kind) and at >= since]

    # the torrent
    def truth(self, index: int, start: int, count: int) -> bytes:
        """These bytes of a file as they really are; fewer at its end."""
        file = self.content.layout.file(index)
        return self.content.read(Span(start, start + count).clip(file.size).shift(file.offset))

    def film_of(self, index: int) -> Film:
        return self.films[index - self._first]

    def bitrate_of(self, index: int) -> float:
        return self.scene.bitrate or self.film_of(index).bitrate

    def pieces(self, index: int = 0) -> range:
        """The pieces of a film."""
        layout = self.content.layout
        return layout.pieces_of(layout.file(index + self._first).span)

    def piece_at(self, position: int, index: int = 0) -> int:
        """The piece with this byte of a film."""
        return self.content.layout.piece_at(self.content.layout.file(index + self._first).offset + position)

    def whole(self, index: int = 0) -> bool:
        return all(self.handle.have[piece] for piece in self.pieces(index))

    # what people do
    async def viewer(self, index: int = 0, name: str = "viewer", eager: str | None = None) -> Viewer:
        """Somebody who will watch a film; the metadata is waited for."""
        await self.torrent.metadata()
        made = Viewer(self, self.torrent.file(index + self._first), name, eager)
        self.viewers.append(made)
        return made

    def go(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do it meanwhile; it ends with the story at the latest."""
        task = self._loop.create_task(work)
        self.tasks.append(task)
        return task

    async def until(self, true: Callable[[], object], what: str, within: float = 60.0) -> float:
        """Look each hundredth of a second; returns when it was so."""
        began = self.now()
        while not true():
            assert self.now() - began < within, f"{what} did not happen within {within:g} s"
            await asyncio.sleep(0.01)
        return self.now()

    @staticmethod
    async def pause(seconds: float) -> None:
        await asyncio.sleep(seconds)


def total(peers: Sequence[FakePeer]) -> float:
    """What all of them deliver, bytes a second."""
    return sum(peer.rate for peer in peers)


def physics(peers: Sequence[FakePeer], size: int, trips: float) -> float:
    """What nobody can beat: ``trips`` round trips, one block of the slowest peer, and ``size`` bytes from all."""
    slowest = min(peer.rate for peer in peers)
    return trips * max(peer.rtt for peer in peers) + BLOCK / slowest + size / total(peers)


async def _tell(story: Story, sim: Sim, arguments: dict[str, Any]) -> None:
    sim.begin()
    try:
        await story(sim, **arguments)
    except BaseException:
        print("\n".join(sim.transcript()))
        raise
    finally:
        await sim.end()


def simulated(**scene: Any) -> Callable[[Story], Callable[..., None]]:
    """Make a story a test: it is told twice in virtual time, and both tellings must be equal."""

    def decorate(story: Story) -> Callable[..., None]:
        def test(tmp_path: Path, cinema: dict[str, Film], **arguments: Any) -> None:
            given = {**scene, **{key: value for key, value in arguments.items() if key in Scene.__dataclass_fields__}}
            figures = []
            for time in ("once", "again"):
                sim = Sim(Scene(**given), cinema, tmp_path / time)
                run(_tell(story, sim, arguments), limit=600)
                figures.append(sim.figures())
            assert figures[0] == figures[1], "the same story went differently"

        extra = [p for p in inspect.signature(story).parameters.values() if p.name != "sim"]
        here = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in ("tmp_path", "cinema")]
        test.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*here, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in extra)]
        )
        test.__name__, test.__qualname__, test.__doc__ = story.__name__, story.__qualname__, story.__doc__
        test.__module__ = story.__module__
        return test

    return decorate


__all__ = ["HEALTHY", "PIECE", "RATE", "Scene", "Sim", "physics", "simulated", "total"]
