"""What ``headrace doctor`` looks at.

Rules: a check looks and changes nothing; no packet leaves the machine (a UDP socket that is only connected asks the
routing table). ``bad`` is what nothing works without; all else that is wrong is ``warn``. Whatever is not ``ok`` has a
cure.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from headrace import __version__
from headrace.core.units import format_size
from headrace.settings import DEFAULT_PORT, Settings, default_folder

SCARCE, TOO_LITTLE = 10 * 1024**3, 200 * 1024**2
"""Free bytes under which a film may not fit, and under which hardly anything does."""


class Finding(NamedTuple):
    """``level`` is ok, warn or bad."""

    name: str
    level: str
    text: str
    cure: str = ""


def program(settings: Settings) -> Iterator[Finding]:
    """Headrace, Python and the system."""
    python = platform.python_version()
    yield Finding("headrace", "ok", f"{__version__}, Python {python}, {platform.system()} {platform.machine()}")


def engine(settings: Settings) -> Iterator[Finding]:
    """Whether the torrent engine can be loaded."""
    try:
        from headrace.engine.libtorrent import version

        yield Finding("engine", "ok", f"libtorrent {version()}")
    except (ImportError, OSError) as error:
        yield Finding("engine", "bad", f"libtorrent cannot be loaded: {error}", "pip install 'libtorrent>=2.1.1,<2.2'")


def players(settings: Settings) -> Iterator[Finding]:
    """The players on this machine."""
    from headrace.players import available

    found = available(versions=True)
    for player in found:
        where = f" ({player.path})" if player.path else ""
        yield Finding("player", "ok", f"{player.name} {player.version}".rstrip() + where)
    if not any(player.name != "browser" for player in found):
        cure = {"darwin": "brew install mpv", "win32": "winget install mpv"}.get(sys.platform, "apt install mpv")
        yield Finding("player", "warn", "no video player was found", f"{cure}; or play --player none")


def codecs(settings: Settings) -> Iterator[Finding]:
    """PyAV and the FFmpeg in it, in a process of its own: a broken library must not end this one."""
    code = "import av; print('.'.join(map(str, av.library_versions['libavcodec'])))"
    try:
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        yield Finding("codecs", "ok", f"PyAV {importlib.metadata.version('av')}, libavcodec {ran.stdout.strip()}")
    except (OSError, subprocess.SubprocessError, importlib.metadata.PackageNotFoundError):
        yield Finding("codecs", "warn", "PyAV cannot be loaded: the demo needs it, play does not", "pip install av")


def ports(settings: Settings) -> Iterator[Finding]:
    """Where players and peers are to reach us."""
    port = DEFAULT_PORT if settings.port is None else settings.port
    error = _occupied(settings.host, port, socket.SOCK_STREAM)
    if not error:
        yield Finding("port", "ok", f"{settings.host}:{port} is free for players" if port else "any port for players")
    elif settings.port is None:
        yield Finding("port", "ok", f"{settings.host}:{port} is taken ({error}); the next free one will be used")
    else:
        yield Finding("port", "warn", f"{settings.host}:{port} cannot be used: {error}", "Give another --port.")
    for name, kind in (("TCP", socket.SOCK_STREAM), ("UDP", socket.SOCK_DGRAM)):
        if error := _occupied("0.0.0.0", settings.peer_port, kind):  # noqa: S104 (looked at, not kept)
            cure = "End the other torrent client, or give another --peer-port."
            yield Finding("port", "warn", f"{settings.peer_port}/{name} for peers cannot be used: {error}", cure)
        else:
            yield Finding("port", "ok", f"{settings.peer_port}/{name} is free for peers")


def disk(settings: Settings) -> Iterator[Finding]:
    """Room for data."""
    folder = _existing(settings.data_folder)
    free = shutil.disk_usage(folder).free
    text = f"{format_size(free)} free for {settings.data_folder}"
    cure = "Make room, or name another folder with --dir."
    if free < TOO_LITTLE:
        yield Finding("disk", "bad", text, cure)
    else:
        yield Finding("disk", "warn", text, cure) if free < SCARCE else Finding("disk", "ok", text)


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether what is to be written can be."""
    for name, folder, level in (
        ("data", settings.data_folder, "bad"),
        ("state", default_folder("state"), "warn"),
    ):
        there = _existing(folder)
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            yield Finding(name, "ok", f"{folder} can be written")
        else:
            cure = (
                "Name another with --dir." if name == "data" else "Set XDG_STATE_HOME to a folder that can be written."
            )
            yield Finding(name, level, f"{folder} cannot be written", cure)
    config = default_folder("config") / "config.toml"
    yield Finding("settings", "ok", f"{config}" if config.is_file() else f"no file {config}: the defaults hold")


def network(settings: Settings) -> Iterator[Finding]:
    """Interfaces, and whether there is a way out."""
    names = [name for _, name in socket.if_nameindex()] if hasattr(socket, "if_nameindex") else []
    if names:
        yield Finding("interfaces", "ok", ", ".join(names))
    wanted = settings.interface
    if wanted and wanted not in names and not _own_address(wanted):
        cure = f"Bring it up (VPN?), or give one of {', '.join(names)}."
        yield Finding("interface", "bad", f"{wanted} is not there, so that there will be no traffic", cure)
    for name, family, far in (("IPv4", socket.AF_INET, "192.0.2.1"), ("IPv6", socket.AF_INET6, "2001:db8::1")):
        if _has_route(family, far):
            yield Finding(name, "ok", "there is a way out")
        elif name == "IPv6":
            yield Finding(
                name, "warn", "no way out: peers with IPv6 only are out of reach", "Ask your provider for IPv6."
            )
        else:
            yield Finding(name, "warn", "no way out: only this network's peers are in reach", "Connect to a network.")


def terminal(settings: Settings) -> Iterator[Finding]:
    """Whether the live view can be shown, and how."""
    from headrace.cli.output import is_terminal

    if not is_terminal():
        yield Finding("terminal", "ok", "none: plain lines are shown in place of the live view")
        return
    size = shutil.get_terminal_size()
    encoding = (sys.stderr.encoding or "ascii").lower()
    text = f"{size.columns} columns, {size.lines} lines, {encoding}"
    if encoding.startswith("utf"):
        yield Finding("terminal", "ok", text)
    else:
        yield Finding("terminal", "warn", f"{text}: names may be shown with ?", "Use a UTF-8 locale: LANG=C.UTF-8.")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    program,
    engine,
    players,
    codecs,
    ports,
    disk,
    folders,
    network,
    terminal,
)
"""In the order in which they are shown."""


def _occupied(host: str, port: int, kind: socket.SocketKind) -> str:
    """Why a port cannot be bound, or nothing."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        with socket.socket(family, kind) as tried:
            if kind == socket.SOCK_STREAM and sys.platform != "win32":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _own_address(text: str) -> bool:
    """Whether it is an address of this machine: only those can be bound."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((text, 0))
    except OSError:
        return False
    return True


def _has_route(family: int, far: str) -> bool:
    """Whether the routing table knows a way there. The addresses are those of documentation (RFC 5737, RFC 3849)."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.connect((far, 9))
    except OSError:
        return False
    return True
