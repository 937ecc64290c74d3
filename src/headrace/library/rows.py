"""Records as rows of the library's tables, and back.

Rules: SQL stands here and in ``schema``, nowhere else; each function is one statement or two on a connection that it is
handed, and may be run again. Text from torrents may hold anything: what UTF-8 cannot say is replaced.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from typing import Any

from headrace.library.records import Entry, Position, Token

_COLUMNS = tuple(field.name for field in fields(Entry))
_NAMES = ", ".join(_COLUMNS)
_MARKS = ", ".join("?" * len(_COLUMNS))
_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "info_hash")


def entries(db: sqlite3.Connection) -> tuple[Entry, ...]:
    """All torrents, those watched last first, then those added last."""
    order = "ORDER BY coalesce(watched, 0) DESC, added DESC, info_hash"
    return tuple(map(_entry, db.execute(f"SELECT {_NAMES} FROM torrents {order}")))  # noqa: S608 (names of ours)


def entry(db: sqlite3.Connection, info_hash: str) -> Entry | None:
    """A torrent, by either of its info-hashes."""
    found = db.execute(
        f"SELECT {_NAMES} FROM torrents WHERE info_hash = ? OR info_hash_v2 = ? LIMIT 1",  # noqa: S608 (names of ours)
        (info_hash, info_hash),
    ).fetchone()
    return _entry(found) if found else None


def put_entry(db: sqlite3.Connection, found: Entry) -> None:
    """Add a torrent, or replace what is said of it; positions stay."""
    db.execute(
        f"INSERT INTO torrents ({_NAMES}) VALUES ({_MARKS}) "  # noqa: S608 (names of ours)
        f"ON CONFLICT (info_hash) DO UPDATE SET {_UPDATES}",
        [_stored(getattr(found, name)) for name in _COLUMNS],
    )


def drop_entry(db: sqlite3.Connection, info_hash: str) -> bool:
    """Forget a torrent and all that belongs to it; whether there was one."""
    return db.execute("DELETE FROM torrents WHERE info_hash = ?", (info_hash,)).rowcount > 0


def metainfo(db: sqlite3.Connection, info_hash: str) -> bytes:
    """The .torrent that was kept; empty without one."""
    found = db.execute("SELECT data FROM metainfo WHERE info_hash = ?", (info_hash,)).fetchone()
    return bytes(found[0]) if found else b""


def put_metainfo(db: sqlite3.Connection, info_hash: str, data: bytes) -> None:
    """Keep a .torrent."""
    db.execute("INSERT OR REPLACE INTO metainfo VALUES (?, ?)", (info_hash, data))


def positions(db: sqlite3.Connection, info_hash: str | None = None) -> tuple[Position, ...]:
    """Positions in one torrent or in all, the newest first."""
    where, values = ("", ()) if info_hash is None else ("WHERE info_hash = ?", (info_hash,))
    columns = "info_hash, file, seconds, duration, updated, finished"
    found = db.execute(f"SELECT {columns} FROM positions {where} ORDER BY updated DESC", values)  # noqa: S608 (ours)
    return tuple(Position(row[0], row[1], row[2], row[3], row[4], finished=bool(row[5])) for row in found)


def put_position(db: sqlite3.Connection, found: Position) -> None:
    """Keep a position in place of the file's last one."""
    values = (found.info_hash, found.index, found.seconds, found.duration, found.updated, found.finished)
    db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)", values)


def drop_position(db: sqlite3.Connection, info_hash: str, index: int) -> bool:
    """Forget a position; whether there was one."""
    return db.execute("DELETE FROM positions WHERE info_hash = ? AND file = ?", (info_hash, index)).rowcount > 0


def settings(db: sqlite3.Connection) -> dict[str, Any]:
    """Settings that were changed at run time, by name."""
    return {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM settings")}


def put_setting(db: sqlite3.Connection, name: str, value: object) -> None:
    """Keep a setting; JSON's types. None takes it back."""
    if value is None:
        db.execute("DELETE FROM settings WHERE name = ?", (name,))
    else:
        db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))


def tokens(db: sqlite3.Connection) -> tuple[Token, ...]:
    """All tokens, the oldest first."""
    return tuple(
        Token(*row) for row in db.execute("SELECT digest, label, created, expires FROM tokens ORDER BY created")
    )


def put_token(db: sqlite3.Connection, token: Token) -> None:
    """Keep a token."""
    values = (token.digest, _text(token.label), token.created, token.expires)
    db.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)", values)


def drop_token(db: sqlite3.Connection, digest: str) -> bool:
    """Forget a token; whether there was one."""
    return db.execute("DELETE FROM tokens WHERE digest = ?", (digest,)).rowcount > 0


def _stored(value: object) -> object:
    if isinstance(value, tuple):
        return json.dumps(value)
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _entry(row: tuple[Any, ...]) -> Entry:
    named = dict(zip(_COLUMNS, row, strict=True))
    named["trackers"] = tuple(json.loads(named["trackers"]))
    named["files"] = tuple(json.loads(named["files"])) if named["files"] is not None else None
    for name in ("pinned", "paused", "keep", "evicted"):
        named[name] = bool(named[name])
    return Entry(**named)
