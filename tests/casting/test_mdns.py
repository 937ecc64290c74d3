from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

import pytest
from zeroconf.asyncio import AsyncServiceInfo

from headrace.casting.mdns import SERVICE, device_of

NAME = f"Chromecast-a1b2.{SERVICE}"


def info(texts: dict[str, str], addresses: tuple[str, ...] = ("10.0.0.7",), port: int = 8009) -> AsyncServiceInfo:
    packed = [socket.inet_aton(address) for address in addresses]
    return AsyncServiceInfo(SERVICE, NAME, addresses=packed, port=port, properties=texts)


def test_what_a_chromecast_says() -> None:
    found = device_of(info({"fn": "Kitchen", "md": "Chromecast Ultra", "id": "a1b2"}, port=32187))
    assert found is not None
    assert (found.id, found.name, found.model, found.address) == (
        "a1b2",
        "Kitchen",
        "Chromecast Ultra",
        "10.0.0.7:32187",
    )


def test_what_strangers_say_can_be_printed() -> None:
    found = device_of(info({"fn": "\x1b[31mred\n"}))
    assert found is not None
    assert found.name.isprintable()


def test_one_without_a_name_has_that_of_its_announcement() -> None:
    found = device_of(info({}))
    assert found is not None
    assert (found.name, found.id) == ("Chromecast-a1b2", NAME)


def test_one_without_an_address_is_none() -> None:
    assert device_of(info({"fn": "x"}, addresses=())) is None


ANNOUNCED = """
import asyncio, socket
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf
from headrace.casting import discover
from headrace.casting.mdns import SERVICE
from headrace.casting.names import Wish

async def main():
    texts = {"fn": "Kitchen", "md": "Ultra", "id": "a1b2"}
    address = [socket.inet_aton("10.203.0.1")]
    info = AsyncServiceInfo(SERVICE, f"x.{SERVICE}", addresses=address, port=8009, properties=texts, server="x.local.")
    device = AsyncZeroconf(interfaces=["10.203.0.1"])
    await (await device.async_register_service(info))
    print(await discover.find(Wish("chromecast", "kitchen")))
    await device.async_close()

asyncio.run(main())
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
async def test_a_real_announcement_is_heard() -> None:
    """In a network of its own, for loopback has no multicast."""
    name = f"headrace-{os.getpid()}-mdns"
    commands = (
        f"ip netns add {name}",
        f"ip -n {name} link add lan type veth peer name far",
        f"ip -n {name} addr add 10.203.0.1/24 dev lan",
        f"ip -n {name} link set lan up multicast on",
        f"ip -n {name} link set far up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} route add default dev lan",
    )
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        argv = ("ip", "netns", "exec", name, sys.executable, "-c", ANNOUNCED)
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
    assert b"name='Kitchen', kind='chromecast', address='10.203.0.1:8009', model='Ultra'" in out
