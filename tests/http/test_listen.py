"""Ports: 8888 or the next free one; a given one or an error."""

from __future__ import annotations

import contextlib
import errno
import socket

import pytest

from headrace.errors import EngineError, InputError
from headrace.http import listen
from headrace.http.listen import open_sockets


def close(sockets):
    for one in sockets:
        one.close()


def ports(sockets):
    found = {one.getsockname()[1] for one in sockets}
    close(sockets)
    return found


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_any_port():
    assert ports(await open_sockets("127.0.0.1", 0)).pop() > 0


async def test_a_given_port_that_is_taken_is_an_error(taken):
    with pytest.raises(EngineError) as caught:
        await open_sockets("127.0.0.1", taken)
    assert (caught.value.kind, caught.value.exit_code) == ("port", 5)
    assert str(taken) in caught.value.message
    assert "--port" in caught.value.hint


async def test_a_default_port_that_is_taken_is_passed_over(taken, monkeypatch):
    monkeypatch.setattr(listen, "DEFAULT_PORT", taken)
    (port,) = ports(await open_sockets("127.0.0.1", None))
    assert port > taken


async def test_when_all_are_taken_any_will_do(taken, monkeypatch):
    monkeypatch.setattr(listen, "DEFAULT_PORT", taken)
    monkeypatch.setattr(listen, "TRIED", 1)
    (port,) = ports(await open_sockets("127.0.0.1", None))
    assert port not in (0, taken)


async def test_the_default_is_8888(monkeypatch):
    tried = []

    def bound(address, port):
        tried.append(port)
        if port < 8890:
            raise OSError(errno.EADDRINUSE, "in use")
        return socket.create_server(("127.0.0.1", 0))

    monkeypatch.setattr(listen, "_bound", bound)
    close(await open_sockets("127.0.0.1", None))
    assert tried == [8888, 8889, 8890]


async def test_a_port_that_may_not_be_used(monkeypatch):
    def refused(*_):
        raise OSError(errno.EACCES, "denied")

    monkeypatch.setattr(listen, "_bound", refused)
    with pytest.raises(EngineError) as caught:
        await open_sockets("127.0.0.1", 80)
    assert caught.value.kind == "port"


async def test_localhost_has_one_port_on_all_its_addresses():
    assert len(ports(await open_sockets("localhost", 0))) == 1


async def test_a_second_address_that_is_absent_does_not_matter(monkeypatch):
    real = listen._bound

    def bound(address, port):
        if address[1] == "::1":
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return real(address, port)

    async def both(_):
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]

    monkeypatch.setattr(listen, "_bound", bound)
    monkeypatch.setattr(listen, "_addresses", both)
    sockets = await open_sockets("localhost", 0)
    assert [one.family for one in sockets] == [socket.AF_INET]
    close(sockets)


async def test_when_one_address_fails_the_others_are_let_go(taken, monkeypatch):
    async def both(_):
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")]

    opened = []
    real = listen._bound

    def bound(address, port):
        if opened:
            raise OSError(errno.EADDRINUSE, "in use")
        opened.append(real(address, port))
        return opened[0]

    monkeypatch.setattr(listen, "_addresses", both)
    monkeypatch.setattr(listen, "_bound", bound)
    with pytest.raises(EngineError):
        await open_sockets("localhost", 0)
    assert opened[0].fileno() == -1


async def test_an_address_that_is_not_ours(monkeypatch):
    real, tried = listen._bound, []
    monkeypatch.setattr(listen, "_bound", lambda address, port: tried.append(port) or real(address, port))
    with pytest.raises(EngineError) as caught:
        await open_sockets("192.0.2.1", None)
    assert caught.value.kind == "address"
    assert tried == [8888]


async def test_a_name_that_is_none():
    with pytest.raises(InputError):
        await open_sockets("no such host.invalid", 0)


@pytest.mark.parametrize("host", ["::", ""])
async def test_all_addresses_of_both_families(host):
    try:
        (listening,) = await open_sockets(host, 0)
    except EngineError:
        pytest.skip("no IPv6 here")
    with (
        contextlib.closing(listening),
        socket.create_connection(("127.0.0.1", listening.getsockname()[1]), 5) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.1"
