"""The engine on libtorrent 2.1; the product's one importer of it.

Rules: no call here waits for the network thread while the swarm is busy, except reading a torrent's metadata once.
Alerts are valid until the next ``pop_alerts``: what is needed is copied at once. libtorrent wakes us by a byte on a
socket (``set_alert_fd``); its callback into Python can deadlock with the interpreter's lock and is not used.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import libtorrent as lt

from headrace.core.pieces import Layout
from headrace.engine import base
from headrace.engine.bans import Address
from headrace.engine.base import AddRequest, EngineOptions, Event, Listener
from headrace.engine.farewell import Farewell
from headrace.engine.handle import LibtorrentTorrent
from headrace.engine.reunion import not_in_use
from headrace.engine.steering import running_loop
from headrace.engine.translate import OF_PIECES, OF_REMOVED, OF_SESSION, OF_TORRENT, best_hash, layout_of, stats_of
from headrace.engine.tuning import STREAMING, UTP_DELAY, carries_udp, settings_for
from headrace.errors import EngineError, InputError

if TYPE_CHECKING:
    import asyncio

AT_ONCE = 128
"""Alerts in one step of the event loop: about 20 µs each, and at 100 MB/s a thousand may have come."""
BLOCKED = 1
"""In a filter of addresses."""
REUNION_SECONDS = 20.0
"""After so long a peer that was too slow for a waiting viewer is met again: it helps while nobody waits."""
LOCAL_CLASS: Any = {
    "label": "local",
    "ignore_unchoke_slots": True,
    "connection_limit_factor": 150,
    "upload_priority": 1,
    "download_priority": 1,
}
"""libtorrent's own class for peers on the local network, but for its limits; to ask for it would block."""
CLOSE_SECONDS = 3.0
"""How long the end waits for resume data."""

_C = lt.alert_category
ALERTS = (
    _C.error | _C.status | _C.storage | _C.tracker | _C.piece_progress | _C.block_progress | _C.ip_block | _C.connect
)


def version() -> str:
    """libtorrent's version."""
    return str(lt.__version__)


def inspect_torrent(data: bytes) -> tuple[tuple[str, ...], Layout]:
    """Info-hashes (v1 first) and layout of a .torrent's bytes (BEP 3, BEP 52); ``InputError`` when it is refused."""
    params = _load(data)
    assert params.ti is not None
    hashes = params.ti.info_hashes()
    known = [str(hashes.v1)] if hashes.has_v1() else []
    return (*known, *([str(hashes.v2)] if hashes.has_v2() else [])), layout_of(params.ti)


def _load(data: bytes) -> lt.add_torrent_params:
    try:
        return lt.load_torrent_buffer(data)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"The .torrent file cannot be read: {error}.", "Fetch it again; it may be torn.") from None


