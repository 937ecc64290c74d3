"""The engine on libtorrent 2.1; the product's one importer of it.

Rules: no call here waits for the network thread while the swarm is busy, except reading a torrent's metadata once.
Alerts are valid until the next ``pop_alerts``: what is needed is copied at once. libtorrent wakes us by a byte on a
socket (``set_alert_fd``); its callback into Python can deadlock with the interpreter's lock and is not used.
Wanted pieces have priority 4 and the rest 0, in sequential mode; the picker's cursors must be reset after each change
by switching that mode off and on, else what lies outside the old range is picked at random.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import libtorrent as lt

from headrace.core.pieces import Layout
from headrace.engine import base
from headrace.engine.base import AddRequest, Change, EngineOptions, Event, Listener
from headrace.engine.readiness import Readiness
from headrace.engine.translate import OF_PIECES, OF_SESSION, OF_TORRENT, layout_of, peer_of, stats_of
from headrace.engine.tuning import UTP_DELAY, carries_udp, settings_for
from headrace.errors import EngineError, InputError

if TYPE_CHECKING:
    import asyncio

WANTED, UNWANTED = 4, 0
SILENCE_AT_ONCE = 8192
"""Pieces set to "not wanted" in one call: more would hold the event loop for milliseconds."""
PULSE_SECONDS = 0.05
"""How long the deadline of a pulse stays: libtorrent's network thread has run by then."""
TRIM_SECONDS = 0.01
"""How long nothing is wanted when request queues are trimmed."""
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


def _running_loop() -> asyncio.AbstractEventLoop:
    """asyncio takes 30 ms to import: peers are met before that."""
    import asyncio

    return asyncio.get_running_loop()


