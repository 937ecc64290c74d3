"""The library's file: where it is, its tables, and how older ones become today's.

Rules: ``PRAGMA user_version`` counts the steps of ``MIGRATIONS`` that were taken; a step is never edited once released,
only followed by another, and each is taken in one transaction: a kill leaves the old schema or the new one. A file that
a newer Headrace made is refused as it is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from headrace.errors import EngineError

FILE = "library.db"
BUSY = 10.0
"""Seconds to wait for another process that writes: it holds the file for some milliseconds."""

_FIRST = (
    """
    CREATE TABLE torrents (
        info_hash TEXT PRIMARY KEY, info_hash_v2 TEXT NOT NULL, name TEXT NOT NULL, magnet TEXT NOT NULL,
        trackers TEXT NOT NULL, selector TEXT NOT NULL, files TEXT, size INTEGER NOT NULL, added REAL NOT NULL,
        watched REAL, pinned INTEGER NOT NULL, paused INTEGER NOT NULL, keep INTEGER NOT NULL,
        evicted INTEGER NOT NULL, down_limit INTEGER NOT NULL, up_limit INTEGER NOT NULL
    )
    """,
    "CREATE INDEX torrents_v2 ON torrents (info_hash_v2)",
    """
    CREATE TABLE metainfo (
        info_hash TEXT PRIMARY KEY REFERENCES torrents ON DELETE CASCADE, data BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE positions (
        info_hash TEXT NOT NULL REFERENCES torrents ON DELETE CASCADE, file INTEGER NOT NULL, seconds REAL NOT NULL,
        duration REAL, updated REAL NOT NULL, finished INTEGER NOT NULL, PRIMARY KEY (info_hash, file)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE tokens (
        digest TEXT PRIMARY KEY, label TEXT NOT NULL, created REAL NOT NULL, expires REAL
    ) WITHOUT ROWID
    """,
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Statements by step: the first makes an empty file version 1."""


def connect(path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> sqlite3.Connection:
    """An open library of today's schema, made if need be; ``EngineError`` when it cannot be used.

    It may hold passkeys, so others may not read it. To be used in one thread.
    """
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives the journal the same mode
        connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # NORMAL may lose the last writes with the power
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what was forgotten is not to be read in free pages
        _migrate(connection, path, migrations)
    except (OSError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        raise failed(error, path) from None
    except EngineError:
        if connection is not None:
            connection.close()
        raise
    return connection


def peek(path: Path) -> sqlite3.Connection | None:
    """A library to be read as it lies there, when there is no room to open it; None when that would tell half of it:
    what a process that was killed wrote last may still stand beside it."""
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        return None
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)


def failed(error: OSError | sqlite3.Error, path: Path) -> EngineError:
    """What went wrong with the file, in our words."""
    said = error.strerror if isinstance(error, OSError) else str(error)
    code = getattr(error, "sqlite_errorname", "")
    if code in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return EngineError(
            f"The library {path} is damaged ({said}).", "Move that file away; positions start anew.", kind="library"
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")) or isinstance(error, OSError):
        return EngineError(
            f"The library {path} cannot be written: {said}.", "Make room, or choose another --dir DIR.", kind="disk"
        )
    return EngineError(f"The library {path} cannot be used: {said}.", "See: headrace doctor", kind="library")


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have come first
        if version > len(migrations):
            raise EngineError(
                f"The library {path} was made by a newer Headrace (version {version}; this one knows "
                f"{len(migrations)}).",
                "Update Headrace, or choose another --dir DIR.",
                kind="library",
            )
        for step in migrations[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
