from __future__ import annotations

from typing import Any

import libtorrent as lt
import msgspec.structs
import pytest

from headrace import __version__
from headrace.engine.base import EngineOptions
from headrace.engine.tuning import STREAMING, carries_udp, settings_for
from headrace.errors import InputError

ELSEWHERE = {"state_path", "blocked"}
"""Options that are no settings: the engine reads a file and a filter for them."""

ACTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "listen": (("127.0.0.1:0", "[::1]:0"), {"listen_interfaces": "127.0.0.1:0,[::1]:0"}),
    "interface": (
        "tun0",
        {
            "outgoing_interfaces": "tun0",
            "listen_interfaces": "tun0:6881",
            "enable_upnp": False,
            "enable_natpmp": False,
            "enable_lsd": False,
        },
    ),
    "dht": (False, {"enable_dht": False}),
    "lsd": (False, {"enable_lsd": False}),
    "port_mapping": (False, {"enable_upnp": False, "enable_natpmp": False}),
    "dht_routers": ((("127.0.0.1", 7), ("::1", 8)), {"dht_bootstrap_nodes": "127.0.0.1:7,::1:8"}),
    "down_limit": (1000, {"download_rate_limit": 1000}),
    "up_limit": (2000, {"upload_rate_limit": 2000}),
    "max_peers": (7, {"connections_limit": 7}),
    "proxy": ("socks5://127.0.0.1:9050", {"proxy_type": 2, "proxy_hostname": "127.0.0.1", "proxy_port": 9050}),
    "utp": (False, {"enable_incoming_utp": False}),
    "encryption": (False, {"in_enc_policy": 2, "out_enc_policy": 2}),
    "extra": ({"peer_timeout": 9, "enable_dht": False}, {"peer_timeout": 9, "enable_dht": False}),
}


def test_every_option_is_covered() -> None:
    assert set(EngineOptions.__struct_fields__) == ACTS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", ACTS)
def test_an_option_changes_what_it_must(name: str) -> None:
    value, expected = ACTS[name]
    plain = settings_for(EngineOptions())
    made = settings_for(msgspec.structs.replace(EngineOptions(), **{name: value}))
    assert {key: made[key] for key in expected} == expected
    assert any(plain.get(key) != expected[key] for key in expected)
    if name not in ("proxy", "extra"):
        assert {key for key in made if made[key] != plain.get(key)} <= expected.keys()


@pytest.mark.parametrize("proxy", ["", "socks5://u:p@127.0.0.1:1", "http://127.0.0.1:1"])
@pytest.mark.parametrize("interface", ["", "lo"])
def test_the_engine_knows_every_name_and_takes_every_value(proxy: str, interface: str) -> None:
    made = settings_for(EngineOptions(proxy=proxy, interface=interface))
    params = lt.session_params()
    params.settings = made  # type: ignore[assignment]
    with pytest.raises(KeyError):
        params.settings = {"no_such_setting": 1}  # type: ignore[assignment]


def test_no_value_repeats_the_engines_default() -> None:
    defaults = lt.default_settings()
    assert [key for key, value in STREAMING.items() if defaults.get(key) == value] == []


def test_what_others_see_of_us() -> None:
    assert settings_for(EngineOptions())["user_agent"] == f"Headrace/{__version__}"
    assert len(STREAMING["peer_fingerprint"]) == 8, "BEP 20"


@pytest.mark.parametrize(
    ("interface", "listen", "expected"),
    [
        ("eth0", ("0.0.0.0:7000", "[::]:7000"), "eth0:7000"),
        ("192.168.1.2", ("0.0.0.0:0",), "192.168.1.2:0"),
        ("fe80::1", ("[::]:6881",), "[fe80::1]:6881"),
        ("eth0", (), "eth0:6881"),
    ],
)
def test_an_interface_is_the_only_one(interface: str, listen: tuple[str, ...], expected: str) -> None:
    made = settings_for(EngineOptions(interface=interface, listen=listen))
    assert made["listen_interfaces"] == expected
    assert made["outgoing_interfaces"] == interface


# proxies
@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "user", "password"),
    [
        ("socks5://127.0.0.1:1080", 2, "127.0.0.1", 1080, "", ""),
        ("SOCKS5://proxy.example:1080/", 2, "proxy.example", 1080, "", ""),
        ("socks5h://127.0.0.1:1080", 2, "127.0.0.1", 1080, "", ""),
        ("socks://127.0.0.1:1080", 2, "127.0.0.1", 1080, "", ""),
        ("127.0.0.1:1080", 2, "127.0.0.1", 1080, "", ""),
        ("socks5://me:s%40cret@[::1]:1080", 3, "::1", 1080, "me", "s@cret"),
        ("me:secret@127.0.0.1:1080", 3, "127.0.0.1", 1080, "me", "secret"),
        ("socks4://127.0.0.1:1080", 1, "127.0.0.1", 1080, "", ""),
        ("http://127.0.0.1:3128", 4, "127.0.0.1", 3128, "", ""),
        ("http://me:x@127.0.0.1:3128", 5, "127.0.0.1", 3128, "me", "x"),
    ],
)
def test_forms_of_a_proxy(url: str, kind: int, host: str, port: int, user: str, password: str) -> None:
    made = settings_for(EngineOptions(proxy=url))
    keys = ("proxy_type", "proxy_hostname", "proxy_port", "proxy_username", "proxy_password")
    assert tuple(made[key] for key in keys) == (kind, host, port, user, password)


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "socks4://127.0.0.1:1080", "http://127.0.0.1:3128"])
def test_everything_goes_through_a_proxy_and_nothing_is_told_to_the_neighbours(url: str) -> None:
    made = settings_for(EngineOptions(proxy=url))
    assert all(made[f"proxy_{what}"] for what in ("hostnames", "peer_connections", "tracker_connections"))
    assert not any(made[f"enable_{what}"] for what in ("lsd", "upnp", "natpmp"))


@pytest.mark.parametrize(
    ("url", "udp"),
    [
        ("", True),
        ("socks5://127.0.0.1:1", True),
        ("SOCKS5H://127.0.0.1:1", True),
        ("socks://127.0.0.1:1", True),
        ("127.0.0.1:1", True),
        ("socks4://127.0.0.1:1", False),
        ("http://127.0.0.1:1", False),
        ("HTTP://me:x@127.0.0.1:1", False),
    ],
)
def test_a_proxy_that_carries_no_udp_turns_off_what_needs_it(url: str, udp: bool) -> None:
    made = settings_for(EngineOptions(proxy=url))
    assert carries_udp(url) is udp
    assert made["enable_dht"] is udp
    assert made["enable_incoming_utp"] is udp
    assert made["enable_outgoing_utp"] is False


def test_a_proxy_does_not_turn_on_what_was_turned_off() -> None:
    made = settings_for(EngineOptions(proxy="socks5://127.0.0.1:1", dht=False, utp=False))
    assert not made["enable_dht"]
    assert not made["enable_incoming_utp"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1:21",
        "https://127.0.0.1:443",
        "socks5://127.0.0.1",
        "socks5://:1080",
        "socks5://127.0.0.1:99999",
        "socks5://127.0.0.1:port",
        "socks5://127.0.0.1:0",
        "socks5://[::1:1080",
        "nonsense",
    ],
)
def test_a_proxy_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="proxy"):
        settings_for(EngineOptions(proxy=url))
