from __future__ import annotations

import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.library import schema
from headrace.library.schema import FILE, MIGRATIONS, connect


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_file_has_todays_schema_and_is_durable(tmp_path: Path) -> None:
    db = connect(tmp_path / "deep" / "down" / FILE)
    assert {"torrents", "positions", "metainfo", "settings", "tokens"} <= tables(db)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert db.execute("PRAGMA secure_delete").fetchone() == (1,)
    db.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        db = connect(tmp_path / FILE)
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) >= {FILE, f"{FILE}-wal"}
    assert set(modes.values()) == {0o600}
    db.close()


def test_an_older_file_is_brought_up_to_date_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / FILE
    old = connect(path)
    old.execute("INSERT INTO settings VALUES ('quota', '7')")
    old.close()
    newer = (*MIGRATIONS, ("ALTER TABLE settings ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
    db = connect(path, newer)
    assert db.execute("SELECT * FROM settings").fetchall() == [("quota", "7", "none")]
    assert db.execute("PRAGMA user_version").fetchone() == (len(newer),)
    db.close()


def test_a_step_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    path = tmp_path / FILE
    connect(path).close()
    with pytest.raises(EngineError):
        connect(path, (*MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE TABLE torrents (x)")))
    db = connect(path)
    assert "extra" not in tables(db)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    db.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE
    db = connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(EngineError, match=r"newer Headrace \(version 99") as caught:
        connect(path)
    assert caught.value.kind == "library"
    assert path.read_bytes() == before


def test_a_damaged_file_is_said_to_be_so_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(EngineError, match="is damaged") as caught:
        connect(path)
    assert caught.value.exit_code == 5
    assert path.read_bytes().startswith(b"this is no database")


def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match="cannot be written") as caught:
        connect(tmp_path / "file" / FILE)
    assert caught.value.kind == "disk"


def test_another_process_that_writes_for_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / FILE
    monkeypatch.setattr(schema, "BUSY", 0.01)
    first = connect(path)
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(EngineError, match="locked"):
        connect(path, (*MIGRATIONS, ("CREATE TABLE extra (x)",)))
    first.close()
