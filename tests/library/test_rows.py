from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection, IntegrityError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.library import rows
from headrace.library.records import Entry, Position, Token
from headrace.library.schema import FILE, connect

A, B, V2 = "a" * 40, "b" * 40, "c" * 64
NUMBERS = st.integers(0, 2**62)
TIMES = st.floats(0, 4e9)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ENTRIES = st.builds(
    Entry,
    st.just(A),
    TEXT,
    st.sampled_from(["", V2]),
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
    TEXT,
    st.none() | st.lists(NUMBERS, max_size=3).map(tuple),
    NUMBERS,
    TIMES,
    st.none() | TIMES,
    *[st.booleans()] * 4,
    NUMBERS,
    NUMBERS,
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    connection = connect(tmp_path / FILE)
    yield connection
    connection.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(entry=ENTRIES)
def test_an_entry_comes_back_as_it_was(db: Connection, entry: Entry) -> None:
    db.execute("BEGIN")
    try:
        rows.put_entry(db, entry)
        assert rows.entry(db, A) == entry
        assert rows.entries(db) == (entry,)
    finally:
        db.execute("ROLLBACK")


def test_it_is_found_by_either_hash_and_goes_with_all_that_belongs_to_it(db: Connection) -> None:
    rows.put_entry(db, Entry(A, info_hash_v2=V2))
    rows.put_entry(db, Entry(B))
    rows.put_metainfo(db, A, b"d1:xe")
    kept = Position(A, 3, 7.5, None, 9.0, finished=False)
    rows.put_position(db, kept)
    rows.put_position(db, replace(kept, info_hash=B))
    assert rows.entry(db, V2) == rows.entry(db, A)
    assert (rows.metainfo(db, A), rows.metainfo(db, B)) == (b"d1:xe", b"")
    assert rows.positions(db, A) == (kept,)
    assert rows.drop_entry(db, A)
    assert not rows.drop_entry(db, A)
    assert rows.entry(db, V2) is None
    assert [position.info_hash for position in rows.positions(db)] == [B]
    assert rows.metainfo(db, A) == b""


def test_to_change_an_entry_leaves_its_positions(db: Connection) -> None:
    rows.put_entry(db, Entry(A))
    rows.put_position(db, Position(A, 0, 7.5, 90.0, 9.0, finished=True))
    rows.put_entry(db, Entry(A, "another name"))
    assert rows.positions(db, A) == (Position(A, 0, 7.5, 90.0, 9.0, finished=True),)


def test_a_position_needs_its_torrent(db: Connection) -> None:
    with pytest.raises(IntegrityError):
        rows.put_position(db, Position(A, 0, 7.5, 90.0, 9.0, finished=False))


def test_those_watched_last_come_first_then_those_added_last(db: Connection) -> None:
    for number, (added, watched) in enumerate([(1.0, None), (9.0, None), (2.0, 50.0), (3.0, 60.0)]):
        rows.put_entry(db, Entry(f"{number:040}", added=added, watched=watched))
    assert [int(entry.info_hash) for entry in rows.entries(db)] == [3, 2, 1, 0]


def test_text_that_utf8_cannot_say_is_replaced(db: Connection) -> None:
    rows.put_entry(db, Entry(A, "film \udcff"))
    found = rows.entry(db, A)
    assert found is not None
    assert found.name == "film ?"


def test_settings_are_json_and_none_takes_them_back(db: Connection) -> None:
    rows.put_setting(db, "down_limit", 5)
    rows.put_setting(db, "trackers", ["udp://a.example:1"])
    rows.put_setting(db, "down_limit", 6)
    assert rows.settings(db) == {"down_limit": 6, "trackers": ["udp://a.example:1"]}
    rows.put_setting(db, "down_limit", None)
    assert rows.settings(db) == {"trackers": ["udp://a.example:1"]}


def test_tokens(db: Connection) -> None:
    rows.put_token(db, Token("22", "phone", 2.0, 9.0))
    rows.put_token(db, Token("11", "laptop", 1.0))
    assert rows.tokens(db) == (Token("11", "laptop", 1.0), Token("22", "phone", 2.0, 9.0))
    assert rows.drop_token(db, "11")
    assert not rows.drop_token(db, "11")
