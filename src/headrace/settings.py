"""Every option of this release in one frozen record, and where its values come from.

Rules: one field is one option; its flags, help and check stand beside it and serve the command line, the environment
(``HEADRACE_`` and the flag's name) and the file alike. Flags win over the environment, which wins over the file; a list
is replaced as a whole. A bad value names its source. Nothing unknown is passed over in silence: a misspelt
``interface`` would send traffic where it must not go. Imports stay light: this runs before the engine does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from headrace.core import options, source, units
from headrace.core.options import Option, UsageError

if TYPE_CHECKING:
    from headrace.engine.base import EngineOptions

__all__ = ["CONFIG_VARIABLE", "DEFAULT_PORT", "OPTIONS", "Settings", "UsageError", "default_folder", "load"]

DEFAULT_PORT = 8888
CONFIG_VARIABLE = "HEADRACE_CONFIG"
_PREFIX = "HEADRACE_"
_PLAY = frozenset({"play"})
_DATA = _PLAY | {"download"}
_SOURCE = _DATA | {"files"}
_NET = _SOURCE | {"serve"}
_SERVE = _PLAY | {"serve", "doctor"}
_GATE = _PLAY | {"serve"}
_LOGS = frozenset({"serve"})
_TELL = _NET | {"demo"}
_ALL = _TELL | {"config", "doctor", "cache", "devices"}
T = TypeVar("T")
_DECLARED: list[Option] = []
"""One for each field of ``Settings``, in their order."""


def _option(
    default: T,
    flags: str,
    metavar: str,
    about: str,
    check: Callable[[str], Any] = options.text,
    verbs: frozenset[str] = _NET,
    *,
    many: bool = False,
    key: str = "",
) -> T:
    names = tuple(flags.split())
    key = key or names[-1].lstrip("-").replace("-", "_")
    _DECLARED.append(Option(key, names, metavar, about, check, verbs, isinstance(default, bool), many))
    return default


def _folder(path: str) -> Path:
    try:
        return Path(options.text(path)).expanduser()
    except RuntimeError:
        raise ValueError(f"{path[:40]!r}: there is no such user") from None


class Settings(Struct, frozen=True, kw_only=True):
    """What the user wants. Rates in bytes per second (0: no limit), times in seconds."""

    player: str = _option(
        "",
        "-p --player",
        "NAME",
        "mpv, vlc, iina, mplayer, mpc-hc, potplayer, browser, none (only serve), cast[:NAME|ADDRESS] (a Chromecast), "
        "dlna[:NAME|URL] (a television), or a command line with {url}; default: the first one found",
        options.player,
        _PLAY | {"demo"},
    )
    file: str = _option(
        "",
        "-f --file",
        "SEL",
        "which file: its index as 'headrace files' prints it, a glob or part of its name, or S02E05; "
        "default: the main video",
        options.text,
        _DATA,
    )
    all: bool = _option(False, "--all", "", "the whole torrent, for play as a playlist", options.yes_no, _DATA)
    start: float | None = _option(
        None, "--start", "TIME", "where to start: 90, 12:30 or 1h5m; default: see --resume", units.parse_time, _PLAY
    )
    resume: bool = _option(
        True, "--resume", "", "go on where it was stopped last time; default: resume", options.yes_no, _PLAY
    )
    subtitles: tuple[str, ...] = _option(
        (), "--subtitles", "FILE|URL", "subtitles to show; repeatable", options.text, _PLAY, many=True
    )
    host: str = _option("127.0.0.1", "--host", "ADDRESS", "where to serve; default: 127.0.0.1", options.text, _SERVE)
    port: int | None = _option(
        None,
        "--port",
        "PORT",
        f"port to serve on, 0 for any; default: {DEFAULT_PORT}, or the next free one",
        options.whole(0, 65535),
        _SERVE,
    )
    token: str = _option(
        "",
        "--token",
        "TOKEN",
        "what clients must know, of at least 16 characters; default: made once and kept, and on loopback none",
        options.secret,
        _GATE,
    )
    auth: bool = _option(
        True,
        "--auth",
        "",
        "ask for the token; --no-auth: whoever reaches the port may do everything",
        options.yes_no,
        _GATE,
    )
    allow_hosts: tuple[str, ...] = _option(
        (),
        "--allow-host",
        "NAME",
        "a name by which the server may be asked for, beside its addresses; repeatable",
        options.text,
        _GATE,
        many=True,
    )
    dir: Path | None = _option(
        None,
        "--dir",
        "DIR",
        "where data goes; default: for play and serve the user's cache folder, for download the current one",
        _folder,
        _DATA | {"serve", "doctor", "cache"},
    )
    keep: bool = _option(True, "--keep", "", "keep the data afterwards; default: keep", options.yes_no, _PLAY)
    quota: int | None = _option(
        None,
        "--quota",
        "SIZE",
        "most bytes of data to keep; what was watched longest ago goes first; none: no limit; default: 20 GB or a "
        "tenth of the free disk, whichever is less",
        options.quota,
        _PLAY | {"serve", "cache"},
    )
    eager: str = _option(
        "off",
        "--eager",
        "WHOM",
        "hand over blocks before their piece is verified: off, trusted (from peers whose earlier data was verified) "
        "or all; default: off",
        options.eager,
        _PLAY | {"serve"},
    )
    peers: tuple[tuple[str, int], ...] = _option(
        (), "--peer", "HOST:PORT", "a peer to connect to; repeatable", source.parse_peer, many=True
    )
    trackers: tuple[str, ...] = _option(
        (), "--tracker", "URL", "a tracker to announce to; repeatable", options.url("udp", "http", "https"), many=True
    )
    dht: bool = _option(True, "--dht", "", "look for peers in the DHT; default: yes", options.yes_no)
    down_limit: int = _option(
        0, "--down-limit", "RATE", "most bytes a second to fetch: 1.5M, 8Mbit; default: no limit", units.parse_rate
    )
    up_limit: int = _option(0, "--up-limit", "RATE", "most bytes a second to send; default: no limit", units.parse_rate)
    max_peers: int = _option(
        200, "--max-peers", "N", "most peers to be connected to; default: 200", options.whole(1, 100_000)
    )
    peer_port: int = _option(
        6881,
        "--peer-port",
        "PORT",
        "port on which peers reach us; default: 6881",
        options.whole(1, 65535),
        _NET | {"doctor"},
    )
    interface: str = _option(
        "",
        "--interface",
        "NAME|ADDRESS",
        "torrent traffic goes only through this network interface, or not at all; none: through any",
        options.none_or(options.text),
        _NET | {"doctor"},
    )
    proxy: str = _option(
        "",
        "--proxy",
        "URL",
        "socks5://, socks4:// or http:// proxy for torrent traffic, with user:password@ if needed; none: no proxy",
        options.none_or(options.url("socks5", "socks4", "http")),
    )
    blocklist: str = _option(
        "", "--blocklist", "FILE|URL", "addresses never to talk to; none: no list", options.none_or(options.text)
    )
    timeout: float = _option(
        120.0,
        "--timeout",
        "SECONDS",
        "how long to wait for the metadata, 0 for ever; default: 120",
        units.parse_time,
        _SOURCE,
    )
    watch: Path | None = _option(
        None, "--watch", "DIR", "add each .torrent and .magnet that comes into this folder", _folder, _LOGS
    )
    log_format: str = _option(
        "plain",
        "--log-format",
        "FORM",
        "the log: plain or json; default: plain",
        options.one_of("plain", "json"),
        _LOGS,
    )
    json: bool = _option(False, "--json", "", "one JSON object a line on standard output", options.yes_no, _ALL)
    quiet: bool = _option(False, "--quiet", "", "say nothing but errors", options.yes_no, _TELL)
    debug: bool = _option(False, "--debug", "", "say what goes on inside, with tracebacks", options.yes_no, _ALL)
    player_args: tuple[str, ...] = _option((), "", "", "", options.any_text, _PLAY, many=True, key="player_args")
    """For the player as they are; on the command line they stand behind ``--``."""

    def engine_options(self, blocked: Sequence[tuple[str, str]] = ()) -> EngineOptions:
        """How the engine is to meet the world; ``blocked`` are the blocklist's address ranges (first, last)."""
        from headrace.engine.base import EngineOptions

        return EngineOptions(
            state_path=default_folder("state") / "session",
            listen=(f"0.0.0.0:{self.peer_port}", f"[::]:{self.peer_port}"),
            interface=self.interface and _device_of(self.interface),
            dht=self.dht,
            down_limit=self.down_limit,
            up_limit=self.up_limit,
            max_peers=self.max_peers,
            proxy=self.proxy,
            blocked=tuple(blocked),
        )

    @property
    def network(self) -> dict[str, str]:
        """Digests of the settings that say which way torrents may take, but for defaults: for another process to see
        whether it goes the same way. A proxy's password is not to be had from it."""
        import hashlib

        given = {name: getattr(self, name) for name in ("interface", "proxy", "blocklist")}
        given |= {} if self.dht else {"dht": "no"}
        return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in given.items() if text}

    @property
    def data_folder(self) -> Path:
        """Where data goes: ``dir``, or the user's cache folder; absolute."""
        return (self.dir or default_folder("cache")).absolute()

    @property
    def library_folder(self) -> Path:
        """Where the library lies: beside the data if its folder was named; else in the user's state folder, since
        whoever clears caches does not mean positions."""
        usual = default_folder("cache").absolute()
        return default_folder("state").absolute() if self.data_folder == usual else self.data_folder / ".headrace"


