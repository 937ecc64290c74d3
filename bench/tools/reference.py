"""The mark to compare with: a streamer on libtorrent alone, as small as it can be and still be fast.

    python -m bench.tools.reference MAGNET FOLDER --port 8890 [--window BYTES]

It is a sketch for measuring, no design: one plan for all readers, no errors handled, no setting but these.

Rules, found by measuring: pieces come in index order (``sequential_download``), at one equal priority from the head on
and none before it; after every change of priorities the flag is taken off and put on again, since only that moves the
place from which the engine picks; queues are short; no deadlines. At first the film's first and last MiB are wanted,
then all from the head on, or with ``--window`` only so many bytes, sliding. The newest reader that waits is the head.
With a window, a reader's first wait cancels what is in flight (a deadline set and taken away does that).
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import libtorrent as lt

from bench.tools import http_file

if TYPE_CHECKING:
    from libtorrent import settings_pack

PRIORITY = 4
ENDS = 1 << 20
"""Bytes wanted first at either end of the film."""

SETTINGS: settings_pack = {
    "listen_interfaces": "0.0.0.0:6881",
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "alert_mask": int(
        lt.alert.category_t.status_notification
        | lt.alert.category_t.error_notification
        | lt.alert.category_t.piece_progress_notification
        | lt.alert.category_t.storage_notification
    ),
    "alert_queue_size": 20000,
    "whole_pieces_threshold": 0,
    "request_queue_time": 1,
    "close_redundant_connections": False,
    "max_queued_disk_bytes": 16384,
    "enable_outgoing_utp": False,
    "mixed_mode_algorithm": 0,
    "announce_to_all_trackers": True,
    "announce_to_all_tiers": True,
    "torrent_connect_boost": 100,
    "connection_speed": 200,
    "smooth_connects": False,
    "peer_connect_timeout": 5,
    "handshake_timeout": 5,
    "piece_timeout": 2,
    "request_timeout": 2,
    "strict_end_game_mode": False,
    "min_reconnect_time": 10,
}


class Film:
    """The largest file of a torrent, as a source for ``http_file``."""

    def __init__(self, handle: lt.torrent_handle, folder: Path, window: int) -> None:
        info = handle.torrent_file()
        assert info is not None
        files = info.layout()
        video = max(range(files.num_files()), key=files.file_size)
        self.size = files.file_size(video)
        self.changed = threading.Condition()
        self._handle = handle
        self._offset = files.file_offset(video)
        self._path = folder / files.file_path(video)
        self._piece_length = info.piece_length()
        self._last = self._piece(self.size - 1)
        self._window = -(-window // self._piece_length) if window else info.num_pieces()
        self._priorities = [PRIORITY] * info.num_pieces()
        self._have: set[int] = set()
        ends = max(1, ENDS // self._piece_length)
        tail = self._piece(max(0, self.size - ENDS))
        self._pins = {*range(self._piece(0), self._piece(0) + ends), *range(tail, self._last + 1)}
        self._waiting: dict[int, int] = {}
        self._head = self._piece(0)
        self._lock = threading.RLock()
        self._file = -1

    def _piece(self, position: int) -> int:
        return (self._offset + position) // self._piece_length

    def arrived(self, piece: int) -> None:
        """A piece is there and verified."""
        with self._lock:
            self._have.add(piece)
            pinned = bool(self._pins)
            self._pins.discard(piece)
            if self._window < len(self._priorities) or (pinned and not self._pins):
                self.plan()
        with self.changed:
            self.changed.notify_all()

    def ready(self, position: int) -> int:
        """To the end of the piece, if it is there."""
        piece = self._piece(position)
        return (piece + 1) * self._piece_length - self._offset - position if piece in self._have else 0

    def read(self, position: int, count: int) -> bytes:
        """From the file that the engine writes."""
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDONLY)
        return os.pread(self._file, count, position)

    def waits(self, reader: int, position: int | None) -> None:
        """Plan anew when a reader begins to wait for another piece."""
        with self._lock:
            if position is None:
                self._waiting.pop(reader, None)
                return
            piece = self._piece(position)
            if self._waiting.get(reader) == piece:
                return
            jumped = piece not in (self._head, self._head + 1)
            self._waiting.pop(reader, None)
            self._waiting[reader] = piece
            self._head = piece
            self.plan(piece if jumped and self._window < len(self._priorities) else None)

    def plan(self, cancelling: int | None = None) -> None:
        """Hand over what is wanted now. ``cancelling``: a piece to which all requests in flight give way."""
        with self._lock:
            wanted = self._wanted()
            changes = [
                (piece, PRIORITY if piece in wanted else 0)
                for piece, old in enumerate(self._priorities)
                if (piece in wanted) != bool(old) and piece not in self._have
            ]
            if cancelling is not None:
                self._handle.clear_piece_deadlines()
                self._handle.set_piece_deadline(cancelling, 0)
                self._handle.reset_piece_deadline(cancelling)
                changes = [*(change for change in changes if change[0] != cancelling), (cancelling, PRIORITY)]
            if not changes:
                return
            self._handle.prioritize_pieces(changes)
            self._handle.unset_flags(lt.torrent_flags.sequential_download)
            self._handle.set_flags(lt.torrent_flags.sequential_download)
            for piece, priority in changes:
                self._priorities[piece] = priority

    def _wanted(self) -> set[int]:
        """Missing pieces."""
        if self._pins and not self._waiting:
            return self._pins - self._have
        missing = (piece for piece in range(self._head, self._last + 1) if piece not in self._have)
        return {piece for piece, _ in zip(missing, range(max(2, self._window)), strict=False)}


def follow(session: lt.session, film: Film) -> None:
    """Tell the film of each piece that comes, for ever."""
    while True:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.piece_finished_alert):
                film.arrived(alert.piece_index)


def main() -> None:
    """Stream until ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("magnet")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8890)
    parser.add_argument("--window", type=int, default=0, help="bytes wanted beyond the head; 0: all")
    parser.add_argument("--dht", action="store_true")
    options = parser.parse_args()
    settings: settings_pack = {**SETTINGS, "enable_dht": options.dht}
    session = lt.session(settings)
    params = lt.parse_magnet_uri(options.magnet)
    params.save_path = str(options.folder)
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    params.flags |= lt.torrent_flags.sequential_download
    handle = session.add_torrent(params)
    while handle.torrent_file() is None:
        time.sleep(0.01)
    film = Film(handle, options.folder, options.window)
    film.plan()
    http_file.serve(film, options.port)
    follow(session, film)


if __name__ == "__main__":
    main()
