"""The vocabulary between engines and the rest."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from headrace.engine import base

EVENTS = base.Event.__subclasses__()


def test_events_are_frozen_and_say_whose_they_are() -> None:
    assert len(EVENTS) > 10
    for kind in EVENTS:
        assert dataclasses.fields(kind)[0].name == "info_hash"
        needed = [field for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
        event = kind(*["x"] * len(needed))
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.info_hash = "other"


def test_a_change_is_nothing_by_default() -> None:
    assert base.Change() == ((), (), None, ())


def test_a_request_asks_for_no_more_than_it_says() -> None:
    plain = base.AddRequest("ab" * 20, Path("folder"))
    assert not any((plain.metadata_only, plain.seed, plain.blocks, plain.resume, plain.peers, plain.trackers))


def test_blocked_addresses_are_not_printed_by_the_thousand() -> None:
    assert "1.2.3.4" not in repr(base.EngineOptions(blocked=(("1.2.3.4", "1.2.3.5"),)))
