from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Callable

import pytest

from headrace.casting import discover
from headrace.casting.base import Device
from headrace.casting.names import Wish
from headrace.errors import PlayerError

KITCHEN = Device("a1", "Kitchen", "chromecast", "10.0.0.1:8009")
TV = Device("uuid:3", "TV", "dlna", "10.0.0.3:80")


def network(*devices: Device) -> types.SimpleNamespace:
    @contextlib.asynccontextmanager
    async def looking(found: Callable[[Device], None]) -> AsyncIterator[None]:
        for device in devices:
            asyncio.get_running_loop().call_soon(found, device)
        yield

    return types.SimpleNamespace(looking=looking)


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "LINGER", 0.01)
    there = {"headrace.casting.mdns": network(KITCHEN, KITCHEN), "headrace.casting.dlna_search": network(TV)}
    monkeypatch.setattr(discover, "library", there.__getitem__)


async def test_both_ways_are_asked() -> None:
    assert await discover.search(within=0.05) == [KITCHEN, TV]
    assert await discover.search(Wish("dlna"), within=0.05) == [TV]


async def test_a_search_ends_when_the_one_has_answered() -> None:
    began = asyncio.get_running_loop().time()
    assert await discover.find(Wish("dlna", "tv"), within=30) is TV
    assert asyncio.get_running_loop().time() - began < 5


async def test_an_address_is_not_looked_for() -> None:
    found = await discover.find(Wish("chromecast", "10.0.0.7"), within=30)
    assert found.address == "10.0.0.7:8009"


async def test_who_is_not_there_is_told() -> None:
    with pytest.raises(PlayerError, match="cast:Kitchen"):
        await discover.find(Wish("chromecast", "Hall"), within=0.05)


def test_without_the_extra_it_is_said_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['zeroconf'] = None\n"
        "from headrace.casting.discover import library\n"
        "from headrace.errors import PlayerError\n"
        "try: library('headrace.casting.mdns')\n"
        "except PlayerError as error: print(error, error.kind, error.exit_code)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "package zeroconf, which is not installed. pip install 'headrace[cast]' no_cast 6" in out


def test_asking_for_devices_loads_no_library_before_it_needs_one() -> None:
    code = (
        "import sys, headrace.casting.discover, headrace.casting.connect, headrace.playing, headrace.screening\n"
        "print([m for m in ('zeroconf', 'pychromecast', 'async_upnp_client') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
