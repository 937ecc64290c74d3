"""What has to be known of a torrent before an engine is given it: who it is, where its data goes, what is there.

Rules: all of it may block (names are looked up, the disk is read) and none of it needs an event loop; the data is
claimed for this process here, and whoever gets a ``Prepared`` lets go of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from headrace.core import source
from headrace.core.choice import Choice
from headrace.engine.base import AddRequest
from headrace.errors import EngineError, InputError
from headrace.store import FOLDER, Lock, Store

if TYPE_CHECKING:
    from headrace.core.pieces import Layout
    from headrace.settings import Settings
    from headrace.sources import Loaded

Addresses = tuple[tuple[str, int], ...]
Identity = tuple[str, tuple[str, ...], str]


class Prepared(Struct, frozen=True):
    """What the engine is to be told, and what else will be known of the torrent."""

    request: AddRequest
    name: str
    info_hashes: tuple[str, ...]
    choice: Choice
    store: Store
    lock: Lock
    foreign: bool
    """The folder was named for this torrent: others' files may be in it, and ours alone are to stay."""


def prepare(
    settings: Settings,
    loaded: Loaded,
    choice: Choice,
    folder: Path | None = None,
    peers: Addresses | None = None,
    known: Identity | None = None,
) -> Prepared:
    """Claim the torrent's data and see what is there. Arguments as those of ``Session.begin``; ``known`` is what
    ``identity`` said already: a .torrent of 5 MB takes 26 ms to read, in which nothing else runs."""
    info_hash, hashes, name = known or identity(loaded)
    home = folder or settings.data_folder
    store = Store(_downloads() if folder else home / FOLDER)
    place = _writable(folder) if folder else home / info_hash
    lock = store.lock(info_hash)
    try:
        found = peers_of(settings, loaded) if peers is None else peers
        request = _request(settings, info_hash, loaded, choice, store, place, found)
    except Exception:
        lock.release()
        raise
    return Prepared(request, name, hashes, choice, store, lock, folder is not None)


def peers_of(settings: Settings, loaded: Loaded) -> Addresses:
    """Peers given by hand, by address: names are looked up."""
    return addresses((*settings.peers, *(loaded.magnet.peers if loaded.magnet else ())))


def _request(
    settings: Settings, info_hash: str, loaded: Loaded, choice: Choice, store: Store, place: Path, peers: Addresses
) -> AddRequest:
    magnet, resume = loaded.magnet, store.load(info_hash)
    return AddRequest(
        info_hash,
        place,
        magnet=magnet.uri if magnet else "",
        torrent=loaded.torrent,
        resume=resume,
        recheck=bool(resume) and not choice.metadata_only and not store.undisturbed(info_hash, place),
        trackers=settings.trackers,
        peers=peers,
        metadata_only=choice.metadata_only,
        files_later=choice.whole,
        blocks=choice.eager != "off",
    )


def identity(loaded: Loaded) -> Identity:
    """Info-hash, all info-hashes, and a name until there is a better one."""
    if loaded.magnet is not None:
        magnet = loaded.magnet
        hashes = tuple(h for h in (magnet.info_hash, magnet.info_hash_v2) if h)
        return magnet.info_hash, hashes, magnet.name
    from headrace.engine.libtorrent import inspect_torrent

    info_hashes, layout = inspect_torrent(loaded.torrent)
    return info_hashes[0], info_hashes, layout.name


def inspect(loaded: Loaded) -> Layout:
    """Files and pieces of a .torrent."""
    from headrace.engine.libtorrent import inspect_torrent

    return inspect_torrent(loaded.torrent)[1]


def _writable(folder: Path) -> Path:
    """The folder, made if need be; ``EngineError`` when nothing can be put there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "permission denied"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise EngineError(f"Cannot write in {folder}: {reason}.", "Choose another folder: --dir DIR.", kind="disk")
    return folder


def _downloads() -> Path:
    from headrace.settings import default_folder

    return default_folder("state") / "downloads"


def addresses(peers: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Peers by address; host names are looked up."""
    import socket

    found = []
    for host, port in peers:
        try:
            found.append((str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]), port))
        except OSError:
            raise InputError(f"The peer {host}:{port} has no address.", "Give it as ADDRESS:PORT.") from None
    return tuple(found)


async def found_addresses(peers: Sequence[str]) -> Addresses:
    """Peers by address from HOST:PORT; names are looked up in a thread."""
    import asyncio

    return await asyncio.to_thread(lambda: addresses([source.parse_peer(peer) for peer in peers]))
