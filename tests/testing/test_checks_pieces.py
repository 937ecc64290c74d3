"""The checks can fail: engines with one fault each are found out by the check that is meant for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.engine.base import BlockArrived, Change, Event
from headrace.testing import checks_pieces as checks
from headrace.testing import fake_wire
from headrace.testing.clock import run
from headrace.testing.engine_suite import Check
from headrace.testing.fake_disk import FakeDisk
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_torrent import FakeTorrent
from headrace.testing.fake_wire import Failed, Wire
from headrace.testing.worlds import FakeWorld

Patch = Callable[[pytest.MonkeyPatch], None]


def wants_all(patch: pytest.MonkeyPatch) -> None:
    learn = FakeTorrent._learn

    def greedy(self: FakeTorrent) -> None:
        learn(self)
        self._wire.apply(Change(want=tuple(range(len(self._wire.have)))))

    patch.setattr(FakeTorrent, "_learn", greedy)


def writes_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "write", lambda *_: None)


def never_drops(patch: pytest.MonkeyPatch) -> None:
    apply = Wire.apply
    patch.setattr(Wire, "apply", lambda self, change: apply(self, change._replace(drop=())))


def picks_backwards(patch: pytest.MonkeyPatch) -> None:
    ask = Wire._ask
    patch.setattr(Wire, "_ask", lambda self, link, _: ask(self, link, max(p for p in self._open if link.mask[p])))


def has_long_queues(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Wire, "_withdraw", lambda *_: None)
    patch.setattr("headrace.testing.fake_link.Link.room", lambda self, _: 60 - len(self.requests))


def ignores_choices(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "choose", lambda *_: None)


def ignores_pause(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "_disconnect_all", lambda _: None)


def believes_all(patch: pytest.MonkeyPatch) -> None:
    check = Wire._check

    def gullible(self: Wire, piece: int) -> None:
        for link in self._partial[piece].got.values():
            patch.setattr(link, "peer", link.peer, raising=False)
            object.__setattr__(link.peer, "corrupt", frozenset())
        check(self, piece)

    patch.setattr(Wire, "_check", gullible)


def tells_no_blocks(patch: pytest.MonkeyPatch) -> None:
    emit = FakeEngine.emit
    patch.setattr(
        FakeEngine, "emit", lambda self, event: None if isinstance(event, BlockArrived) else emit(self, event)
    )


def trusts_all(patch: pytest.MonkeyPatch) -> None:
    happened = FakeTorrent._happened

    def trusting(self: FakeTorrent, outcome: fake_wire.Outcome, now: float) -> None:
        if isinstance(outcome, fake_wire.Block):
            outcome = replace(outcome, trusted=True)
        happened(self, outcome, now)

    patch.setattr(FakeTorrent, "_happened", trusting)


def tells_always(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "_blocks", property(lambda _: True, lambda *_: None), raising=False)


def tells_nothing_taken(patch: pytest.MonkeyPatch) -> None:
    happened = FakeTorrent._happened

    def mute(self: FakeTorrent, outcome: object, now: float) -> None:
        if not isinstance(outcome, fake_wire.Taken):
            happened(self, outcome, now)  # type: ignore[arg-type]

    patch.setattr(FakeTorrent, "_happened", mute)


def keeps_what_is_dropped_in_flight(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "in_flight", lambda self: tuple(sorted(self._wire.in_flight())))


def forgets_what_is_in_flight(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "in_flight", lambda _: ())


def loses_a_piece(patch: pytest.MonkeyPatch) -> None:
    happened = FakeTorrent._happened

    def lossy(self: FakeTorrent, outcome: object, now: float) -> None:
        if outcome != fake_wire.Piece(5):
            happened(self, outcome, now)  # type: ignore[arg-type]

    patch.setattr(FakeTorrent, "_happened", lossy)


def never_reconnects(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "add_peers", lambda *_: None)
    patch.setattr(FakeTorrent, "peer_joined", lambda *_: None)


def hides_failures(patch: pytest.MonkeyPatch) -> None:
    happened = FakeTorrent._happened

    def mute(self: FakeTorrent, outcome: object, now: float) -> None:
        if not isinstance(outcome, Failed):
            happened(self, outcome, now)  # type: ignore[arg-type]

    patch.setattr(FakeTorrent, "_happened", mute)


def says_have_early(patch: pytest.MonkeyPatch) -> None:
    ask = Wire._ask

    def early(self: Wire, link: object, piece: int) -> None:
        ask(self, link, piece)  # type: ignore[arg-type]
        self.have[30] = 1

    patch.setattr(Wire, "_ask", early)


def speaks_on_a_thread(patch: pytest.MonkeyPatch) -> None:
    import threading

    flush = FakeEngine._flush

    def elsewhere(self: FakeEngine) -> None:
        listener = self._listener

        def tell(events: Sequence[Event]) -> None:
            assert listener is not None
            thread = threading.Thread(target=lambda: _quietly(lambda: listener(events)))
            thread.start()
            thread.join()

        self._listener = tell
        flush(self)
        self._listener = listener

    patch.setattr(FakeEngine, "_flush", elsewhere)


def _quietly(call: Callable[[], None]) -> None:
    try:
        call()
    except RuntimeError:  # no running loop there
        pass


FAULTS: list[tuple[Patch, Check]] = [
    (wants_all, checks.nothing_wanted_nothing_fetched),
    (wants_all, checks.wanted_pieces_come_alone),
    (says_have_early, checks.wanted_pieces_come_alone),
    (writes_late, checks.wanted_pieces_come_alone),
    (speaks_on_a_thread, checks.wanted_pieces_come_alone),
    (loses_a_piece, checks.whole_torrent),
    (never_drops, checks.dropped_pieces_do_not_come),
    (picks_backwards, checks.pieces_come_in_order),
    (picks_backwards, checks.order_holds_after_going_back),
    (has_long_queues, checks.a_jump_comes_soon),
    (ignores_choices, checks.only_chosen_files_are_on_disk),
    (wants_all, checks.wishes_next_to_a_choice_hold),
    (ignores_pause, checks.pausing_stops_all),
    (believes_all, checks.corrupt_pieces_never_count),
    (hides_failures, checks.corrupt_pieces_never_count),
    (tells_no_blocks, checks.blocks_are_reported),
    (trusts_all, checks.blocks_are_reported),
    (tells_always, checks.blocks_can_be_asked_for_later),
    (tells_nothing_taken, checks.taken_pieces_are_told),
    (keeps_what_is_dropped_in_flight, checks.pieces_in_flight_are_known),
    (forgets_what_is_in_flight, checks.pieces_in_flight_are_known),
    (ignores_pause, checks.pieces_in_flight_are_known),
    (never_reconnects, checks.seeds_go_and_come_back),
]


@pytest.mark.parametrize(("fault", "check"), FAULTS, ids=lambda one: one.__name__)
def test_fault_is_found(fault: Patch, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)
    with pytest.raises((AssertionError, TimeoutError)):
        run(check(FakeWorld(tmp_path)))
