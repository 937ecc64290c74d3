"""Real libtorrent seeds on loopback: the foreign peers of tests, the demo and the bench.

This is the child process that ``LocalSwarm`` (``headrace.testing.local_swarm``, also found here) steers, and what makes
torrents. Rules: commands come as JSON lines on standard input, each gets one answer, and the process ends when its
input does, that is also when its parent dies. Ports are chosen by the system; a seed that is stopped and started keeps
its own. Each seed has an address of its own where the system allows it (127.0.0.2, 127.0.0.3, ...), since libtorrent
by default keeps one connection per address.

Commands: ``open`` (path and torrent options), ``add`` (a ``SeedSpec``), ``start``, ``stop``, ``rate``, ``stats``.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import libtorrent as lt

from headrace.testing.local_swarm import Address, LocalSwarm, SeedSpec, SwarmFailed, Version

__all__ = ["LocalSwarm", "SeedSpec", "SwarmFailed", "info_hash_of", "magnet_of", "make_torrent"]

_FLAGS: dict[str, int] = {
    "v1": int(lt.create_torrent.v1_only),
    "v2": int(lt.create_torrent.v2_only),
    "hybrid": 0,
}

_PARKED = 1024
"""Upload limit without peers, bytes/s. An idle limit saves up quota for 3 s (libtorrent's bandwidth_channel), which
would make the first seconds of every test faster than the rate that it asked for."""


def make_torrent(
    path: Path,
    *,
    piece_length: int = 0,
    version: Version = "v1",
    trackers: Sequence[str] = (),
    web_seeds: Sequence[str] = (),
    private: bool = False,
) -> bytes:
    """The .torrent of a file or folder. ``piece_length`` in bytes, a power of two; 0 lets libtorrent choose.

    Reads and hashes the whole content: not for the event loop.
    """
    files = lt.list_files(str(path))
    if not files:
        raise ValueError(f"{path}: nothing to share")
    files.sort(key=lambda entry: entry.filename)  # they come in the order of the directory
    torrent = lt.create_torrent(files, piece_length, _FLAGS[version])
    for tier, url in enumerate(trackers):
        torrent.add_tracker(url, tier)
    for url in web_seeds:
        torrent.add_url_seed(url)
    if private:
        torrent.set_priv(True)
    lt.set_piece_hashes(torrent, str(path.parent))
    return lt.bencode(torrent.generate())


def _info(params: lt.add_torrent_params) -> lt.torrent_info:
    if params.ti is None:
        raise ValueError("a .torrent without metadata")
    return params.ti


def info_hash_of(torrent: bytes) -> str:
    """Hex info-hash of a .torrent: v1's 40 digits, or 64 when it is v2 only."""
    hashes = _info(lt.load_torrent_buffer(torrent)).info_hashes()
    return str(hashes.v1 if hashes.has_v1() else hashes.v2)


def magnet_of(torrent: bytes, peers: Sequence[Address] = ()) -> str:
    """Magnet link of a .torrent, with its name and with ``x.pe`` peers (BEP 9)."""
    params = lt.load_torrent_buffer(torrent)
    magnet = lt.make_magnet_uri(params)
    if "&dn=" not in magnet:
        magnet += "&dn=" + urllib.parse.quote(_info(params).name(), safe="")
    return magnet + "".join(f"&x.pe={host}:{port}" for host, port in peers)


class Seed:
    """One libtorrent session that serves what it has and wants nothing."""

    def __init__(self, spec: SeedSpec, torrent: bytes, content: Path, number: int) -> None:
        self._spec = spec
        self._torrent = torrent
        self._content = content
        self._number = number
        self._corrupted: tempfile.TemporaryDirectory[str] | None = None
        self._host = own_host(number)
        self._port = 0
        self._peers = 0
        self._session: lt.session | None = None
        self._ending = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def address(self) -> Address:
        """Where the seed listens; port 0 before the first start."""
        return self._host, self._port

    def start(self) -> None:
        """Listen and serve; on the same port as before."""
        if self._session is not None:
            return
        session = lt.session(self._settings())
        # Peers on loopback are "local" and free of limits unless every address is in the global peer class.
        everyone = lt.ip_filter()
        everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << session.global_peer_class_id)  # noqa: S104
        session.set_peer_class_filter(everyone)
        session.add_torrent(self._params())
        self._port = session.listen_port()
        if not self._port:
            raise OSError(f"seed {self._number} cannot listen on {self._host}")
        self._session = session
        self._peers = 0
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, args=(session, self._ending), daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Leave the swarm: every connection is closed when this returns."""
        session, self._session = self._session, None
        if session is None or self._watcher is None:
            return
        self._ending.set()
        session.post_session_stats()  # an alert, so that the watcher looks at once
        self._watcher.join()
        self._watcher = None

    def close(self) -> None:
        """Stop and remove the corrupted copy, if there is one."""
        self.stop()
        if self._corrupted is not None:
            self._corrupted.cleanup()

    def set_rate(self, rate: int) -> None:
        """Change the upload limit, bytes per second, 0 for none."""
        self._spec = replace(self._spec, rate=rate)
        if self._session is not None:
            self._limit(self._session)

    def stats(self) -> dict[str, Any]:
        """Payload bytes uploaded so far and connected peers."""
        if self._session is None:
            return {"running": False, "peers": 0, "uploaded": 0}
        uploaded = sum(handle.status().total_payload_upload for handle in self._session.get_torrents())
        return {"running": True, "peers": self._peers, "uploaded": uploaded}

    def _settings(self) -> lt.settings_pack:
        category = lt.alert.category_t
        return {
            "listen_interfaces": f"{self._host}:{self._port}",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "allow_multiple_connections_per_ip": True,
            "close_redundant_connections": False,
            "unchoke_slots_limit": self._spec.slots,
            "allowed_fast_set_size": 5 if self._spec.slots else 0,  # BEP 6 lets choked peers have some pieces
            "max_out_request_queue": 500,
            "upload_rate_limit": min(self._spec.rate, _PARKED),
            "stop_tracker_timeout": 1,
            "tick_interval": 50,  # quota is dealt out at each tick: the default of 500 ms gives a pulsing seed
            "aio_threads": 1,
            "hashing_threads": 1,
            "user_agent": "headrace-seed",
            "alert_mask": int(
                category.connect_notification | category.error_notification | category.stats_notification
            ),
        }

    def _params(self) -> lt.add_torrent_params:
        params = lt.load_torrent_buffer(self._torrent)
        info = _info(params)
        have = self._have(info.num_pieces())
        params.save_path = str(self._folder(info))
        # Not seed_mode: that hashes each piece when it is first read, and so would never serve a corrupt one.
        params.have_pieces = have
        params.piece_priorities = [4 if held else 0 for held in have]
        params.flags = lt.torrent_flags.no_verify_files | lt.torrent_flags.disable_pex
        return params

    def _have(self, pieces: int) -> list[bool]:
        have = self._spec.have
        if isinstance(have, tuple):
            return [piece in have for piece in range(pieces)]
        count = round(pieces * have)
        held = set(random.Random(self._number).sample(range(pieces), count))  # noqa: S311 - repeatable on purpose
        return [piece in held for piece in range(pieces)]

    def _folder(self, info: lt.torrent_info) -> Path:
        if not self._spec.corrupt:
            return self._content.parent
        if self._corrupted is None:
            self._corrupted = tempfile.TemporaryDirectory(prefix="headrace-seed-")
            copy_inverted(self._content, Path(self._corrupted.name), info, self._spec.corrupt)
        return Path(self._corrupted.name)

    def _limit(self, session: lt.session) -> None:
        rate = self._spec.rate if self._peers else min(self._spec.rate, _PARKED)
        session.apply_settings({"upload_rate_limit": rate})

    def _watch(self, session: lt.session, ending: threading.Event) -> None:
        """Follow who is connected, until the seed is stopped."""
        while not ending.is_set():
            session.wait_for_alert(1000)
            before = self._peers
            for alert in session.pop_alerts():
                if isinstance(alert, lt.peer_connect_alert):
                    self._peers += 1
                elif isinstance(alert, lt.peer_disconnected_alert):
                    self._peers = max(0, self._peers - 1)
                elif isinstance(alert, lt.torrent_error_alert | lt.file_error_alert | lt.listen_failed_alert):
                    sys.stderr.write(f"seed {self._number}: {alert.message()}\n")
            if bool(before) != bool(self._peers):
                self._limit(session)


def own_host(number: int) -> str:
    """A loopback address for one seed: its own if the system has the whole of 127/8 (Linux, Windows)."""
    host = f"127.0.{number // 250}.{number % 250 + 2}"
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return "127.0.0.1"
    return host


def copy_inverted(content: Path, folder: Path, info: lt.torrent_info, pieces: Sequence[int]) -> None:
    """Copy the content into ``folder`` with every byte of ``pieces`` inverted."""
    target = folder / content.name
    if content.is_dir():
        shutil.copytree(content, target)
    else:
        shutil.copyfile(content, target)
    files = info.layout()
    for piece in pieces:
        for part in info.map_block(piece, 0, info.piece_size(piece)):
            path = folder / files.file_path(part.file_index)
            if path.is_file():  # pad files are not
                with path.open("r+b") as file:
                    file.seek(part.offset)
                    data = file.read(part.size)
                    file.seek(part.offset)
                    file.write(bytes(byte ^ 0xFF for byte in data))


class Host:
    """The child's side: seeds by number, one answer to each command."""

    def __init__(self) -> None:
        self._torrent = b""
        self._content = Path()
        self._seeds: list[Seed] = []

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do one command; ``{"error": ...}`` when it fails."""
        do = command.pop("do")
        try:
            return self._open(**command) if do == "open" else self._steer(do, **command)
        except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def close(self) -> None:
        """Stop all seeds."""
        for seed in self._seeds:
            seed.close()

    def _open(self, path: str, torrent: str, **options: Any) -> dict[str, Any]:
        self._content = Path(path)
        self._torrent = base64.b64decode(torrent) or make_torrent(self._content, **options)
        return {
            "torrent": base64.b64encode(self._torrent).decode(),
            "info_hash": info_hash_of(self._torrent),
            "magnet": magnet_of(self._torrent),
        }

    def _steer(self, do: str, seed: int = -1, **options: Any) -> dict[str, Any]:
        if do == "stats":
            return {"seeds": [one.stats() for one in self._seeds]}
        if do == "add":
            return self._add(**options)
        if do == "start":
            self._seeds[seed].start()
        elif do == "stop":
            self._seeds[seed].stop()
        elif do == "rate":
            self._seeds[seed].set_rate(options["rate"])
        else:
            raise ValueError(f"no command {do}")
        return {}

    def _add(self, rate: int, have: float | list[int], corrupt: list[int], slots: int) -> dict[str, Any]:
        held = tuple(have) if isinstance(have, list) else have
        spec = SeedSpec(rate, held, tuple(corrupt), slots)
        seed = Seed(spec, self._torrent, self._content, len(self._seeds))
        seed.start()
        self._seeds.append(seed)
        host, port = seed.address
        return {"seed": len(self._seeds) - 1, "host": host, "port": port}


def main() -> None:
    """The child process: commands in, answers out, until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    host = Host()
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(host.answer(json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        host.close()


if __name__ == "__main__":
    main()