class LibtorrentTorrent:
    """One torrent (``base.EngineTorrent``)."""

    def __init__(
        self,
        handle: lt.torrent_handle,
        request: AddRequest,
        unfinished: dict[int, list[bool]],
        remove: Callable[[LibtorrentTorrent, bool], None],
        tell: Callable[[Sequence[Event]], None],
    ) -> None:
        self.handle = handle
        self.request = request
        self._remove, self._tell = remove, tell
        self.info_hash = request.info_hash
        self.layout: Layout | None = None
        self.readiness = Readiness()
        self._unfinished = unfinished
        self._wanted: set[int] = set()
        self._gate: list[Change] | None = None
        self._loud: int | None = None
        self._to_settle = False
        self.part_file: Path | None = None
        self.blocks_reported = request.blocks

    @property
    def have(self) -> bytearray:
        """One byte per piece, 1 where it can be read."""
        return self.readiness.have

    def path_of(self, index: int) -> Path:
        """Where the file lies."""
        if self.layout is None:
            raise RuntimeError("the metadata is not there yet")
        return self.request.save_path / self.layout.file(index).path

    def learn(self, info: lt.torrent_info) -> Layout:
        """The metadata is there."""
        self.layout = layout_of(info)
        hashes = info.info_hashes()
        best = str(hashes.v2 if hashes.has_v2() else hashes.v1)
        self.part_file = self.request.save_path / f".{best[:40]}.parts"  # so that is how libtorrent names it
        self.readiness.start(self.layout, self._unfinished)
        if not self.request.seed and not self.request.metadata_only:
            self._loud = 0
            _running_loop().call_soon(self._silence)
        return self.layout

    def _silence(self) -> None:
        """libtorrent wants every piece of a new torrent: take that back, a part at a time.

        In one call with what is wanted first: if nothing were wanted for a moment, peers would be told that we are
        not interested, and their request queues would never leave the minimum (no slow start after that).
        """
        if self._loud is None or self.layout is None or self._gate is not None:
            return
        start, stop = self._loud, min(self._loud + SILENCE_AT_ONCE, self.layout.num_pieces)
        self._loud = stop if stop < self.layout.num_pieces else None
        pairs = [(piece, WANTED if piece in self._wanted else UNWANTED) for piece in range(start, stop)]
        self._guarded(lambda: self._steer(pairs, None))
        if self._loud is not None:
            _running_loop().call_soon(self._silence)

    def choose_files(self, indexes: frozenset[int]) -> None:
        """Files that are not chosen get no file of their own; what pieces share with them goes to a part file."""
        if self.layout is None or (len(self.layout.files) < 2 and not self.request.files_later):
            return
        priorities = [WANTED if entry.index in indexes else UNWANTED for entry in self.layout.files]
        self._gate = self._gate or []  # libtorrent recomputes all piece priorities when that is done
        self._guarded(lambda: self.handle.prioritize_files(priorities))

    def files_chosen(self) -> None:
        """libtorrent did what ``choose_files`` asked for."""
        held, self._gate = self._gate or [], None
        self._loud = 0
        self._silence()
        for change in held:
            self.apply(change)

    def apply(self, change: Change) -> None:
        """See ``base.EngineTorrent``. Four asynchronous calls, executed in order."""
        self._wanted.difference_update(change.drop)
        self._wanted.update(change.want)
        if self.layout is None:
            return  # ``_silence`` brings it; libtorrent itself would crash (a division by zero)
        if self._gate is not None:
            self._gate.append(change)
            return
        self.readiness.withdrawn(change.drop if change.jump is None else self.readiness.in_flight())
        self._silence()
        pairs = [(piece, UNWANTED) for piece in change.drop] + [(piece, WANTED) for piece in change.want]
        if change.jump is not None and not any(piece == change.jump for piece, _ in pairs):
            pairs.append((change.jump, WANTED))
        self._guarded(lambda: self._steer(pairs, change.jump))

    def _steer(self, pairs: list[tuple[int, int]], jump: int | None) -> None:
        if jump is not None:
            # The first deadline makes libtorrent withdraw all other requests in flight, in a step of its own: the
            # deadline must last until then, or the requests for this very piece are withdrawn too.
            self.handle.clear_piece_deadlines()
            self.handle.set_piece_deadline(jump, 0)
            _running_loop().call_later(PULSE_SECONDS, self._guarded, lambda: self._end_pulse(jump))
        self.handle.prioritize_pieces(pairs)
        self.handle.unset_flags(lt.torrent_flags.sequential_download)
        self.handle.set_flags(lt.torrent_flags.sequential_download)

    def _end_pulse(self, piece: int) -> None:
        self.handle.reset_piece_deadline(piece)
        self.handle.prioritize_pieces([(piece, WANTED if piece in self._wanted else UNWANTED)])

    def add_peers(self, peers: Sequence[tuple[str, int]]) -> None:
        """Connect to these addresses."""
        for peer in peers:
            self._guarded(lambda peer=peer: self.handle.connect_peer(peer))  # type: ignore[misc]

    def add_trackers(self, urls: Sequence[str]) -> None:
        """Announce there too."""
        for url in urls:
            self._guarded(lambda url=url: self.handle.add_tracker({"url": url}))  # type: ignore[misc]

    def set_paused(self, paused: bool) -> None:
        """Pause, or go on, also after a disk error."""
        if paused:
            self._guarded(self.handle.pause)
            return
        self._guarded(self.handle.clear_error)
        self._guarded(lambda: self.handle.unset_flags(lt.torrent_flags.upload_mode))
        self._guarded(self.handle.resume)

    def request_stats(self) -> None:
        """A ``Stats`` event follows."""
        self._guarded(lambda: self.handle.post_status(0))

    def _met_peers(self, peers: tuple[base.Peer, ...]) -> None:
        asked = [peer for peer in peers if peer.interesting and peer.source != "connecting"]
        if self._to_settle and asked and not any(peer.choked for peer in asked):
            self._guarded(self._trim)
        self._to_settle = False
        self._tell([base.Peers(self.info_hash, peers)])

    def settle(self) -> None:
        """The start is over: request queues are trimmed, if no peer chokes us."""
        self._to_settle = True
        self.request_peers()

    def _trim(self) -> None:
        """End libtorrent's slow start, in which the queue at a peer grows with every block, far past what
        request_queue_time allows: at a seek one peer then takes most of the first piece.

        Wanting nothing for an instant says "not interested" and then "interested". That may cost our place at a peer,
        so it is done only where places are free, once, when the start is over.
        """
        if self._gate is not None:
            return
        self._gate = []
        self.handle.prioritize_pieces([(piece, UNWANTED) for piece in self._wanted])
        # libtorrent looks at its interest when its queue of messages is empty: the two must not be in it together
        _running_loop().call_later(TRIM_SECONDS, self._trimmed)

    def _trimmed(self) -> None:
        held, self._gate = self._gate or [], None
        jump = next((change.jump for change in reversed(held) if change.jump is not None), None)
        self.readiness.withdrawn(self.readiness.in_flight())
        pairs = [(piece, WANTED) for piece in self._wanted if not self.have[piece]]
        pairs += [(piece, UNWANTED) for change in held for piece in change.drop if piece not in self._wanted]
        self._guarded(lambda: self._steer(pairs, jump))

    def request_pieces(self) -> None:
        """Which pieces lie on the disk: an answer follows."""
        self._guarded(lambda: self.handle.post_status(self.handle.query_pieces))

    def request_peers(self) -> None:
        """A ``Peers`` event follows."""
        # the alert of post_peer_info cannot be read from Python (2.1.1): ask in a thread, where waiting hurts nobody
        loop = _running_loop()
        handle = self.handle

        def ask() -> None:
            with contextlib.suppress(RuntimeError):
                peers = tuple(peer_of(info) for info in handle.get_peer_info())
                loop.call_soon_threadsafe(self._met_peers, peers)

        loop.run_in_executor(None, ask)

    def report_blocks(self, wanted: bool) -> None:
        """Whether ``BlockArrived`` is told."""
        self.blocks_reported = wanted or self.request.blocks

    def save_resume(self) -> None:
        """A ``ResumeSaved`` event follows, once there is metadata."""
        if self.layout is not None:
            self._guarded(lambda: self.handle.save_resume_data(self.handle.save_info_dict))

    def remove(self, *, delete_data: bool) -> None:
        """``TorrentRemoved`` follows."""
        self._remove(self, delete_data)

    @staticmethod
    def _guarded(call: Callable[[], object]) -> None:
        """A torrent that was removed meanwhile needs no telling."""
        with contextlib.suppress(RuntimeError):
            call()


