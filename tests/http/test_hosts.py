"""Which names are ours."""

from __future__ import annotations

import ipaddress

import pytest

from headrace.http.hosts import bracketed, host_of, is_loopback, is_own, is_wildcard, lan_address


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("localhost", "localhost"),
        ("LocalHost.:80", "localhost"),
        ("127.0.0.1:8888", "127.0.0.1"),
        ("127.0.0.1:", "127.0.0.1"),
        ("[::1]:8888", "::1"),
        ("[::1]", "::1"),
        ("::1", None),
        ("my_box.lan:1", "my_box.lan"),
        ("a@127.0.0.1", None),
        ("127.0.0.1:80:80", None),
        ("127.0.0.1:8a", None),
        ("127.0.0.1 evil", None),
        ("127.0.0.1/x", None),
        ("", None),
        ("evil.com#localhost", None),
    ],
)
def test_host_of(authority, host):
    assert host_of(authority) == host


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "::1%lo", "::ffff:127.0.0.1"]
)
def test_loopback_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.evil.com", "notlocalhost", "128.0.0.1", "127.1", "::2", "0.0.0.0", "10.0.0.1", "tv.lan"]
)
def test_other_names(host):
    assert not is_loopback(host)


OWN = [
    ("localhost:1", "127.0.0.1", True),
    ("localhost", "192.168.1.5", True),
    ("192.168.1.5:8888", "192.168.1.5", True),
    ("192.168.1.6:8888", "192.168.1.5", False),
    ("192.168.1.5:8888", "::ffff:192.168.1.5", True),
    ("[fe80::1]:1", "fe80::1%eth0", True),
    ("[FE80:0::1]:1", "fe80::1%eth0", True),
    ("media.lan:80", "192.168.1.5", True),
    ("MEDIA.lan.", "192.168.1.5", True),
    ("evil.com", "192.168.1.5", False),
    ("x.media.lan", "192.168.1.5", False),
    ("127.0.0.1.evil.com", "127.0.0.1", False),
    ("", "127.0.0.1", False),
    ("192.168.1.5", "", False),
]


@pytest.mark.parametrize(("authority", "local", "own"), OWN)
def test_is_own(authority, local, own):
    assert is_own(authority, local, frozenset({"media.lan"})) is own


def test_wildcards_and_brackets():
    assert [is_wildcard(host) for host in ("", "0.0.0.0", "::", "127.0.0.1", "name")] == [True] * 3 + [False] * 2
    assert [bracketed(h) for h in ("::1", "fe80::1%eth0", "10.0.0.1")] == ["[::1]", "[fe80::1%25eth0]", "10.0.0.1"]


def test_the_lan_address_is_an_address():
    assert ipaddress.ip_address(lan_address().partition("%")[0])


def test_without_a_network_the_lan_address_is_loopback(monkeypatch):
    def broken(*_):
        raise OSError("no network")

    monkeypatch.setattr("headrace.interfaces.socket.socket", broken)
    monkeypatch.setattr("headrace.interfaces.addresses", lambda: ["10.0.0.7", "fd00::7"])
    assert lan_address() == "10.0.0.7", "no way to the internet, but a neighbour"
    monkeypatch.setattr("headrace.interfaces.addresses", list)
    assert lan_address() == "127.0.0.1"
