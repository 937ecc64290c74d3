from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from headrace.interfaces import addresses, device_of


@pytest.mark.parametrize("name", ["tun0", "127.0.0.1", "::1", "198.51.100.7", "2001:db8::7", ""])
def test_what_no_interface_has_stays_as_it_is(name: str) -> None:
    assert device_of(name) == name


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("ip"), reason="needs Linux's ip to compare with")
def test_every_address_of_this_machine_has_its_interface() -> None:
    listed = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    known = {info["local"]: link["ifname"] for link in listed for info in link["addr_info"] if info["scope"] != "host"}
    assert {address: device_of(address) for address in known} == known
    reachable = [info["local"] for link in listed for info in link["addr_info"] if info["scope"] == "global"]
    assert sorted(addresses()) == sorted(reachable)
    assert [":" in address for address in addresses()] == sorted(":" in address for address in addresses())