class LibtorrentEngine:
    """A libtorrent session (``base.Engine``)."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._session: lt.session | None = None
        self._torrents: dict[int, LibtorrentTorrent] = {}
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._closing: set[str] | None = None
        self._saved: asyncio.Event | None = None

    def start(self) -> None:
        """Listen, and join the DHT with the nodes of last time."""
        settings = settings_for(self._options)
        settings["alert_mask"] = int(ALERTS)
        params = self._state()
        params.settings = cast("lt.settings_pack", settings)
        if self._options.blocked:
            blocked = lt.ip_filter()
            for first, last in self._options.blocked:
                blocked.add_rule(first, last, 1)
            params.ip_filter = blocked
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
        self._listener, self._loop = listener, _running_loop()
        self._loop.add_reader(self._bell, self._pump)
        self._need().set_alert_fd(self._ringer.fileno())
        self._loop.call_soon(self._pump)
        if self._options.utp:
            self._loop.call_later(UTP_DELAY, self._allow_utp)

    def _allow_utp(self) -> None:
        if self._session is not None and self._closing is None and carries_udp(self._options.proxy):
            self._session.apply_settings({"enable_outgoing_utp": True})

    def _need(self) -> lt.session:
        if self._session is None:
            raise RuntimeError("the engine is not running")
        return self._session

    # adding and removing
    def add(self, request: AddRequest) -> LibtorrentTorrent:
        """Add a torrent, or raise ``InputError``."""
        params = self._params(request)
        try:
            handle = self._need().add_torrent(params)
        except RuntimeError as error:
            raise InputError(f"The torrent was refused: {error}.", kind="refused") from None
        torrent = LibtorrentTorrent(handle, request, dict(params.unfinished_pieces), self._drop, self._tell)
        self._torrents[hash(handle)] = torrent
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
        elif not request.resume and not (request.save_path.is_dir() and any(request.save_path.iterdir())):
            flags |= lt.torrent_flags.no_verify_files  # nothing there: connect at once, do not check first
        if not self._options.dht:
            flags |= lt.torrent_flags.disable_dht
        return int(flags)

    def _drop(self, torrent: LibtorrentTorrent, delete_data: bool) -> None:
        session = self._need()
        options = (session.delete_files | session.delete_partfile) if delete_data else 0
        self._torrents.pop(hash(torrent.handle), None)
        with contextlib.suppress(RuntimeError):
            session.remove_torrent(torrent.handle, options)
        if not delete_data:
            self._tell([base.TorrentRemoved(torrent.info_hash, False)])

    # alerts
    def _tell(self, events: Sequence[Event]) -> None:
        """Hand over what is no alert, in a step of its own."""
        if self._loop is not None:
            self._loop.call_soon(lambda: self._listener and self._listener(events))

    def _pump(self) -> None:
        """Take all alerts and hand over what they mean, pieces of one torrent together."""
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        if self._session is None:
            return
        events: list[Event] = []
        pieces: dict[str, list[int]] = {}
        for alert in self._session.pop_alerts():
            try:
                self._translate(alert, events, pieces)
            except Exception as error:  # one that cannot be read must not lose those that follow
                self._report(error, type(alert).__name__)
        events.extend(base.PiecesReady(info_hash, tuple(ready)) for info_hash, ready in pieces.items())
        if events and self._listener is not None:
            self._listener(events)

    def _report(self, error: Exception, what: str) -> None:
        assert self._loop is not None
        self._loop.call_exception_handler({"message": f"libtorrent's {what} could not be read", "exception": error})

    def _translate(self, alert: Any, events: list[Event], pieces: dict[str, list[int]]) -> None:
        kind = type(alert).__name__
        if kind in OF_SESSION:
            OF_SESSION[kind](alert, events)
        elif kind == "state_update_alert":
            self._states(alert, events, pieces)
        elif (torrent := self._torrents.get(hash(getattr(alert, "handle", None)))) is None:
            return
        elif kind in OF_PIECES:
            ready = OF_PIECES[kind](torrent, alert, events) if torrent.layout is not None else None
            if ready is not None:
                pieces.setdefault(torrent.info_hash, []).append(ready)
        elif kind in OF_TORRENT:
            OF_TORRENT[kind](torrent, alert, events)
        elif kind in ("add_torrent_alert", "metadata_received_alert"):
            self._met(torrent, alert, events)
        elif kind in ("save_resume_data_alert", "save_resume_data_failed_alert"):
            self._resume_saved(torrent, alert, events)

    def _met(self, torrent: LibtorrentTorrent, alert: Any, events: list[Event]) -> None:
        info = alert.params.ti if isinstance(alert, lt.add_torrent_alert) else torrent.handle.torrent_file()
        if torrent.layout is None and info is not None:
            events.append(base.MetadataReady(torrent.info_hash, torrent.learn(info)))

    def _resume_saved(self, torrent: LibtorrentTorrent, alert: Any, events: list[Event]) -> None:
        if isinstance(alert, lt.save_resume_data_alert):
            events.append(base.ResumeSaved(torrent.info_hash, lt.write_resume_data_buf(alert.params)))
        if self._closing is not None:
            self._closing.discard(torrent.info_hash)
            if not self._closing and self._saved is not None:
                self._saved.set()

    def _states(self, alert: Any, events: list[Event], pieces: dict[str, list[int]]) -> None:
        for status in alert.status:
            torrent = self._torrents.get(hash(status.handle))
            if torrent is None:
                continue
            events.append(stats_of(torrent.info_hash, status))
            if status.pieces and torrent.layout is not None:
                found = torrent.readiness.found(piece for piece, there in enumerate(status.pieces) if there)
                if found:
                    pieces.setdefault(torrent.info_hash, []).extend(found)

    async def aclose(self) -> None:
        """Save what the next start needs, tell the trackers, end."""
        import asyncio

        session = self._session
        if session is None:
            return
        self._saved = asyncio.Event()
        self._closing = {t.info_hash for t in self._torrents.values() if t.layout is not None and self._loop}
        for torrent in self._torrents.values():
            torrent.save_resume()
        session.pause()
        if self._closing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._saved.wait(), CLOSE_SECONDS)
        session.set_alert_fd(-1)
        if self._loop is not None:
            self._loop.remove_reader(self._bell)
        self._listener, self._session = None, None
        for torrent in self._torrents.values():
            torrent.handle = lt.torrent_handle()
        await asyncio.to_thread(self._end, session)
        self._bell.close()
        self._ringer.close()

    def _end(self, session: lt.session) -> None:
        """Write the DHT's nodes; the session itself ends when its last reference goes, here."""
        path = self._options.state_path
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh = path.with_suffix(".new")
                fresh.write_bytes(lt.write_session_params_buf(session.session_state()))
                fresh.replace(path)


def _magnet(uri: str) -> lt.add_torrent_params:
    try:
        return lt.parse_magnet_uri(uri)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"Not a usable magnet link: {error}.", "It needs xt=urn:btih:… or xt=urn:btmh:….") from None
