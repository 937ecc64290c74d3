"""The checks of an engine's state can fail, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.engine import base
from headrace.engine.base import Change
from headrace.testing import checks_state as checks
from headrace.testing import fake_engine, fake_torrent
from headrace.testing.clock import run
from headrace.testing.engine_suite import Check
from headrace.testing.fake_disk import FakeDisk
from headrace.testing.fake_engine import FakeEngine
from headrace.testing.fake_torrent import FakeTorrent
from headrace.testing.fake_wire import Wire
from headrace.testing.worlds import FakeWorld

Patch = Callable[[pytest.MonkeyPatch], None]


def knows_too_much(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "path_of", lambda self, index: self._disk.path_of(index))


def no_magnets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Wire, "_metadata_from", lambda *_: None)


def forgets_early_wishes(patch: pytest.MonkeyPatch) -> None:
    apply = FakeTorrent.apply
    patch.setattr(FakeTorrent, "apply", lambda self, change: apply(self, change) if self.layout else None)


def wants_all(patch: pytest.MonkeyPatch) -> None:
    learn = FakeTorrent._learn

    def greedy(self: FakeTorrent) -> None:
        learn(self)
        self._wire.apply(Change(want=tuple(range(len(self._wire.have)))))

    patch.setattr(FakeTorrent, "_learn", greedy)


def no_answers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeTorrent, "request_peers", lambda _: None)


def talks_too_much(patch: pytest.MonkeyPatch) -> None:
    step = FakeTorrent._step

    def chatty(self: FakeTorrent, due: float = 0.0) -> None:
        step(self, due)
        self.request_peers()

    patch.setattr(FakeTorrent, "_step", chatty)


def forgets_saved_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fake_engine, "read_resume", lambda _: None)
    patch.setattr(fake_torrent, "read_resume", lambda _: None)


def believes_saved_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "covers", lambda *_: True)


def checks_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "empty", lambda _: True)
    patch.setattr(Wire, "connect", lambda *_: None)


def drops_early_events(patch: pytest.MonkeyPatch) -> None:
    attach = FakeEngine.attach

    def deaf(self: FakeEngine, listener: base.Listener) -> None:
        self._outbox.clear()
        attach(self, listener)

    patch.setattr(FakeEngine, "attach", deaf)


def accepts_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fake_engine, "_info_hash", lambda request: request.info_hash)
    patch.setattr(fake_engine, "_lonely", lambda _: fake_engine.FakeSwarm(fake_engine.Content(1)))
    patch.setattr(fake_torrent, "_magnet_peers", lambda _: ())


def tells_secrets(patch: pytest.MonkeyPatch) -> None:
    def reply(self: FakeTorrent, urls: tuple[str, ...]) -> None:
        for url in urls:
            self._emit(base.TrackerReplied(self.info_hash, url, 0, "down"))

    patch.setattr(FakeTorrent, "_reply", reply)


def keeps_files(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "delete", lambda _: None)


def closes_slowly(patch: pytest.MonkeyPatch) -> None:
    aclose = FakeEngine.aclose

    async def slow(self: FakeEngine) -> None:
        await asyncio.sleep(6)
        await aclose(self)

    patch.setattr(FakeEngine, "aclose", slow)


def wrong_sizes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeDisk, "path_of", lambda *_: Path("elsewhere"))


FAULTS: list[tuple[Patch, Check]] = [
    (wrong_sizes, checks.metadata_of_a_torrent),
    (knows_too_much, checks.nothing_is_known_before_the_metadata),
    (no_magnets, checks.metadata_of_a_magnet),
    (wants_all, checks.metadata_of_a_magnet),
    (forgets_early_wishes, checks.wishes_before_the_metadata_hold),
    (no_magnets, checks.metadata_only),
    (no_answers, checks.stats_and_peers_are_answered),
    (talks_too_much, checks.nothing_is_said_unasked),
    (forgets_saved_state, checks.resume_round_trip),
    (believes_saved_state, checks.resume_data_without_the_files),
    (checks_nothing, checks.data_on_disk_is_found),
    (drops_early_events, checks.events_wait_for_a_listener),
    (accepts_all, checks.bad_input_is_refused),
    (tells_secrets, checks.unknown_trackers_are_told),
    (keeps_files, checks.removing_keeps_or_deletes),
    (closes_slowly, checks.closing_is_quick_and_final),
]


@pytest.mark.parametrize(("fault", "check"), FAULTS, ids=lambda one: one.__name__)
def test_fault_is_found(fault: Patch, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)
    with pytest.raises((AssertionError, TimeoutError)):
        run(check(FakeWorld(tmp_path)))
