"""The one writer: a thread with a queue.

Rules: a write is a function of the connection that may be run again; its future is done when the transaction that it
was in is on the disk. What waits together is written together, since a commit costs milliseconds and a statement none;
if any of it fails, each is tried by itself, so that nobody pays for another's mistake.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from headrace.library.schema import connect, failed

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
MOST = 200
"""Writes in one transaction at most: so many take a few milliseconds, which others may have to wait for."""


class Writer:
    """Writes in the order of ``submit``. ``opened`` is done when the file can be written, or fails as it failed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self.opened: Future[None] = Future()
        self.opened.set_running_or_notify_cancel()
        self._thread = threading.Thread(target=self._run, name="headrace-library", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Have ``work`` done in a transaction; an EngineError in the future when the file cannot be written."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # who waits may go away; what was submitted is written all the same
        with self._lock:
            if self._closed:
                raise RuntimeError("the library is closed")
            self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Write what was submitted, then end. Blocking."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            connection = connect(self._path)
        except BaseException as error:
            self.opened.set_exception(error)
            self._refuse(error)
            return
        self.opened.set_result(None)
        try:
            while jobs := self._jobs():
                self._write(connection, jobs)
        finally:
            connection.close()

    def _refuse(self, error: BaseException) -> None:
        """Nothing can be written: say so to all who ask, until the end."""
        while (job := self._queue.get()) is not None:
            job[1].set_exception(error)

    def _jobs(self) -> list[tuple[Work, Future[Any]]]:
        """What waits, once something does; empty at the end."""
        jobs = []
        job = self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) >= MOST or self._queue.empty():
                return jobs
            job = self._queue.get()
        if jobs:
            self._queue.put(None)  # the end comes after these
        return jobs

    def _write(self, connection: sqlite3.Connection, jobs: list[tuple[Work, Future[Any]]]) -> None:
        try:
            results = self._transaction(connection, [work for work, _ in jobs])
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._write(connection, [job])
                return
            jobs[0][1].set_exception(failed(error, self._path) if isinstance(error, sqlite3.Error) else error)
            return
        for (_, future), result in zip(jobs, results, strict=True):
            future.set_result(result)

    def _transaction(self, connection: sqlite3.Connection, works: list[Work]) -> list[Any]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [work(connection) for work in works]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk may have ended it already
                connection.execute("ROLLBACK")
            raise
        return results
