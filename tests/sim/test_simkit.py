"""The simulations can fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from simkit.films import Film
from simkit.ledger import Ledger
from simkit.sim import Sim, physics, simulated

from headrace.core.pieces import FileEntry, Layout
from headrace.engine.base import Change
from headrace.testing.fake_swarm import FakePeer

LAYOUT = Layout("t", 10, 45, (FileEntry(0, "t", 45, 0),))


def ledger() -> Ledger:
    changes = [(1.0, Change(want=(0, 1))), (2.0, Change(want=(2,), drop=(1,))), (5.0, Change(want=(4,)))]
    return Ledger(LAYOUT, changes, [(2.0, 0), (4.0, 2), (6.0, 4)])


def test_what_was_wanted_and_when_nothing_was() -> None:
    one = ledger()
    assert [one.wanted_at(when) for when in (0.5, 1.0, 3.0, 4.5, 5.0, 9.0)] == [set(), {0, 1}, {2}, set(), {4}, set()]
    assert one.dry(range(5)) == [4.0, 6.0]
    assert one.dry([0, 2, 4]) == [4.0]
    assert one.first_wish([2, 4]) == 2.0
    assert one.came(2) == 4.0
    assert one.order(since=3) == [2, 4]
    assert one.bytes_until(6.0) == 25
    assert one.bytes_until(5.9) == 20
    assert one.most_wanted(0, 9) == 2


def test_physics() -> None:
    peers = [FakePeer(rate=16384, rtt=0.1), FakePeer(rate=3 * 16384, rtt=0.3)]
    assert physics(peers, 8 * 16384, 2) == pytest.approx(0.6 + 1 + 2)


def test_a_story_that_goes_differently_the_second_time(tmp_path: Path, cinema: dict[str, Film]) -> None:
    pauses = iter([1.0, 2.0])

    @simulated(films=("short.mkv",))
    async def story(sim: Sim) -> None:
        await sim.pause(next(pauses))
        sim.note("here")

    with pytest.raises(AssertionError, match="differently"):
        story(tmp_path=tmp_path, cinema=cinema)


def test_a_wrong_byte_is_seen(tmp_path: Path, cinema: dict[str, Film], capsys: pytest.CaptureFixture[str]) -> None:
    @simulated(films=("short.mkv",))
    async def story(sim: Sim) -> None:
        viewer = await sim.viewer()
        viewer.open()
        await viewer.first_byte()
        path = sim.handle.path_of(0)
        data = bytearray(path.read_bytes())
        data[7] ^= 1
        path.write_bytes(data)
        viewer.seek(0)
        await viewer.read(100)

    with pytest.raises(AssertionError, match="wrong bytes at 0"):
        story(tmp_path=tmp_path, cinema=cinema)
    assert "viewer seeks to 0" in capsys.readouterr().out


def test_a_reader_left_open_is_seen(tmp_path: Path, cinema: dict[str, Film]) -> None:
    @simulated(films=("short.mkv",))
    async def story(sim: Sim) -> None:
        await sim.torrent.metadata()
        sim.torrent.file(0).open()

    with pytest.raises(AssertionError, match="reads on"):
        story(tmp_path=tmp_path, cinema=cinema)
