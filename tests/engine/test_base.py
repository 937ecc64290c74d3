"""The vocabulary between engines and the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.engine import base

EVENTS = base.Event.__subclasses__()


def test_events_are_frozen_and_say_whose_they_are() -> None:
    assert len(EVENTS) > 10
    for kind in EVENTS:
        assert kind.__struct_fields__[0] == "info_hash"
        needed = kind.__struct_fields__[: len(kind.__struct_fields__) - len(kind.__struct_defaults__)]
        event = kind(*["x"] * len(needed))
        with pytest.raises(AttributeError):
            event.info_hash = "other"


def test_a_change_is_nothing_by_default() -> None:
    assert base.Change() == ((), (), None, ())


def test_a_request_asks_for_no_more_than_it_says() -> None:
    plain = base.AddRequest("ab" * 20, Path("folder"))
    assert not any((plain.metadata_only, plain.seed, plain.blocks, plain.resume, plain.peers, plain.trackers))


def test_blocked_addresses_are_not_printed_by_the_thousand() -> None:
    assert "1.2.3.4" not in repr(base.EngineOptions(blocked=(("1.2.3.4", "1.2.3.5"),)))