def _device_of(interface: str) -> str:
    from headrace.interfaces import device_of

    return device_of(interface)


OPTIONS: Mapping[str, Option] = dict(zip(Settings.__struct_fields__, _DECLARED, strict=True))
"""By the name of the field."""
_FIELDS = {option.key: name for name, option in OPTIONS.items()}


def load(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None, config: str = "") -> Settings:
    """Settings from flags (by field name, as text or switches), the environment and the file.

    ``config`` names the file (``--config``); else ``HEADRACE_CONFIG`` does; else it is the user's, if there is one.
    ``UsageError`` names the source of whatever is wrong.
    """
    return load_with_origins(flags, environ, config)[0]


def load_with_origins(
    flags: Mapping[str, Any], environ: Mapping[str, str] | None = None, config: str = ""
) -> tuple[Settings, dict[str, str]]:
    """As ``load``; and where each setting that is not the default comes from: a flag, a variable, or a file's path."""
    environ = os.environ if environ is None else environ
    path = _file(config, environ)
    values = _from_file(path, named=bool(config or environ.get(CONFIG_VARIABLE)))
    origins = dict.fromkeys(values, str(path))
    from_environment = _from_environment(environ)
    values |= from_environment
    origins |= {name: f"{_PREFIX}{OPTIONS[name].key.upper()}" for name in from_environment}
    for name, raw in flags.items():
        option = OPTIONS[name]
        origins[name] = option.flags[-1] if option.flags else "--"
        values[name] = option.read(raw, origins[name])
    return Settings(**values), origins


