"""``/api/v1/events``: what happens, as server-sent events (WHATWG HTML, section 9.2).

Rules: whoever listens slowly loses, nobody waits for it: its mailbox is bounded, and the oldest progress goes first.
An id names one event of one run of the server; a client that comes back with it gets what it missed, but for what
passes, as far as that is still known. With ``?map=INFOHASH`` come ``map`` events too (``http.maps``); they have no id.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from headrace.core.events import Cast, Note, Of
from headrace.http.body import reset
from headrace.http.maps import MapFeed
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent

HEARTBEAT = 15.0
"""Seconds between comments on a quiet stream: proxies cut connections that are silent for 30 to 60 s."""
MAILBOX = 256
"""Events that wait for one client at most: over four minutes of one torrent's progress."""
REMEMBERED = 256
"""Events kept for clients that come back."""
RETRY = 2000
"""Milliseconds after which a browser comes back."""


def passes(note: Note) -> bool:
    """Whether it is out of date a second later, and said anew then. Of devices that holds for those that play: that one
    pauses, or is over, is said once."""
    return note.event == "progress" or (isinstance(note, Cast) and note.state == "playing")


class Letter(NamedTuple):
    """One event, ready to send."""

    number: int
    passing: bool
    text: bytes


class Mailbox:
    """What one client has still to be sent."""

    def __init__(self, size: int = MAILBOX) -> None:
        self._size = size
        self._letters: deque[Letter] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._late: Callable[[], bytes] | None = None

    def put(self, letter: Letter) -> None:
        """Add a letter; when it is full, throw away the oldest progress, or else the oldest."""
        if len(self._letters) >= self._size:
            passing = next((n for n, old in enumerate(self._letters) if old.passing), 0)
            del self._letters[passing]
        self._letters.append(letter)
        self._wake.set()

    def call(self, late: Callable[[], bytes]) -> None:
        """What is to be written when the next letters are taken, and not before."""
        self._late = late
        self._wake.set()

    def close(self) -> None:
        """Nothing more comes."""
        self._closed = True
        self._wake.set()

    async def take(self) -> list[bytes] | None:
        """All that has come, once something has; None at the end."""
        while not self._letters and self._late is None and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        if not self._letters and self._late is None:
            return None
        texts = [letter.text for letter in self._letters]
        self._letters.clear()
        if self._late is not None:
            late, self._late = self._late, None
            texts.append(late())
        return texts


class Events:
    """Hears all torrents and tells all clients. ``uptime``: seconds since the process began, for ``t``."""

    def __init__(self, torrents: Torrents, uptime: Callable[[], float]) -> None:
        self._torrents, self._uptime = torrents, uptime
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._past: deque[Letter] = deque(maxlen=REMEMBERED)
        self._mailboxes: set[Mailbox] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._unsubscribe = torrents.subscribe(self._heard)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET: the stream; HEAD: its headers."""
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",  # nginx would collect events before it passes them on
            }
        )
        task = asyncio.current_task()
        assert task is not None
        mailbox = Mailbox()
        self._mailboxes.add(mailbox)
        self._tasks.add(task)
        # a browser that comes back by itself names the header; a page that begins a new stream cannot
        for letter in self._missed(request.headers.get("Last-Event-ID") or request.query.get("last", "")):
            mailbox.put(letter)
        feed = self._feed(request.query.get("map", ""), mailbox)
        try:
            await response.prepare(request)
            if request.method != "HEAD":
                await _deliver(mailbox, response)
        except asyncio.CancelledError:
            reset(request)  # who does not read would keep the socket open until it does
            raise
        finally:
            if feed is not None:
                feed.close()
            self._mailboxes.discard(mailbox)
            self._tasks.discard(task)
        return response

    def _feed(self, info_hash: str, mailbox: Mailbox) -> MapFeed | None:
        if not info_hash:
            return None

        def text() -> bytes:
            step = feed.step()
            if step is None:
                return b""
            data = {"event": "map", "t": round(self._uptime(), 3), "infohash": info_hash.lower()} | step
            return f"event: map\ndata: {json.dumps(data)}\n\n".encode()

        feed = MapFeed(self._torrents, info_hash, lambda: mailbox.call(text))
        return feed

    async def aclose(self) -> None:
        """End all streams: politely, then for those who do not read at once."""
        self._unsubscribe()
        for mailbox in self._mailboxes:
            mailbox.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=0.2)
            for task in late:
                task.cancel()

    def _heard(self, torrent: Torrent, note: Note) -> None:
        self.tell(Of(torrent.info_hash, note))

    def tell(self, note: Note) -> None:
        """Tell all who listen."""
        fields = note.as_dict()
        name = fields.pop("event")
        data = {"event": name, "t": round(self._uptime(), 3), **fields}
        number = next(self._numbers)
        # JSON with ASCII only has no line breaks and no lone surrogates.
        text = f"id: {self._run}-{number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
        letter = Letter(number, passes(note.note if isinstance(note, Of) else note), text.encode())
        if not letter.passing:
            self._past.append(letter)
        for mailbox in self._mailboxes:
            mailbox.put(letter)

    def _missed(self, last: str) -> list[Letter]:
        """What came after the event with this id; from another run, all that is remembered."""
        if not last:
            return []
        run, _, number = last.partition("-")
        seen = int(number) if run == self._run and number.isascii() and number.isdigit() and len(number) < 20 else 0
        return [letter for letter in self._past if letter.number > seen]


async def _deliver(mailbox: Mailbox, response: web.StreamResponse) -> None:
    await response.write(b"retry: %d\n\n" % RETRY)
    while True:
        try:
            texts = await asyncio.wait_for(mailbox.take(), HEARTBEAT)
        except TimeoutError:
            texts = [b": still here\n\n"]
        if texts is None:
            return
        if text := b"".join(texts):
            await response.write(text)
