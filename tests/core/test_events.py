"""The notes are an interface: their names and fields are compared with the documented ones to the letter."""

from __future__ import annotations

import json

import msgspec.structs
import pytest

from headrace.core import events
from headrace.core.events import Note

DOCUMENTED = {
    "starting": "source",
    "metadata": "infohash name size piece_length files",
    "selected": "index path size",
    "serving": "url playlist_url port",
    "ready": "buffered_bytes",
    "player": "name state",
    "going_on": "index path position",
    "progress": "state position duration buffered_seconds downloaded wanted down_rate up_rate peers seeds readers",
    "waiting": "reason detail piece seconds",
    "resumed": "seconds",
    "warning": "kind message",
    "error": "kind message hint exit",
    "changed": "paused down_limit up_limit files",
    "removed": "data",
    "cast": "id device name kind infohash index state position duration volume muted message reason",
    "evicted": "freed",
    "demo": "state share infohash message hint",
    "done": "played_seconds downloaded uploaded",
}
ADDED = {
    "serving": "everywhere",
    "progress": "share time_to_playable map",
    "removed": "name",
    "evicted": "name",
}
NOTES = {kind.event: kind for kind in Note.__subclasses__() if kind.event and kind.__module__ == events.__name__}


def test_every_documented_event_is_there_and_no_other() -> None:
    assert NOTES.keys() == DOCUMENTED.keys()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_fields_are_the_documented_ones_in_their_order(name: str) -> None:
    fields = list(NOTES[name].__struct_fields__)
    assert fields == DOCUMENTED[name].split() + ADDED.get(name, "").split()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_note_becomes_json_with_its_name_first(name: str) -> None:
    kind = NOTES[name]
    note = kind(**{name: number for number, name in enumerate(kind.__struct_fields__)})
    told = json.loads(json.dumps(note.as_dict()))
    assert list(told) == ["event", *DOCUMENTED[name].split(), *ADDED.get(name, "").split()]
    assert told["event"] == name
    assert [told[name] for name in kind.__struct_fields__] == list(range(len(kind.__struct_fields__)))


def test_reasons_of_waits_are_the_documented_ones() -> None:
    documented = "no_metadata no_peers piece_unavailable choked slow disk checking paused"
    assert list(events.WAIT_REASONS) == documented.split()


def test_what_is_told_of_one_of_many_names_it() -> None:
    told = events.Of("ab", events.Resumed(1.5)).as_dict()
    assert list(told.items()) == [("event", "resumed"), ("infohash", "ab"), ("seconds", 1.5)]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_note_comes_back_from_its_json(name: str) -> None:
    kind = NOTES[name]
    note = kind(**{name: (number,) for number, name in enumerate(kind.__struct_fields__)})
    told = json.loads(json.dumps(events.Of("ab", note).as_dict() | {"t": 1.5, "new": True}))
    back = events.note_of(told)
    if name == "metadata":  # its own info-hash, which is the torrent's
        assert msgspec.structs.replace(back, infohash=note.infohash) == note  # type: ignore[type-var,attr-defined]
    else:
        assert back == note


@pytest.mark.parametrize("told", [{}, {"event": "map"}, {"event": ""}, {"event": None}, {"event": "resumed"}])
def test_what_is_no_note_is_none(told: dict[str, object]) -> None:
    assert events.note_of(told) is None