def default_folder(kind: str) -> Path:
    """The user's folder of Headrace for ``cache``, ``config`` or ``state``, as platformdirs has it.

    On Linux it is worked out here: importing platformdirs costs as much as starting Python.
    """
    if sys.platform != "linux":
        import platformdirs

        finder: Callable[..., str] = getattr(platformdirs, f"user_{kind}_dir")
        return Path(finder("headrace", appauthor=False))
    usual = {"cache": ".cache", "config": ".config", "state": ".local/state"}[kind]
    base = os.environ.get(f"XDG_{kind.upper()}_HOME", "").strip()
    return (Path(base) if base.startswith("/") else Path.home() / usual) / "headrace"


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for variable, raw in environ.items():
        if not variable.startswith(_PREFIX) or variable == CONFIG_VARIABLE or not raw:
            continue
        key = variable.removeprefix(_PREFIX).lower()
        if key in _FIELDS:
            option = OPTIONS[_FIELDS[key]]
            values[_FIELDS[key]] = option.read(_words(raw, variable) if option.repeatable else raw, variable)
        elif near := _nearest(key):
            raise UsageError(f"{variable}: there is no such setting.", f"Did you mean {_PREFIX}{near.upper()}?")
    return values


def _words(text: str, where: str) -> list[str]:
    """A list in a variable: blanks between its items, quotes around items with blanks."""
    import shlex

    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise UsageError(f"{where}: a quote is not closed.") from None


def _file(config: str, environ: Mapping[str, str]) -> Path:
    named = config or environ.get(CONFIG_VARIABLE, "")
    return Path(named).expanduser() if named else default_folder("config") / "config.toml"


def _from_file(path: Path, *, named: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not named:
            return {}
        raise UsageError(f"{path}: there is no such file.", "Name an existing file, or leave the option out.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"{path}: cannot be read ({reason}).") from None
    return _from_toml(text, path)


def _from_toml(text: str, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}.") from None
    values = {}
    for name, raw in table.items():
        key = name.replace("-", "_")
        if key not in _FIELDS:
            near = _nearest(key)
            raise UsageError(f"{path}: there is no setting {name!r}.", f"Did you mean {near!r}?" if near else "")
        values[_FIELDS[key]] = OPTIONS[_FIELDS[key]].read(raw, f"{path}: {name}")
    return values


def _nearest(key: str) -> str:
    """The setting that was probably meant, or nothing."""
    import difflib

    bare = key.removeprefix("no_")
    if bare in _FIELDS:
        return bare
    return next(iter(difflib.get_close_matches(key, _FIELDS, n=1, cutoff=0.75)), "")
