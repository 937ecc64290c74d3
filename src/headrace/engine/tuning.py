"""The engine's settings for streaming, each with its reason.

Rules: names are libtorrent's (settings_pack); a value that is libtorrent's default is not repeated. "Measured" means
our own swarm lab: 12 seeds of 8 Mbit/s, 50 ms away, 50 Mbit/s down, unless another swarm is named.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import unquote, urlsplit

from headrace import __version__
from headrace.engine.base import EngineOptions
from headrace.errors import InputError

DHT_ROUTERS = (
    ("dht.libtorrent.org", 25401),
    ("router.bittorrent.com", 6881),
    ("dht.transmissionbt.com", 6881),
    ("router.utorrent.com", 6881),
)
"""Where a first start meets the DHT (BEP 5); libtorrent's default is the first one alone."""

UTP_DELAY = 10.0
"""Seconds before outgoing uTP is allowed: a peer without uTP costs 3 s until TCP is tried (measured: first piece 5.2 s
with it, 1.2 s without); later it helps with peers behind NAT."""

STREAMING: dict[str, Any] = {
    # order of requests
    "whole_pieces_threshold": 0,  # default 20 s: fast peers take whole runs of pieces, for which a seek then waits
    "request_queue_time": 1,  # default 3 s of requests in each peer's pipe, which a seek must wait for; 1 is the least
    "strict_end_game_mode": False,  # a block held by a slow peer may be asked of another before all are taken
    "piece_timeout": 2,  # default 20 s of silence before another peer is asked
    "request_timeout": 2,  # default 60 s; measured with slow peers: seek 4.7 s with the default, 2.1 s so
    # finding and keeping peers
    "announce_to_all_trackers": True,  # at once rather than one after the other failed
    "announce_to_all_tiers": True,
    "torrent_connect_boost": 100,  # default 30: connect to the first peers found at once, not by the second
    "connection_speed": 200,
    "smooth_connects": False,
    "peer_connect_timeout": 5,  # default 15 s: a dead peer holds a slot
    "handshake_timeout": 5,
    "min_reconnect_time": 10,  # default 60 s: a seed that comes back is wanted back
    "close_redundant_connections": False,  # default: seeds are dropped as soon as all that is wanted is there
    "enable_outgoing_utp": False,  # see UTP_DELAY
    "mixed_mode_algorithm": 0,  # prefer TCP: the default slows TCP down for uTP's sake
    "peer_fingerprint": "-HR0100-",
    # disk: each block is written at once, so that "checked" soon means "in the file" (default: 100 MiB may wait)
    "max_queued_disk_bytes": 16384,
    # talking to us: libtorrent drops what does not fit
    "alert_queue_size": 20000,
    # leaving: trackers are told, but not for longer than this (seconds)
    "stop_tracker_timeout": 1,
}


def settings_for(options: EngineOptions) -> dict[str, Any]:
    """libtorrent's settings for these options. ``InputError`` for a proxy that cannot be understood."""
    settings = {
        **STREAMING,
        "user_agent": f"Headrace/{__version__}",
        "listen_interfaces": ",".join(options.listen),
        "enable_dht": options.dht,
        "enable_lsd": options.lsd,
        "enable_upnp": options.port_mapping,
        "enable_natpmp": options.port_mapping,
        "dht_bootstrap_nodes": ",".join(f"{host}:{port}" for host, port in options.dht_routers or DHT_ROUTERS),
        "connections_limit": options.max_peers,
        "download_rate_limit": options.down_limit,
        "upload_rate_limit": options.up_limit,
        "enable_incoming_utp": options.utp,
        **_encryption(options.encryption),
        **_interface(options),
        **_proxy(options.proxy),
    }
    return {**settings, **options.extra}


def _encryption(wanted: bool) -> dict[str, Any]:
    """0 forced, 1 enabled, 2 disabled. Enabled means: some of the swarm speaks nothing else, so try both."""
    policy = 1 if wanted else 2
    return {"out_enc_policy": policy, "in_enc_policy": policy}


def _interface(options: EngineOptions) -> dict[str, Any]:
    """Bind what comes in and what goes out: when the interface is away, no connection is made at all."""
    if not options.interface:
        return {}
    port = options.listen[0].rpartition(":")[2] if options.listen else "6881"
    name = options.interface
    listen = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    # port mapping and local discovery would talk on other interfaces
    return {
        "outgoing_interfaces": name,
        "listen_interfaces": listen,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_lsd": False,
    }


_PROXY_TYPES = {("socks4", False): 1, ("socks5", False): 2, ("socks5", True): 3, ("http", False): 4, ("http", True): 5}


def _proxy(url: str) -> dict[str, Any]:
    """Everything through the proxy, host names too. Only SOCKS5 carries UDP: with another, what needs UDP is off."""
    if not url:
        return {}
    kind = None
    with contextlib.suppress(ValueError):  # a bracket or port that cannot be
        parts = urlsplit(url if "://" in url else f"socks5://{url}")
        kind, port = _PROXY_TYPES.get((_scheme(url), bool(parts.username))), parts.port
    if kind is None or not parts.hostname or not port:
        raise InputError(
            "The proxy is not one of socks5://, socks4:// or http:// with host and port.",
            "For example: --proxy socks5://127.0.0.1:1080",
        )
    settings: dict[str, Any] = {
        "proxy_type": kind,
        "proxy_hostname": parts.hostname,
        "proxy_port": port,
        "proxy_username": unquote(parts.username or ""),
        "proxy_password": unquote(parts.password or ""),
        "proxy_hostnames": True,
        "proxy_peer_connections": True,
        "proxy_tracker_connections": True,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
    }
    if not carries_udp(url):
        settings |= {"enable_dht": False, "enable_incoming_utp": False}
    return settings


def carries_udp(proxy: str) -> bool:
    """Whether UDP can go where the rest goes: without a proxy, or with SOCKS5 (RFC 1928)."""
    return not proxy or _scheme(proxy) == "socks5"


def _scheme(proxy: str) -> str:
    """SOCKS5 has several names, and is meant when none is given."""
    scheme = proxy.partition("://")[0].lower() if "://" in proxy else "socks5"
    return "socks5" if scheme in ("socks", "socks5h") else scheme
