"""Torrents for code that reads files: ``headrace.open``.

Rules: the same reader as everywhere else, on an event loop in a thread of its own; one session serves all files that
are open, and ends with the last of them. ``read(n)`` returns ``n`` bytes unless the file ends: that is what ``zipfile``
and its like rely on. Unchecked bytes are never read.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from headrace.session import Session
    from headrace.settings import Settings
    from headrace.streaming.reader import Reader

T = TypeVar("T")


def open(source: str, *, file: str = "", timeout: float | None = None, settings: Settings | None = None) -> TorrentFile:
    """A file of a torrent as a seekable binary file that blocks until its bytes are there.

    ``source`` is a magnet link, an info-hash, a .torrent's path or its URL; ``file`` selects as ``--file`` does, the
    main video by default; ``timeout`` in seconds is for the metadata. ``settings`` count for the first open file.
    Raises InputError, SwarmError or EngineError; reads raise StreamFailed if the torrent fails.
    """
    hub = _Hub.enter(settings)
    try:
        reader, name = hub.call(_reader(hub, source, file, timeout))
    except BaseException:
        hub.leave()
        raise
    return TorrentFile(hub, reader, name)


async def _reader(hub: _Hub, source: str, selector: str, timeout: float | None) -> tuple[Reader, str]:
    torrent = await hub.session.add(source, file=selector, timeout=timeout)
    found = torrent.find(selector) if selector else torrent.main_video()
    return found.open(eager="off"), found.name


class TorrentFile(io.RawIOBase):
    """A file that arrives while it is read. ``name`` is the file's; not for several threads at once."""

    def __init__(self, hub: _Hub, reader: Reader, name: str) -> None:
        super().__init__()
        self._hub, self._reader, self.name = hub, reader, name

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The next byte to read."""
        self._check()
        return self._reader.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As ``io.IOBase.seek``."""
        self._check()
        return int(self._hub.run(lambda: self._reader.seek(offset, whence)))

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer``; less only at the end of the file."""
        self._check()
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            data = self._hub.call(self._reader.read(len(view) - done))
            if not data:
                break
            view[done : done + len(data)] = data
            done += len(data)
        return done

    def close(self) -> None:
        """End the reader; the session too, if this was the last open file."""
        if not self.closed:
            super().close()
            self._hub.run(self._reader.close)
            self._hub.leave()

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


class _Hub:
    """The session behind all open files, on a loop in a thread of its own."""

    _now: _Hub | None = None
    _lock = threading.Lock()

    def __init__(self, settings: Settings | None) -> None:
        from headrace.session import Session

        self.session: Session = Session(settings)
        self._users = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headrace", daemon=True)
        self._thread.start()
        try:
            self.call(self.session.__aenter__())
        except BaseException:
            self._end()
            raise

    @classmethod
    def enter(cls, settings: Settings | None) -> _Hub:
        """The hub, for one more file."""
        with cls._lock:
            if cls._now is None:
                cls._now = cls(settings)
            cls._now._users += 1
            return cls._now

    def leave(self) -> None:
        """One file less; with the last one it ends."""
        with _Hub._lock:
            self._users -= 1
            if self._users:
                return
            _Hub._now = None
        self.call(self.session.aclose())
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def run(self, work: Any) -> Any:
        """Run a function there and wait for it."""

        async def there() -> Any:
            return work()

        return self.call(there())
