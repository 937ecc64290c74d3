"""Wishes over a handle that keeps the priorities as libtorrent would."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK, FileEntry, Layout
from headrace.engine import steering
from headrace.engine.base import Change
from headrace.engine.readiness import Readiness
from headrace.engine.steering import PULSE_SECONDS, TRIM_SECONDS, UNWANTED, WANTED, Steering, guarded
from headrace.testing import clock
from headrace.testing.clock import virtual_time

PIECES = 10
LAYOUT = Layout("t", BLOCK, PIECES * BLOCK, (FileEntry(0, "a", 4 * BLOCK, 0), FileEntry(1, "b", 6 * BLOCK, 4 * BLOCK)))


class Handle:
    """A torrent_handle; a new torrent wants everything."""

    def __init__(self, pieces: int = PIECES) -> None:
        self.priorities = dict.fromkeys(range(pieces), WANTED)
        self.sequential = True
        self.deadlines: dict[int, int] = {}
        self.calls: list[str] = []
        self.most = 0
        self.gone = False

    def _called(self, name: str) -> None:
        if self.gone:
            raise RuntimeError("invalid torrent handle used")
        self.calls.append(name)

    def prioritize_pieces(self, pairs: list[tuple[int, int]]) -> None:
        self._called("pieces")
        self.most = max(self.most, len(pairs))
        self.priorities.update(pairs)

    def prioritize_files(self, priorities: list[int]) -> None:
        self._called("files")

    def unset_flags(self, flags: Any) -> None:
        self._called("off")

    def set_flags(self, flags: Any) -> None:
        self._called("on")

    def clear_piece_deadlines(self) -> None:
        self._called("clear")
        self.deadlines.clear()

    def set_piece_deadline(self, piece: int, milliseconds: int) -> None:
        self._called("deadline")
        self.deadlines[piece] = milliseconds
        self.priorities[piece] = 7  # a deadline raises the priority to the top

    def reset_piece_deadline(self, piece: int) -> None:
        self._called("reset")
        self.deadlines.pop(piece, None)

    def wanted(self) -> set[int]:
        return {piece for piece, priority in self.priorities.items() if priority != UNWANTED}


def made(handle: Handle, layout: Layout | None = LAYOUT) -> Steering:
    readiness = Readiness()
    one = Steering(handle, "sequential", readiness)
    if layout is not None:
        readiness.start(layout, {})
        one.start(layout, silent=True)
    return one


@virtual_time
async def test_a_new_torrent_is_silenced_but_for_what_was_wanted_before() -> None:
    handle = Handle()
    one = made(handle, None)
    one.apply(Change(want=(3, 4, 5)))
    one.apply(Change(drop=(4,)))
    assert handle.calls == [], "libtorrent would crash before the metadata"
    one.start(LAYOUT, silent=True)
    await asyncio.sleep(0)
    assert handle.wanted() == {3, 5}
    assert handle.calls == ["pieces", "off", "on"], "in one call: nothing wanted would mean not interested"


@virtual_time
async def test_a_torrent_that_is_not_silent_is_left_as_it_is() -> None:
    handle = Handle()
    readiness = Readiness()
    readiness.start(LAYOUT, {})
    Steering(handle, "sequential", readiness).start(LAYOUT, silent=False)
    await asyncio.sleep(1)
    assert handle.calls == []


@virtual_time
async def test_a_large_torrent_is_silenced_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "SILENCE_AT_ONCE", 4)
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(0, 9)))
    await asyncio.sleep(1)
    assert handle.wanted() == {0, 9}
    assert handle.most <= 4


@virtual_time
async def test_what_is_dropped_goes_and_the_picker_starts_anew() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(1, 2)))
    handle.calls.clear()
    one.apply(Change(want=(7,), drop=(2,)))
    assert handle.wanted() == {1, 7}
    assert handle.calls == ["pieces", "off", "on"]


@virtual_time
async def test_a_jump_is_a_pulse_that_leaves_no_deadline() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(0, 1)))
    one.apply(Change(want=(5, 6), drop=(0, 1), jump=5))
    assert handle.deadlines == {5: 0}
    assert handle.calls.index("clear") < handle.calls.index("deadline")
    await asyncio.sleep(PULSE_SECONDS * 2)
    assert handle.deadlines == {}
    assert handle.priorities[5] == WANTED
    assert handle.wanted() == {5, 6}


@virtual_time
async def test_a_jump_leaves_alone_what_is_to_be_kept() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(0, 1, 8)))
    for piece in (0, 8):
        one._readiness.asked(piece, 0)
    one.apply(Change(want=(5, 6), drop=(0, 1), jump=5, keep=(5, 8)))
    assert handle.deadlines == {5: 0, 8: 0}, "what has a deadline is not withdrawn"
    assert one._readiness.in_flight() == (8,)
    await asyncio.sleep(2 * PULSE_SECONDS)
    assert handle.deadlines == {}
    assert handle.priorities[8] == handle.priorities[5] == WANTED


@virtual_time
async def test_a_jump_to_what_was_wanted_already() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(0, 5)))
    one.apply(Change(drop=(0,), jump=5))
    assert handle.wanted() == {5}


@virtual_time
async def test_what_was_dropped_during_its_pulse_stays_dropped() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(5,), jump=5))
    one.apply(Change(drop=(5,), want=(8,)))
    await asyncio.sleep(1)
    assert handle.wanted() == {8}


@virtual_time
async def test_a_choice_of_files_holds_wishes_back_until_it_is_done() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(1, 5)))
    one.choose_files(frozenset({1}))
    handle.calls.clear()
    one.apply(Change(want=(6,), drop=(1,)))
    assert handle.calls == []
    handle.priorities.update(dict.fromkeys(range(4, PIECES), WANTED))  # what libtorrent then does
    one.files_chosen()
    await asyncio.sleep(0)
    assert handle.wanted() == {5, 6}


@virtual_time
async def test_one_file_needs_no_choice_unless_it_is_asked_for() -> None:
    alone = Layout("t", BLOCK, PIECES * BLOCK, LAYOUT.files[:1])
    handle = Handle()
    one = made(handle, alone)
    one.choose_files(frozenset({0}))
    assert "files" not in handle.calls
    one.choose_files(frozenset({0}), even_one=True)
    assert "files" in handle.calls
    before = Handle()
    made(before, None).choose_files(frozenset({0}))
    assert before.calls == []


@virtual_time
async def test_trimming_wants_nothing_for_an_instant() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(1, 2, 3)))
    one.trim()
    assert handle.wanted() == set()
    one.apply(Change(want=(4,), drop=(1,)))
    one.trim()
    assert handle.wanted() == set(), "wishes wait"
    await asyncio.sleep(2 * TRIM_SECONDS)
    assert handle.wanted() == {2, 3, 4}
    one.apply(Change(drop=(2,)))
    assert handle.wanted() == {3, 4}


@virtual_time
async def test_a_jump_during_a_trim_is_not_lost() -> None:
    handle = Handle()
    one = made(handle)
    one.apply(Change(want=(1,)))
    one.trim()
    one.apply(Change(want=(8,), drop=(1,), jump=8, keep=(5,)))
    one.apply(Change(want=(9,)))
    await asyncio.sleep(2 * TRIM_SECONDS)
    assert handle.deadlines == {8: 0, 5: 0}, "nor is what it keeps"
    await asyncio.sleep(1)
    assert handle.deadlines == {}
    assert handle.wanted() == {8, 9}


@virtual_time
async def test_requests_of_dropped_pieces_may_be_taken_back() -> None:
    handle, readiness = Handle(), Readiness()
    readiness.start(LAYOUT, {})
    one = Steering(handle, "sequential", readiness)
    one.start(LAYOUT, silent=True)
    one.apply(Change(want=(1, 2, 3)))
    for piece in (1, 2, 3):
        readiness.asked(piece, 0)
    one.apply(Change(drop=(1,)))
    assert readiness.in_flight() == (2, 3)
    one.apply(Change(want=(7,), drop=(2,), jump=7))
    assert readiness.in_flight() == ()


@virtual_time
async def test_a_removed_torrent_needs_no_telling() -> None:
    handle = Handle()
    one = made(handle)
    handle.gone = True
    one.apply(Change(want=(1,), jump=1))
    one.choose_files(frozenset({1}))
    one.files_chosen()
    guarded(one.trim)
    await asyncio.sleep(1)
    assert handle.calls == []


steps = st.lists(
    st.tuples(st.sampled_from(["want", "drop", "jump", "files", "chosen", "trim", "wait"]), st.integers(0, PIECES - 1)),
    max_size=30,
)


@given(steps)
def test_in_the_end_exactly_the_wishes_are_wanted(course: list[tuple[str, int]]) -> None:
    async def script() -> None:
        handle, wishes, choosing = Handle(), set(), False
        one = made(handle)
        for what, piece in course:
            if what == "want":
                wishes.add(piece)
                one.apply(Change(want=(piece,)))
            elif what == "drop":
                wishes.discard(piece)
                one.apply(Change(drop=(piece,)))
            elif what == "jump":
                gone = tuple(wishes - {piece})
                wishes = {piece}
                one.apply(Change(want=(piece,), drop=gone, jump=piece))
            elif what == "files":
                one.choose_files(frozenset({0, 1}))
                choosing = True
            elif what == "chosen" and choosing:
                handle.priorities = dict.fromkeys(range(PIECES), WANTED)
                one.files_chosen()
                choosing = False
            elif what == "trim":
                one.trim()
            else:
                await asyncio.sleep(0.02)
        if choosing:
            handle.priorities = dict.fromkeys(range(PIECES), WANTED)
            one.files_chosen()
        await asyncio.sleep(1)
        assert handle.wanted() == wishes
        assert handle.deadlines == {}

    clock.run(script())
