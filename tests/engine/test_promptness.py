"""Nagle's algorithm at the connections to peers, and at nobody else's."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.engine import promptness
from headrace.engine.promptness import FIRST_SECONDS, Promptness, send_at_once

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lists no descriptors")

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A connection: who connected, and who was connected to."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.bind((request.param, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]) as near:
            far, _ = listening.accept()
            with far:
                yield near, far


def at_once(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def end(connection: socket.socket) -> promptness.Address:
    host, port = connection.getpeername()[:2]
    return host, port


def test_the_connection_with_that_address_and_no_other(pair: Pair) -> None:
    near, far = pair
    assert not at_once(near)
    assert send_at_once({end(near)}, True) == 1
    assert at_once(near)
    assert not at_once(far)
    assert send_at_once({end(near)}, False) == 1
    assert not at_once(near)


def test_the_connection_lives_on(pair: Pair) -> None:
    near, far = pair
    near.setblocking(False)
    assert send_at_once({end(near), end(far)}, True) == 2
    assert not near.getblocking()
    near.send(b"request")
    assert far.recv(100) == b"request"


def test_what_is_no_connection_is_passed_over(pair: Pair) -> None:
    near, _ = pair
    with socket.socket() as lone, socket.socket(near.family, socket.SOCK_DGRAM) as datagrams, socket.socketpair()[0]:
        datagrams.connect(end(near))
        assert send_at_once({end(near)}, True) == 1
        assert not at_once(lone)


def test_nothing_is_done_where_descriptors_are_not_listed(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promptness, "LISTS", (tmp_path / "nowhere",))
    assert send_at_once({end(pair[0])}, True) == 0
    assert not at_once(pair[0])


async def test_requests_leave_at_once_in_calm_and_for_a_moment_after(pair: Pair) -> None:
    near, far = pair
    prompt = Promptness()
    prompt.met(end(near))
    prompt.met(end(far))
    prompt.lost(end(far))
    assert not at_once(near), "a start gathers its requests"
    prompt.turn(True)
    assert at_once(near)
    assert not at_once(far)
    prompt.turn(False)
    assert at_once(near), "those of a seek"
    await asyncio.sleep(2 * FIRST_SECONDS)
    assert not at_once(near)


async def test_calm_that_comes_back_at_once_stays(pair: Pair) -> None:
    near, _ = pair
    prompt = Promptness()
    prompt.met(end(near))
    prompt.turn(True)
    prompt.turn(False)
    prompt.turn(True)
    await asyncio.sleep(2 * FIRST_SECONDS)
    assert at_once(near)
