from __future__ import annotations

import pytest

from headrace.casting.base import Device, Status


@pytest.mark.parametrize(
    ("address", "host"), [("10.0.0.1:8009", "10.0.0.1"), ("[fe80::1]:8009", "fe80::1"), ("tv.lan:80", "tv.lan")]
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert Device("x", "TV", "dlna", address).host == host


def test_the_url_of_a_device_is_nobodys_business() -> None:
    told = Device("uuid:1", "TV", "dlna", "10.0.0.1:80", "Model", "http://10.0.0.1:80/secret.xml").as_dict()
    assert told == {"id": "uuid:1", "name": "TV", "kind": "dlna", "address": "10.0.0.1:80", "model": "Model"}


def test_the_end_is_the_end() -> None:
    ends = [Status(state).over for state in ("starting", "playing", "paused", "buffering", "ended", "failed")]
    assert ends == [False, False, False, False, True, True]
