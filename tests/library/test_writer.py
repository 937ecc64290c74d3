from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import wait
from pathlib import Path

import pytest

from headrace.errors import EngineError
from headrace.library import writer as module
from headrace.library.schema import FILE, connect
from headrace.library.writer import Writer


def put(name: str) -> module.Work:
    return lambda db: db.execute("INSERT INTO settings VALUES (?, '1')", (name,)).rowcount


def names(path: Path) -> list[str]:
    db = connect(path)
    try:
        return [name for (name,) in db.execute("SELECT name FROM settings ORDER BY name")]
    finally:
        db.close()


def test_what_was_submitted_before_the_end_is_written(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    futures = [writer.submit(put(f"{number:04}")) for number in range(1000)]
    writer.close()
    assert [future.result(0) for future in futures] == [1] * 1000
    assert len(names(tmp_path / FILE)) == 1000


def test_what_waits_is_written_together(tmp_path: Path) -> None:
    began, go = threading.Event(), threading.Event()
    commits: list[str] = []
    writer = Writer(tmp_path / FILE)

    def block(db: sqlite3.Connection) -> None:
        db.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
        began.set()
        assert go.wait(10)

    writer.submit(block)
    assert began.wait(10)
    futures = [writer.submit(put(f"{number:03}")) for number in range(100)]
    go.set()
    wait(futures, 10)
    writer.close()
    assert commits == ["COMMIT", "COMMIT"]  # the one that blocked, and all the others


def test_one_that_fails_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    began, go = threading.Event(), threading.Event()
    writer = Writer(tmp_path / FILE)
    writer.submit(lambda db: (began.set(), go.wait(10)))
    assert began.wait(10)

    def bad(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO settings VALUES ('half', '1')")
        raise LookupError("no such thing")

    first, failing, twice, last = map(writer.submit, (put("a"), bad, put("a"), put("z")))
    go.set()
    writer.close()
    assert (first.result(0), last.result(0)) == (1, 1)
    assert isinstance(failing.exception(0), LookupError)
    assert isinstance(twice.exception(0), EngineError)  # UNIQUE constraint failed
    assert names(tmp_path / FILE) == ["a", "z"]


def test_one_that_nobody_waits_for_any_more_is_written_all_the_same(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    assert not writer.submit(put("a")).cancel()
    writer.close()
    assert names(tmp_path / FILE) == ["a"]


def test_a_library_that_cannot_be_opened_refuses_every_write(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 200)
    writer = Writer(tmp_path / FILE)
    assert isinstance(writer.opened.exception(10), EngineError)
    assert isinstance(writer.submit(put("a")).exception(10), EngineError)
    writer.close()


def test_after_the_end_nothing_is_taken(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    writer.close()
    writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(put("a"))


def test_a_full_disk_is_told_and_not_the_end(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    pages: int = writer.submit(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result(10)
    writer.submit(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}")).result(10)
    error = writer.submit(
        lambda db: db.execute("INSERT INTO settings VALUES ('large', ?)", ("x" * 100_000,))
    ).exception(10)
    assert isinstance(error, EngineError)
    assert error.kind == "disk"
    assert writer.submit(put("small")).result(10) == 1
    writer.close()
    assert names(tmp_path / FILE) == ["small"]
