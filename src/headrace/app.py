"""What the verbs do: puts session, server and player together.

Rules: the engine runs and announces before anything else is imported; the URL answers before the metadata is there, and
players that can take it are started right then; whatever way it ends, state is saved and the player is not left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace import ending
from headrace.core import events
from headrace.core.choice import Choice
from headrace.errors import EngineError
from headrace.session import Begun, Session

if TYPE_CHECKING:
    import asyncio

    from headrace.core.pieces import Layout
    from headrace.library.presence import Present
    from headrace.serving import Invite
    from headrace.settings import Settings
    from headrace.sources import Loaded
    from headrace.streaming.torrent import Torrent

Say = Callable[[events.Note], None]
SERVED = "serve.lock"
"""The file that a server leaves in its library's folder (``library.presence.LOCK``)."""


def play(settings: Settings, loaded: Loaded, say: Say, flags: frozenset[str] = frozenset()) -> int:
    """Stream into a player until it ends; the exit code. Where a server has the folder, it is the server that streams.

    ``flags`` names the settings that were given on the command line.
    """
    server = _server_of(settings)
    if server is not None:
        from headrace.handover import Handover

        return ending.run(lambda: Handover(server, settings, loaded, say, flags).run())
    choice = Choice(settings.file, settings.all, eager=settings.eager)
    session, begun = _begin(settings, loaded, choice, None, say)
    _import_server()
    from headrace.playing import Playing

    return _run(session, lambda: Playing(session, begun, say, loaded).run())


def _import_server() -> None:
    from headrace.http.importing import import_aiohttp

    import_aiohttp()


def download(settings: Settings, loaded: Loaded, say: Say) -> int:
    """Fetch the chosen files whole, in order; the exit code."""
    choice = Choice(settings.file, settings.all, whole=True)
    session, begun = _begin(settings, loaded, choice, settings.dir or Path.cwd(), say)
    return _run(session, lambda: _download(session, begun, say))


def serve(settings: Settings, say: Say, fixed: frozenset[str] = frozenset(), invite: Invite | None = None) -> int:
    """Serve torrents that come and go, until it is ended; the exit code. ``fixed`` names settings for this run alone,
    which nothing that was kept overrides; ``invite`` makes the demo that its page offers."""
    session = Session(settings)
    session.start()
    _import_server()
    from headrace.serving import Serving

    return _run(session, lambda: Serving(session, say, fixed, invite).run())


def list_files(settings: Settings, loaded: Loaded) -> Layout:
    """The torrent's files; from the swarm only if they must be. Says nothing."""
    if loaded.torrent:
        from headrace.engine.libtorrent import inspect_torrent

        return inspect_torrent(loaded.torrent)[1]
    session, begun = _begin(settings, loaded, Choice(metadata_only=True), None, lambda note: None)
    found: list[Layout] = []

    async def fetch() -> int:
        torrent = session.adopt(begun)
        found.append(await torrent.metadata(settings.timeout or None))
        return 0

    _run(session, fetch)
    return found[0]


def _begin(settings: Settings, loaded: Loaded, choice: Choice, folder: Path | None, say: Say) -> tuple[Session, Begun]:
    session = Session(settings)
    session.start()
    try:
        begun = session.begin(loaded, choice, folder)
    except EngineError as error:
        raise _told_by_whom(error, settings) from None
    say(events.Starting(loaded.origin))
    return session, begun


def _told_by_whom(error: EngineError, settings: Settings) -> EngineError:
    """Of data that is in use: by the server of this folder, if there is one."""
    server = _server_of(settings) if error.kind == "in_use" else None
    return server.refusal() if server is not None else error


def _server_of(settings: Settings) -> Present | None:
    """The server that has the folder, if one runs."""
    folder = settings.library_folder
    if not (folder / SERVED).exists():
        return None  # nobody ever served here: that is 3 ms of imports less before the engine runs
    from headrace.library import presence

    return presence.find(folder)


def _run(session: Session, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run ``work`` with the session open."""

    async def main() -> int:
        session.attach()
        try:
            return await work()
        finally:
            await session.aclose()

    return ending.run(main)


async def _download(session: Session, begun: Begun, say: Say) -> int:
    import asyncio

    torrent = session.adopt(begun)
    torrent.subscribe(say)
    try:
        await torrent.metadata(session.settings.timeout or None)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        torrent.subscribe(lambda note: _settle(done, torrent))
        await torrent.until_peers(done, session.settings.timeout)
        await done
    finally:
        status = await torrent.last_status()
        say(events.Done(0.0, status.downloaded, status.uploaded))
    return 0


def _settle(done: asyncio.Future[None], torrent: Torrent) -> None:
    """End the wait for a download that is whole, or that cannot become so."""
    if done.done():
        return
    if torrent.share_of_goals() >= 1.0:
        done.set_result(None)
    elif torrent.monitor.gauge.disk_error:
        done.set_exception(
            EngineError(
                f"Cannot write to the disk: {torrent.monitor.gauge.disk_error}.",
                "Make room, or choose another folder: --dir DIR. Started again, it goes on where it was.",
                kind="disk",
            )
        )
    elif torrent.error:
        done.set_exception(EngineError(f"The torrent failed: {torrent.error}."))
