from __future__ import annotations

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
