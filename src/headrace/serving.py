"""``serve``: the server with many torrents, which come and go while it runs.

Rules: it ends within seconds and loses nothing: streams are reset, state is saved, trackers are told. A torrent that
fails is told and does not end it. It answers once all is as it was when it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headrace import ending, notice
from headrace.casts import Casts
from headrace.core import events
from headrace.guests import Guests
from headrace.holdings import Holdings
from headrace.http.keeper import Exhibit
from headrace.http.logins import Logins
from headrace.http.server import Server
from headrace.keeping import Keeping
from headrace.library import presence
from headrace.library.library import Library
from headrace.storage import Storage, open_library
from headrace.token import is_open, token_for
from headrace.uptime import elapsed

if TYPE_CHECKING:
    from headrace.app import Say
    from headrace.session import Session
    from headrace.streaming.registry import Torrents


class Visitor(Exhibit, Protocol):
    """An exhibit, as whoever runs the server has it."""

    async def clear(self) -> None:
        """Remove what a run that was killed has left."""

    async def aclose(self) -> None:
        """End it."""


Invite = Callable[[Path, "Torrents", Guests], Visitor]
"""Makes the exhibit, from a folder of its own, the place where torrents are found, and the house that it visits."""
EXHIBIT = "demo"
"""The exhibit's folder, beside the library."""


class Serving:
    """One run of ``serve``. ``fixed`` names settings that were given for this run and that nothing kept overrides;
    ``invite`` makes the demo that the page offers."""

    def __init__(
        self, session: Session, say: Say, fixed: frozenset[str] = frozenset(), invite: Invite | None = None
    ) -> None:
        self._session, self._say, self._fixed, self._invite = session, say, fixed, invite
        self._stop = asyncio.Event()
        self._holdings = Holdings(session.settings.data_folder)

    async def run(self) -> int:
        """Serve until SIGTERM (which is how services end, so that is no failure) or an interrupt; the exit code."""
        ending.when_asked(self._stop.set)
        _allow_many_files()
        folder = self._session.settings.library_folder
        claim = await asyncio.to_thread(presence.claim, folder)
        try:
            async with await open_library(folder, self._holdings, self._say) as library:
                keeping = Keeping(self._session, library, self._fixed)
                storage = self._store_in(library, keeping)
                try:
                    await self._serve(library, keeping, claim, storage)
                finally:
                    await asyncio.shield(storage.aclose())
                    await asyncio.shield(keeping.aclose())
        finally:
            claim.release()
        return 0

    def _store_in(self, library: Library, keeping: Keeping) -> Storage:
        """The quota, seen to whenever a torrent comes or data grows."""
        session, settings = self._session, self._session.settings
        storage = Storage(
            self._holdings,
            library,
            settings.quota,
            torrents=session.torrents,
            let_go=session.remove,
            take_back=keeping.revive,
            say=self._say,
        )
        session.watcher = storage
        keeping.quota_changed = storage.limit_to
        library.subscribe(lambda change: storage.added() if change.kind == "added" else None)
        return storage

    async def _serve(self, library: Library, keeping: Keeping, claim: presence.Claim, storage: Storage) -> None:
        session, settings = self._session, self._session.settings
        unsubscribe = session.torrents.subscribe(lambda torrent, note: self._say(events.Of(torrent.info_hash, note)))
        token = token_for(settings)
        logins = Logins(token, library)
        guests = Guests(keeping)
        visitor = self._invited(guests)
        casts = Casts(guests)
        server = Server(
            session.torrents,
            host=settings.host,
            port=settings.port,
            token=token,
            allow_hosts=settings.allow_hosts,
            keeper=guests,
            logins=logins,
            exhibit=visitor,
            stage=casts,
            uptime=elapsed,
        )
        try:
            if visitor is not None:
                await visitor.clear()
            await storage.sweep()
            await keeping.restore()
            await logins.load()
            storage.added()
            await server.start()
            await asyncio.to_thread(claim.announce, server.base_url.rstrip("/"), token, settings.network)
            base = server.base_url
            # without the token: it is logged
            self._say(events.Serving(base, f"{base}playlist.m3u8", server.port, server.everywhere))
            if is_open(settings):
                self._say(events.Warning("no_auth", f"Whoever reaches {base} may do everything there (--no-auth)."))
            notice.tell(notice.READY)
            await self._until_stopped(keeping)
        finally:
            notice.tell(notice.STOPPING)
            await asyncio.shield(casts.aclose())
            await asyncio.shield(server.aclose())
            if visitor is not None:
                await asyncio.shield(visitor.aclose())
            unsubscribe()
            self._say(events.Done(0.0, *self._totals()))

    def _invited(self, guests: Guests) -> Visitor | None:
        if self._invite is None:
            return None
        session = self._session
        visitor = self._invite(session.settings.library_folder / EXHIBIT, session.torrents, guests)
        visitor.subscribe(self._say)
        return visitor

    async def _until_stopped(self, keeping: Keeping) -> None:
        """Wait for the end, and see to the folder that is watched, if there is one."""
        ends = [asyncio.ensure_future(self._stop.wait())]
        if self._session.settings.watch is not None:
            from headrace.watching import watch

            found = asyncio.ensure_future(watch(self._session.settings.watch, keeping.add_found, self._stop))
            ends.append(found)  # type: ignore[arg-type]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    def _totals(self) -> tuple[int, int]:
        found = [torrent.status() for torrent in self._session.torrents]
        return sum(one.downloaded for one in found), sum(one.uploaded for one in found)


def _allow_many_files() -> None:
    """As many descriptors as the system lets us have: peers, viewers, and clients that are slow on purpose."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
