from __future__ import annotations

from pathlib import Path

from headrace.core.events import Note, Warning
from headrace.core.pieces import FileEntry, Layout
from headrace.engine.base import MetadataReady, TrackerReplied
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent
from headrace.testing.clock import virtual_time

V1, V2 = "ab" * 20, "cd" * 32
LAYOUT = Layout("video.mkv", 16384, 100, (FileEntry(0, "video.mkv", 100, 0),))


class Handle:
    """An engine's torrent that does nothing."""

    have = bytearray()

    def __init__(self, info_hash: str) -> None:
        self.info_hash = info_hash

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: Path()


def torrent(info_hash: str, *more: str) -> Torrent:
    return Torrent(Handle(info_hash), info_hashes=more)  # type: ignore[arg-type]


@virtual_time
async def test_a_torrent_is_found_by_each_of_its_hashes_in_any_case() -> None:
    torrents, hybrid = Torrents(), torrent(V1, V2)
    torrents.add(hybrid)
    for info_hash in (V1, V2, V1.upper(), V2.upper()):
        assert torrents.get(info_hash) is hybrid
    assert torrents.get("00" * 20) is None
    assert list(torrents) == [hybrid]
    assert len(torrents) == 1


@virtual_time
async def test_a_discarded_torrent_is_not_found_and_not_heard() -> None:
    torrents, told = Torrents(), []
    one, other = torrent(V1, V2), torrent("ef" * 20)
    for each in (one, other):
        torrents.add(each)
    torrents.subscribe(lambda source, note: told.append((source, note)))
    torrents.discard(one)
    torrents.discard(one)
    assert torrents.get(V1) is torrents.get(V2) is None
    assert list(torrents) == [other]
    note = Warning("kind", "text")
    one.say(note)
    other.say(note)
    assert told == [(other, note)]


@virtual_time
async def test_events_go_to_their_torrent_alone() -> None:
    torrents, one, other = Torrents(), torrent(V1), torrent("ef" * 20)
    torrents.add(one)
    torrents.add(other)
    torrents.dispatch([MetadataReady(V1, LAYOUT), MetadataReady("00" * 20, LAYOUT), MetadataReady("", LAYOUT)])
    assert (one.layout, other.layout) == (LAYOUT, None)


@virtual_time
async def test_subscribers_come_and_go_even_while_they_are_told() -> None:
    torrents, one = Torrents(), torrent(V1)
    torrents.add(one)
    told: list[str] = []

    def first(_: Torrent, note: Note) -> None:
        told.append("first")
        leave()
        leave()

    leave = torrents.subscribe(first)
    torrents.subscribe(lambda *_: told.append("second"))
    event = TrackerReplied(V1, "udp://t.example", 0, "timed out")
    torrents.dispatch([event, event])
    assert told == ["first", "second", "second"]


@virtual_time
async def test_observers_hear_events_after_the_torrent_and_until_they_end() -> None:
    torrents, one = Torrents(), torrent(V1)
    torrents.add(one)
    heard: list[tuple[Torrent, bool]] = []
    end = torrents.observe(lambda torrent, event: heard.append((torrent, torrent.layout is not None)))
    torrents.dispatch([MetadataReady(V1, LAYOUT), MetadataReady(V2, LAYOUT)])
    assert heard == [(one, True)]
    end()
    end()
    torrents.dispatch([TrackerReplied(V1, "x")])
    assert len(heard) == 1
    one.close()
