from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from headrace.core.choice import Choice
from headrace.core.events import Metadata, Note, Progress, Selected, Waiting, Warning
from headrace.core.spans import Span
from headrace.engine import base
from headrace.errors import EngineError, InputError, SwarmError
from headrace.streaming.reader import StreamFailed
from headrace.streaming.torrent import DISK_RETRY
from headrace.testing.clock import virtual_time
from headrace.testing.fake_swarm import FakeFile, FakePeer

MiB = 1 << 20
Make = Callable[..., Any]
SEASON = [
    FakeFile("Show.S01E01.mkv", 3 * MiB + 1),
    FakeFile("Show.S01E02.mkv", 5 * MiB + 7),
    FakeFile("Show.S01E10.mkv", 2 * MiB),
    FakeFile("info.nfo", 300),
    FakeFile("empty.txt", 0),
]
SEED = FakePeer(rate=4 * MiB)


# metadata
@virtual_time
async def test_files_are_known_with_the_metadata(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        torrent = one.torrent
        assert (torrent.name, torrent.layout, torrent.files) == (one.content.info_hash, None, ())
        with pytest.raises(RuntimeError):
            torrent.open(None)
        layout = await torrent.metadata(10)
        assert layout == one.content.layout
        assert torrent.name == "show"
        assert [(file.index, file.name, file.kind) for file in torrent.files[:4]] == [
            (0, "Show.S01E01.mkv", "video"),
            (1, "Show.S01E02.mkv", "video"),
            (2, "Show.S01E10.mkv", "video"),
            (3, "info.nfo", torrent.files[3].kind),
        ]
        (told,) = one.notes(Metadata)
        assert (told.infohash, told.size, told.piece_length) == (one.content.info_hash, layout.total_size, MiB)
        assert told.files[1] == {"index": 1, "path": "show/Show.S01E02.mkv", "size": 5 * MiB + 7, "kind": "video"}
        assert await torrent.metadata(0.1) is layout, "asking again costs nothing"


@virtual_time
async def test_no_metadata_is_the_swarms_fault(show: Make) -> None:
    async with show(SEASON, []) as one:
        with pytest.raises(SwarmError, match="No metadata within 3 s: 0 peers") as failed:
            await one.torrent.metadata(3)
        assert failed.value.kind == "no_metadata"
        assert asyncio.get_running_loop().time() == 3
        one.swarm.join(SEED)
        assert await one.torrent.metadata(10), "it may come later all the same"


@virtual_time
async def test_a_torrent_that_ends_before_its_metadata(show: Make) -> None:
    async with show(SEASON, []) as one:
        asked = asyncio.create_task(one.torrent.metadata())
        await asyncio.sleep(1)
        one.handle.fail("metadata", "torn")
        with pytest.raises(EngineError, match="torn"):
            await asked
        assert one.torrent.status().state == "failed"
        assert one.torrent.status().error == "torn"


@virtual_time
async def test_an_interrupt_that_comes_with_the_metadata_is_not_lost(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        asked = asyncio.create_task(one.torrent.metadata(10))
        soon = asyncio.get_running_loop().call_soon

        def interrupt(note: Note) -> None:
            if isinstance(note, Selected):
                soon(soon, asked.cancel)  # between the result and the step that would return it

        one.torrent.subscribe(interrupt)
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert one.torrent.layout is not None


# choosing
@virtual_time
async def test_the_main_video_is_chosen_and_fetched_whole_in_the_end(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        await one.torrent.metadata()
        assert one.torrent.main_video().index == 1
        assert one.notes(Selected) == [Selected(1, "show/Show.S01E02.mkv", 5 * MiB + 7)]
        await asyncio.sleep(10)
        wanted = set(one.content.layout.pieces_of(one.content.layout.file(1).span))
        assert {piece for _, piece in one.handle.arrivals} == wanted
        assert one.torrent.share_of_goals() == 1.0


@virtual_time
async def test_a_selector_chooses(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(selector="S01E10")) as one:
        await one.torrent.metadata()
        assert one.torrent.main_video().index == one.torrent.chosen.index == 2
        assert one.torrent.find("*.nfo").index == 3
        assert one.torrent.find("0").index == 0
        assert [file.index for file in one.torrent.playlist()] == [0, 1, 2]
        for wrong in ("S09E09", "77"):
            with pytest.raises(InputError):
                one.torrent.find(wrong)
        with pytest.raises(InputError, match="no file 77"):
            one.torrent.file(77)


@virtual_time
async def test_a_file_that_is_not_there_fails_the_torrent_at_once(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(selector="nothing like it")) as one:
        with pytest.raises(InputError):
            await one.torrent.metadata()
        assert one.torrent.status().state == "failed"
        await asyncio.sleep(3)
        assert one.handle.wanted == set()


@virtual_time
async def test_all_as_a_playlist(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(all=True)) as one:
        await one.torrent.metadata()
        assert [file.index for file in one.torrent.goals] == [0, 1, 2]
        assert one.torrent.chosen.index == 0
        assert one.torrent.status().wanted == 10 * MiB + 8


@virtual_time
async def test_a_download_of_all_has_every_file_on_the_disk(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(all=True, whole=True)) as one:
        await one.torrent.metadata()
        assert [file.index for file in one.torrent.goals] == [0, 1, 2, 3]
        await asyncio.sleep(20)
        for file in one.torrent.goals:
            assert one.handle.path_of(file.index).read_bytes() == one.content.file_bytes(file.index)
        assert one.torrent.share_of_goals() == 1.0


@virtual_time
async def test_a_download_of_one_file_leaves_no_other(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(selector="S01E10", whole=True)) as one:
        await one.torrent.metadata()
        await asyncio.sleep(10)
        assert one.handle.path_of(2).read_bytes() == one.content.file_bytes(2)
        assert not one.handle.path_of(1).exists()


@virtual_time
async def test_metadata_only_wants_nothing(show: Make) -> None:
    async with show(SEASON, [SEED], Choice(metadata_only=True)) as one:
        await one.torrent.metadata()
        await asyncio.sleep(5)
        assert one.handle.changes == []
        assert one.notes(Selected) == []


# reading
@virtual_time
async def test_reading_while_it_comes(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        await one.torrent.metadata()
        async with one.torrent.main_video().open() as reader:
            data = await one.read(reader, reader.size)
            assert await reader.read() == b""
        assert data == one.content.file_bytes(1)
        order = [piece for _, piece in one.handle.arrivals]
        rising = sum(after == before + 1 for before, after in itertools.pairwise(order))
        assert rising >= len(order) - 3, order


@virtual_time
async def test_a_seek_is_served_first(show: Make) -> None:
    async with show(peers=[FakePeer(rate=MiB)]) as one:
        await one.torrent.metadata()
        reader = one.torrent.main_video().open()
        await one.read(reader, MiB)
        begun = asyncio.get_running_loop().time()
        reader.seek(15 * MiB)
        assert await one.read(reader, 10) == one.content.read(Span(15 * MiB, 15 * MiB + 10))
        assert asyncio.get_running_loop().time() - begun < 3
        reader.close()
        assert one.torrent.status().readers == 0


@virtual_time
async def test_a_file_beside_the_chosen_one_can_be_read_too(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        await one.torrent.metadata()
        reader = one.torrent.find("info.nfo").open()
        assert await one.read(reader, 300) == one.content.file_bytes(3)
        assert await one.torrent.file(4).open().read() == b"", "an empty one as well"


@virtual_time
async def test_a_look_aside_is_nothing_that_viewers_are_told_of(show: Make) -> None:
    async with show(SEASON, [SEED]) as one:
        await one.torrent.metadata()
        other = one.torrent.files[2]
        async with other.open_aside() as reader:
            assert one.torrent.warm_of(other) is None, "its index is not looked for"
            assert one.torrent.status().readers == 0
            reader.seek(MiB)
            assert await reader.read(100) == one.content.read(Span(9 * MiB + 8, 9 * MiB + 108))
        assert not one.notes(Waiting)
        assert not one.torrent.conductor.places


@virtual_time
async def test_the_choice_says_how_eager_readers_are(show: Make) -> None:
    async with show(peers=[FakePeer(rate=MiB)], choice=Choice(eager="all")) as one:
        await one.torrent.metadata()
        eager, checked = one.torrent.main_video().open(), one.torrent.main_video().open(eager="off")
        one.handle.report_blocks(True)
        reads = [asyncio.create_task(reader.read()) for reader in (eager, checked)]
        await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
        assert [read.done() for read in reads] == [True, False]
        assert not one.handle.have[0]
        assert one.content.file_bytes(0).startswith(await reads[0])
        await reads[1]


@virtual_time
async def test_a_wrong_piece_restarts_the_search_for_the_index(show: Make) -> None:
    liar = FakePeer(rate=8 * MiB, corrupt=frozenset({0}))
    async with show(peers=[liar, FakePeer(rate=MiB, joins=1.0)]) as one:
        await one.torrent.metadata()
        await asyncio.sleep(8)
        assert any(note.kind == "hash" for note in one.notes(Warning))
        warm = one.torrent.warm_of(one.torrent.chosen)
        assert warm.info is not None
        assert (warm.info.container, warm.info.duration) == ("mp4", 40.0)


# the end
@virtual_time
async def test_a_removed_torrent_fails_its_readers(show: Make) -> None:
    async with show(peers=[FakePeer(rate=1000)]) as one:
        await one.torrent.metadata(60)
        reading = asyncio.create_task(one.torrent.main_video().open().read())
        await asyncio.sleep(1)
        begun = asyncio.get_running_loop().time()
        await one.torrent.remove(delete_data=True)
        with pytest.raises(StreamFailed):
            await reading
        assert asyncio.get_running_loop().time() - begun < 0.1
        assert not one.handle.path_of(0).exists()


@virtual_time
async def test_removed_by_the_engine(show: Make) -> None:
    async with show(peers=[FakePeer(rate=1000)]) as one:
        await one.torrent.metadata(60)
        reading = asyncio.create_task(one.torrent.main_video().open().read())
        await asyncio.sleep(1)
        one.handle.remove(delete_data=False)
        with pytest.raises(StreamFailed, match="removed"):
            await reading


@virtual_time
async def test_an_engines_failure_fails_the_stream_but_a_disk_error_waits(show: Make) -> None:
    async with show(peers=[FakePeer(rate=1000)]) as one:
        await one.torrent.metadata(60)
        reading = asyncio.create_task(one.torrent.main_video().open().read())
        await asyncio.sleep(1)
        one.torrent.handle_event(base.TorrentFailed(one.content.info_hash, "disk_full", "no space left"))
        await asyncio.sleep(1)
        assert not reading.done()
        assert Warning("disk_full", "no space left") in one.notes(Warning)
        one.torrent.handle_event(base.TorrentFailed(one.content.info_hash, "engine", "torn apart"))
        with pytest.raises(StreamFailed, match="torn apart"):
            await reading


@virtual_time
async def test_a_disk_error_is_told_once_and_writing_is_tried_again(show: Make) -> None:
    async with show(peers=[FakePeer(rate=1000)]) as one:
        await one.torrent.metadata(60)
        tries: list[float] = []
        one.handle.set_paused = lambda paused: tries.append(asyncio.get_running_loop().time() - failed)
        failed = asyncio.get_running_loop().time()
        for _ in range(3):
            one.torrent.handle_event(base.TorrentFailed(one.content.info_hash, "disk_full", "no space left"))
        assert len(one.notes(Warning)) == 1
        await asyncio.sleep(DISK_RETRY + 1)
        assert tries == [DISK_RETRY]
        one.torrent.handle_event(base.TorrentFailed(one.content.info_hash, "disk_full", "no space left"))
        assert len(one.notes(Warning)) == 1
        one.torrent.close()
        await asyncio.sleep(DISK_RETRY + 1)
        assert len(tries) == 1


@virtual_time
async def test_a_tracker_that_fails_is_a_warning_and_one_that_answers_is_not(show: Make) -> None:
    async with show() as one:
        for error in ("", "timed out"):
            one.torrent.handle_event(base.TrackerReplied(one.content.info_hash, "udp://t.example", 0, error))
        assert one.notes(Warning) == [Warning("tracker", "udp://t.example: timed out")]


@virtual_time
async def test_saved_state_and_pieces_reach_who_asked_for_them(show: Make) -> None:
    async with show() as one:
        saved: list[bytes] = []
        came: list[int] = []
        one.torrent.resume_saved = saved.append
        one.torrent.pieces_came = came.append
        await one.torrent.metadata()
        one.handle.save_resume()
        await asyncio.sleep(5)
        assert saved
        assert sum(came) == sum(one.handle.have)


# nobody is there
class Checking:
    """An engine's torrent whose data is being checked for ``seconds``, and then is there, or is not."""

    def __init__(self, one: Any, seconds: float, share: float) -> None:
        self.one, self.until, self.share = one, now() + seconds, share
        one.handle.request_stats = self.stats
        one.handle._learn()

    def stats(self) -> None:
        left = self.until - now()
        if left <= 0 and self.share:
            self.one.handle.have[:] = bytes([1]) * len(self.one.handle.have)
        phase = "checking" if left > 0 else "finished" if self.share else "downloading"
        checked = 0.25 if left > 0 else 0.0
        self.one.torrent.handle_event(base.Stats(self.one.content.info_hash, phase, 0, 0, 0, 0, 0, 0, checked=checked))


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_time_spent_checking_is_not_time_without_peers(show: Make) -> None:
    async with show(SEASON, []) as one:
        Checking(one, 500, share=1.0)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        began = now()
        await one.torrent.until_peers(never, 120, data_will_do=True)
        assert 500 <= now() - began < 503, "what is there is found when checking ends"
        assert {note.state for note in one.notes(Progress)[1:490]} == {"checking"}


@virtual_time
async def test_how_much_was_checked_is_told(show: Make) -> None:
    async with show(SEASON, []) as one:
        Checking(one, 500, share=1.0)
        await one.torrent.metadata()
        reading = asyncio.ensure_future(one.torrent.main_video().open().read(1))
        await asyncio.sleep(10)
        waiting = one.torrent.status().waiting
        reading.cancel()
        assert waiting is not None
        assert waiting.reason == "checking"
        assert waiting.detail == "checking the data on disk: 25 % done"


@virtual_time
async def test_nobody_and_nothing_after_checking_is_the_swarms_fault(show: Make) -> None:
    async with show(SEASON, []) as one:
        Checking(one, 500, share=0.0)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        began = now()
        with pytest.raises(SwarmError, match="No peer answered within 120 s"):
            await one.torrent.until_peers(never, 120, data_will_do=True)
        assert 618 < now() - began < 623


@virtual_time
async def test_data_does_not_do_for_a_download(show: Make) -> None:
    async with show(SEASON, []) as one:
        Checking(one, 0, share=1.0)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with pytest.raises(SwarmError):
            await one.torrent.until_peers(never, 120)
