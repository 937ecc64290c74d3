from __future__ import annotations

import subprocess
import sys

import pytest

from headrace.casting.base import Device
from headrace.casting.dlna_search import comes_from, device_of

LOCATION = "http://10.0.0.3:49152/description.xml"


@pytest.mark.parametrize(
    ("location", "sender", "ours"),
    [
        (LOCATION, "10.0.0.3", True),
        (LOCATION, "10.0.0.4", False),
        ("http://192.168.1.1/admin?reboot", "10.0.0.3", False),
        ("file:///etc/passwd", "", False),
        ("http://10.0.0.3:99999/", "10.0.0.3", False),
        ("", "10.0.0.3", False),
    ],
)
def test_descriptions_lie_with_who_answered(location: str, sender: str, ours: bool) -> None:
    assert comes_from(location, sender) is ours


def test_what_a_renderer_says() -> None:
    told = {"UDN": "uuid:1", "friendlyName": "Living\x07 Room", "modelName": "X9"}
    found = Device("uuid:1", "Living? Room", "dlna", "10.0.0.3:49152", "X9", LOCATION)
    assert device_of(told, LOCATION) == found


def test_one_without_a_name() -> None:
    found = device_of({"UDN": "uuid:1", "friendlyName": {"odd": "xml"}}, LOCATION)
    assert found is not None
    assert found.name == "10.0.0.3:49152"
    assert device_of({"friendlyName": "x"}, LOCATION) is None


NONSENSE = """
import asyncio
from headrace.casting.dlna_search import _Search

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    head = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/xml; charset=undefined\\r\\nContent-Length: 3"
    writer.write(head + b"\\r\\n\\r\\n<a>")
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    await _Search(print)._look(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/d.xml")

asyncio.run(main())
"""


def test_a_description_that_cannot_be_read_is_passed_over_in_silence() -> None:
    ran = subprocess.run([sys.executable, "-c", NONSENSE], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
