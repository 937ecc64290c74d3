"""From libtorrent's alerts to our events.

Rules: alerts are taken by the name of their type and read by attribute, so that this needs no libtorrent; nothing of an
alert is kept, only copies; URLs lose all but scheme, host and port, since passkeys are secrets.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import Any, Protocol

from headrace.core.pieces import FileEntry, Layout
from headrace.core.redact import redact
from headrace.core.source import format_peer
from headrace.engine import base
from headrace.engine.base import Event
from headrace.engine.readiness import Readiness

_PHASES = {
    "downloading_metadata": "metadata",
    "checking_files": "checking",
    "checking_resume_data": "checking",
    "downloading": "downloading",
    "finished": "finished",
    "seeding": "seeding",
    "allocating": "checking",
}

_SECRET = re.compile(r"[^/?#&=]{9,}")
"""A part of an announce URL that may be a passkey; shorter ones are words of the protocol."""
PAD_FILE = 1
"""libtorrent's file_storage::flag_pad_file (BEP 47)."""


ANNOUNCE_SKIPPED = 180
"""libtorrent's errors::announce_skipped, "skipping tracker announce (unreachable)"."""


class Torrent(Protocol):
    """What the translation needs of a torrent."""

    info_hash: str
    blocks_reported: bool
    readiness: Readiness

    def request_pieces(self) -> None:
        """Ask which pieces lie on the disk."""

    def flush(self) -> None:
        """Have all written that was fetched."""

    def doubt(self) -> None:
        """Some of what libtorrent thinks it has may not be on the disk."""

    def files_chosen(self) -> None:
        """The file priorities took effect."""


def _is(alert: object, name: str) -> bool:
    return type(alert).__name__ == name


def best_hash(hashes: Any) -> str:
    """v1's when there is one."""
    return str(hashes.v1 if hashes.has_v1() else hashes.v2)


def layout_of(info: Any) -> Layout:
    """A torrent_info's files and pieces."""
    files = info.layout()
    entries = tuple(
        FileEntry(
            index,
            files.file_path(index).replace("\\", "/"),
            files.file_size(index),
            files.file_offset(index),
            bool(files.file_flags(index) & PAD_FILE),
        )
        for index in range(files.num_files())
    )
    return Layout(info.name(), info.piece_length(), info.total_size(), entries)


def _finished(torrent: Torrent, alert: Any, _: list[Event]) -> int | None:
    if torrent.readiness.passed(alert.piece_index):
        return int(alert.piece_index)
    if torrent.readiness.all_passed:
        torrent.flush()  # libtorrent may have been finished before, and says so once
    return None


def _written(torrent: Torrent, alert: Any, events: list[Event]) -> int | None:
    piece, block = alert.piece_index, alert.block_index
    if not torrent.blocks_reported:
        return piece if torrent.readiness.written(piece, block) else None
    sender = tuple(alert.endpoint)
    if torrent.readiness.written(piece, block, sender):
        return int(piece)
    events.append(base.BlockArrived(torrent.info_hash, piece, block, torrent.readiness.trusted(sender)))
    return None