class LibtorrentEngine:
    """A libtorrent session (``base.Engine``)."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._session: lt.session | None = None
        self._filter, self._filter_lock = lt.ip_filter(), threading.Lock()
        self._alerts: list[Any] = []
        self._torrents: dict[int, LibtorrentTorrent] = {}
        self._leaving: dict[str, str] = {}
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._calm: set[str] = set()
        self._is_calm = False
        self._farewell = Farewell()

    def start(self) -> None:
        """Listen, and join the DHT with the nodes of last time."""
        settings = settings_for(self._options)
        settings["alert_mask"] = int(ALERTS)
        params = self._state()
        params.settings = cast("lt.settings_pack", settings)
        for first, last in self._options.blocked:
            self._filter.add_rule(first, last, BLOCKED)
        params.ip_filter = self._filter
        try:
            self._session = lt.session(params)
        except (RuntimeError, ValueError, TypeError) as error:
            raise EngineError(f"The torrent engine did not start: {error}.", "See `headrace doctor`.") from None
        if self._options.down_limit or self._options.up_limit:
            self._limit_everyone(self._session)

    def _state(self) -> lt.session_params:
        path = self._options.state_path
        if path is not None:
            with contextlib.suppress(OSError, RuntimeError):
                return lt.read_session_params(path.read_bytes())
        return lt.session_params()

    @staticmethod
    def _limit_everyone(session: lt.session) -> None:
        """Peers on the local network are not limited by default; who sets a limit means all traffic."""
        everyone, bit = lt.ip_filter(), 1 << session.global_peer_class_id
        everyone.add_rule("0.0.0.0", "255.255.255.255", bit)  # noqa: S104 - a range of peers, not a listener
        everyone.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", bit)
        session.set_peer_class_filter(everyone)

    def attach(self, listener: Listener) -> None:
        """Events go to ``listener`` on the running loop from now on."""
        self._listener, self._loop = listener, running_loop()
        self._loop.add_reader(self._bell, self._pump)
        self._need().set_alert_fd(self._ringer.fileno())
        self._loop.call_soon(self._pump)
        if self._options.utp:
            self._loop.call_later(UTP_DELAY, self._allow_utp)

    def _allow_utp(self) -> None:
        if self._session is not None and not self._farewell.begun and carries_udp(self._options.proxy):
            self._session.apply_settings({"enable_outgoing_utp": True})

    def _need(self) -> lt.session:
        if self._session is None:
            raise RuntimeError("the engine is not running")
        return self._session

    # adding and removing
    def add(self, request: AddRequest) -> LibtorrentTorrent:
        """Add a torrent, or raise ``InputError``."""
        session, params = self._need(), self._params(request)
        try:
            handle = session.add_torrent(params)
        except RuntimeError as error:
            raise InputError(f"The torrent was refused: {error}.", kind="refused") from None
        torrent = LibtorrentTorrent(
            handle,
            lt.torrent_flags,
            request,
            dict(params.unfinished_pieces),
            self._drop,
            self._tell,
            self._let_go_for_a_while,
            self._turn_calm,
        )
        self._torrents[hash(handle)] = torrent
        self._turn_calm(torrent, False)
        return torrent

    def _params(self, request: AddRequest) -> lt.add_torrent_params:
        params = self._resumed(request) or (_load(request.torrent) if request.torrent else _magnet(request.magnet))
        if params.ti is None and request.torrent:
            params.ti = _load(request.torrent).ti
        params.save_path = str(request.save_path)
        trackers = [*params.trackers, *(url for url in request.trackers if url not in params.trackers)]
        if not carries_udp(self._options.proxy):
            trackers = [url for url in trackers if not url.startswith("udp:")]
        params.trackers = trackers
        params.tracker_tiers = [0] * len(trackers)
        params.peers = [*params.peers, *request.peers]
        params.flags = self._flags(request)
        return params

    def _resumed(self, request: AddRequest) -> lt.add_torrent_params | None:
        """Saved state, if it is of this torrent and this place."""
        if not request.resume:
            return None
        try:
            params = lt.read_resume_data(request.resume)
        except (RuntimeError, ValueError):
            return None
        if request.recheck:
            params.have_pieces, params.verified_pieces, params.unfinished_pieces = [], [], {}
        hashes = params.info_hashes
        return params if request.info_hash in (str(hashes.v1), str(hashes.v2)) else None

    def _flags(self, request: AddRequest) -> int:
        flags = lt.torrent_flags.default_flags | lt.torrent_flags.duplicate_is_error
        flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
        flags |= lt.torrent_flags.sequential_download
        if request.metadata_only or request.files_later:
            flags |= lt.torrent_flags.default_dont_download
        if request.seed:
            flags |= lt.torrent_flags.seed_mode
        elif (request.recheck or not request.resume) and not any(request.save_path.glob("*")):
            flags |= lt.torrent_flags.no_verify_files  # nothing there: connect at once, do not check first
        if not self._options.dht:
            flags |= lt.torrent_flags.disable_dht
        return int(flags)

    def _drop(self, torrent: LibtorrentTorrent, delete_data: bool) -> None:
        session = self._need()
        options = (session.delete_files | session.delete_partfile) if delete_data else 0
        self._torrents.pop(hash(torrent.handle), None)
        self._calm.discard(torrent.info_hash)
        with contextlib.suppress(RuntimeError):
            if delete_data:  # a hybrid that was added by its v2 hash has v1's too by now, and goes by that
                self._leaving[best_hash(torrent.handle.info_hashes())] = torrent.info_hash
            session.remove_torrent(torrent.handle, options)
        if not delete_data:
            self._tell([base.TorrentRemoved(torrent.info_hash, False)])

    # alerts
    def _tell(self, events: Sequence[Event]) -> None:
        """Hand over what is no alert, in a step of its own."""
        if self._loop is not None:
            self._loop.call_soon(lambda: self._listener and self._listener(events))

    def _pump(self) -> None:
        """Take alerts and hand over what they mean, pieces of one torrent together; what is left, in the next step."""
        if self._session is None:
            return
        if not self._alerts:
            with contextlib.suppress(BlockingIOError):
                self._bell.recv(4096)  # what is left in it rings again
            self._alerts = self._session.pop_alerts()
        alerts, self._alerts = self._alerts[:AT_ONCE], self._alerts[AT_ONCE:]
        events: list[Event] = []
        pieces: dict[str, list[int]] = {}
        for alert in alerts:
            try:
                self._translate(alert, events, pieces)
            except Exception as error:  # one that cannot be read must not lose those that follow
                self._report(error, type(alert).__name__)
        events.extend(base.PiecesReady(info_hash, tuple(ready)) for info_hash, ready in pieces.items())
        if self._alerts and self._loop is not None:
            self._loop.call_soon(self._pump)
        if events and self._listener is not None:
            self._listener(events)

    def _report(self, error: Exception, what: str) -> None:
        assert self._loop is not None
        self._loop.call_exception_handler({"message": f"libtorrent's {what} could not be read", "exception": error})

    def _translate(self, alert: Any, events: list[Event], pieces: dict[str, list[int]]) -> None:
        kind = type(alert).__name__
        self._farewell.hear(kind, alert)
        if kind in OF_SESSION:
            OF_SESSION[kind](alert, events)
        elif kind in OF_REMOVED:
            known = best_hash(alert.info_hashes)
            events.append(base.TorrentRemoved(self._leaving.pop(known, known), OF_REMOVED[kind]))
        elif kind == "state_update_alert":
            self._states(alert, events, pieces)
        elif (torrent := self._torrents.get(hash(getattr(alert, "handle", None)))) is None:
            return
        elif kind in OF_PIECES:
            ready = OF_PIECES[kind](torrent, alert, events) if torrent.layout is not None else None
            if ready is not None:
                pieces.setdefault(torrent.info_hash, []).append(ready)
            if pardoned := torrent.hear(kind, alert):
                self._pardon(torrent, pardoned)
        elif kind in ("peer_connect_alert", "peer_disconnected_alert"):
            torrent.hear(kind, alert)
        elif kind in OF_TORRENT:
            OF_TORRENT[kind](torrent, alert, events)
        elif kind in ("add_torrent_alert", "metadata_received_alert"):
            self._met(torrent, alert, events)
        elif kind in ("save_resume_data_alert", "save_resume_data_failed_alert"):
            self._resume_saved(torrent, alert, events)

    def _call_back(self, torrent: LibtorrentTorrent, status: Any) -> None:
        """Meet those again that went away, if nobody else is there."""
        others = (other.reunion for other in self._torrents.values() if other is not torrent)
        if peers := not_in_use(torrent.lost(running_loop().time(), status), others):
            self._pardon(torrent, peers)

    def _pardon(self, torrent: LibtorrentTorrent, peers: Sequence[Address]) -> None:
        """Meet them again: whoever comes into the filter is forgotten, and so is that they were banned."""
        self._turn_away(peers, lambda: torrent.add_peers(peers))

    def _let_go_for_a_while(self, torrent: LibtorrentTorrent, peers: Sequence[Address]) -> None:
        """Their connections are closed, so that others are asked for their blocks; they are met again later."""

        def later() -> None:
            if self._loop is not None:
                self._loop.call_later(REUNION_SECONDS, torrent.add_peers, peers)

        self._turn_away(peers, later)

    def _turn_calm(self, torrent: LibtorrentTorrent, calm: bool) -> None:
        """The setting is the session's: it is calm when all torrents are."""
        self._calm = self._calm | {torrent.info_hash} if calm else self._calm - {torrent.info_hash}
        all_calm = self._calm >= {known.info_hash for known in self._torrents.values()}
        if self._session is not None and all_calm != self._is_calm:
            self._is_calm = all_calm
            self._session.apply_settings({"request_queue_time": 0 if all_calm else STREAMING["request_queue_time"]})

    def _turn_away(self, peers: Sequence[Address], then: Callable[[], None]) -> None:
        """Into the filter and out again, in a thread: with a long list it takes a tenth of a second."""
        session, loop = self._session, self._loop
        if session is None or loop is None:
            return

        def filter_and_forget() -> None:
            with self._filter_lock:
                for verdict in (BLOCKED, 0):
                    for host, _ in peers:  # they were connected, so no list of the user's has them
                        self._filter.add_rule(host, host, verdict)
                    session.set_ip_filter(self._filter)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(then)

        loop.run_in_executor(None, filter_and_forget)

    def _met(self, torrent: LibtorrentTorrent, alert: Any, events: list[Event]) -> None:
        info = alert.params.ti if isinstance(alert, lt.add_torrent_alert) else torrent.handle.torrent_file()
        if torrent.layout is None and info is not None:
            events.append(base.MetadataReady(torrent.info_hash, torrent.learn(info)))

    def _resume_saved(self, torrent: LibtorrentTorrent, alert: Any, events: list[Event]) -> None:
        if isinstance(alert, lt.save_resume_data_alert):
            events.append(base.ResumeSaved(torrent.info_hash, lt.write_resume_data_buf(alert.params)))
        self._farewell.saved(torrent.info_hash)

    def _states(self, alert: Any, events: list[Event], pieces: dict[str, list[int]]) -> None:
        for status in alert.status:
            torrent = self._torrents.get(hash(status.handle))
            if torrent is None:
                continue
            events.append(stats_of(torrent.info_hash, status))
            self._call_back(torrent, status)
            if status.pieces and torrent.layout is not None:
                found = torrent.readiness.found(piece for piece, there in enumerate(status.pieces) if there)
                if found:
                    pieces.setdefault(torrent.info_hash, []).extend(found)

    def set_limits(self, down: int, up: int, max_peers: int) -> None:
        """Change the session's limits while it runs."""
        session = self._need()
        session.apply_settings({"download_rate_limit": down, "upload_rate_limit": up, "connections_limit": max_peers})
        self._limit_everyone(session)
        # who is met from now on is no longer local; who is connected still is, and gets the same limits there
        session.set_peer_class(session.local_peer_class_id, LOCAL_CLASS | {"download_limit": down, "upload_limit": up})

    async def aclose(self) -> None:
        """Save what the next start needs, tell the trackers, end."""
        import asyncio

        if self._session is None or self._farewell.begun:
            return
        self._farewell.begin(t.info_hash for t in self._torrents.values() if t.layout is not None)
        for torrent in self._torrents.values():
            torrent.save_resume()
        self._session.pause()
        self._session.post_session_stats()
        if self._loop is not None:
            await self._farewell.wait(CLOSE_SECONDS)
        self._session.set_alert_fd(-1)
        if self._loop is not None:
            self._loop.remove_reader(self._bell)
        session, self._session, self._listener, self._alerts = self._session, None, None, []
        for torrent in self._torrents.values():
            torrent.let_go(lt.torrent_handle())
        await asyncio.to_thread(self._end, session)
        self._bell.close()
        self._ringer.close()

    def _end(self, session: lt.session) -> None:
        """Write the DHT's nodes."""
        path = self._options.state_path
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh = path.with_suffix(f".{os.getpid()}")
                # nothing but nodes: settings have the proxy's password
                only = int(lt.save_state_flags_t.save_dht_state)
                fresh.write_bytes(lt.write_session_params_buf(session.session_state(only), only))
                fresh.replace(path)


def _magnet(uri: str) -> lt.add_torrent_params:
    try:
        return lt.parse_magnet_uri(uri)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"Not a usable magnet link: {error}.", "It needs xt=urn:btih:… or xt=urn:btmh:….") from None