def _requested(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    if torrent.readiness.asked(alert.piece_index, alert.block_index):
        events.append(base.PiecesTaken(torrent.info_hash, (alert.piece_index,)))


def _wrong(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    torrent.readiness.failed(alert.piece_index)
    events.append(base.PieceFailed(torrent.info_hash, alert.piece_index))


def _checked(torrent: Torrent, _: Any, __: list[Event]) -> None:
    torrent.request_pieces()


def _files_chosen(torrent: Torrent, _: Any, __: list[Event]) -> None:
    torrent.files_chosen()


def _finished_all(torrent: Torrent, _: Any, __: list[Event]) -> None:
    torrent.readiness.finished()
    torrent.flush()


def _flushed(torrent: Torrent, _: Any, events: list[Event]) -> None:
    if ready := torrent.readiness.flushed():
        events.append(base.PiecesReady(torrent.info_hash, tuple(ready)))
    if torrent.readiness.flush_again:
        torrent.flush()
    if torrent.readiness.in_doubt:
        torrent.doubt()


def _disk_error(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    full = alert.error.value() in (errno.ENOSPC, errno.EDQUOT)
    torrent.readiness.disk_failed()
    events.append(base.TorrentFailed(torrent.info_hash, "disk_full" if full else "disk", alert.error.message()))


def _torrent_error(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    events.append(base.TorrentFailed(torrent.info_hash, "engine", alert.error.message()))


def _metadata_failed(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    events.append(base.TorrentFailed(torrent.info_hash, "metadata", alert.error.message()))


def peer_of(info: Any) -> base.Peer:
    """A peer_info's facts."""
    flags, seed = info.flags, bool(info.flags & info.seed)
    connecting = bool(flags & (info.connecting | info.handshake))
    pieces = b"" if seed or connecting else bytes(info.pieces)
    return base.Peer(
        format_peer(info.ip),
        info.client.decode("utf-8", "replace") if isinstance(info.client, bytes) else str(info.client),
        info.payload_down_speed,
        info.payload_up_speed,
        bool(flags & info.remote_choked),
        bool(flags & info.interesting),
        seed,
        info.progress,
        pieces,
        base.CONNECTING if connecting else _source(info),
    )


def _source(info: Any) -> str:
    return next((name for name in ("tracker", "dht", "pex", "lsd") if info.source & getattr(info, name)), "peer")


def _tracker(torrent: Torrent, alert: Any, events: list[Event]) -> None:
    if _is(alert, "tracker_error_alert") and alert.error.value() == ANNOUNCE_SKIPPED:
        return  # one address of ours has no way to the tracker; others may have one
    scheme, _, rest = alert.url.partition("://")
    place = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    peers = alert.num_peers if _is(alert, "tracker_reply_alert") else 0
    error = alert.error_message() if _is(alert, "tracker_error_alert") else ""
    if _is(alert, "tracker_error_alert") and not error:
        error = alert.error.message()
    for secret in _SECRET.findall(rest[len(place) :]):
        error = error.replace(secret, "***")  # some trackers repeat the passkey that they refuse
    events.append(base.TrackerReplied(torrent.info_hash, redact(f"{scheme}://{place}"), peers, error))


def stats_of(info_hash: str, status: Any) -> base.Stats:
    """A torrent_status's counters."""
    phase = _PHASES.get(str(status.state), "downloading")
    return base.Stats(
        info_hash,
        phase,
        status.download_payload_rate,
        status.upload_payload_rate,
        status.total_payload_download,
        status.total_payload_upload,
        status.num_peers,
        status.num_seeds,
        bool(status.paused),
        status.progress if phase == "checking" else 0.0,  # libtorrent's means this in that state
    )


def _listening(alert: Any, events: list[Event]) -> None:
    error = alert.error.message() if _is(alert, "listen_failed_alert") else ""
    events.append(base.Listening("", str(alert.address), alert.port, error))


OF_PIECES: dict[str, Callable[[Any, Any, list[Event]], int | None]] = {
    "block_finished_alert": _written,
    "block_downloading_alert": _requested,
    "piece_finished_alert": _finished,
    "hash_failed_alert": _wrong,
}
"""Alerts about pieces; a piece that became ready is returned."""

OF_TORRENT: dict[str, Callable[[Any, Any, list[Event]], None]] = {
    "torrent_checked_alert": _checked,
    "torrent_finished_alert": _finished_all,
    "cache_flushed_alert": _flushed,
    "file_prio_alert": _files_chosen,
    "file_error_alert": _disk_error,
    "torrent_error_alert": _torrent_error,
    "metadata_failed_alert": _metadata_failed,
    "tracker_reply_alert": _tracker,
    "tracker_error_alert": _tracker,
}
"""Alerts about one torrent."""

OF_SESSION: dict[str, Callable[[Any, list[Event]], None]] = {
    "listen_succeeded_alert": _listening,
    "listen_failed_alert": _listening,
}
"""Alerts about the session."""

OF_REMOVED = {"torrent_deleted_alert": True, "torrent_delete_failed_alert": False}
"""Alerts about a torrent that is gone, and whether its files are gone too."""
