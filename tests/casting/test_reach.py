from __future__ import annotations

import pytest

from headrace.casting.reach import address_towards, is_here
from headrace.errors import PlayerError


def test_towards_this_machine_it_is_this_machine() -> None:
    assert address_towards("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("host", ["no such host", "host..name", "x" * 300])
def test_without_a_way_it_is_told(host: str) -> None:
    with pytest.raises(PlayerError, match="no way") as refused:
        address_towards(host)
    assert refused.value.kind == "unreachable"


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("tv.lan", False)]
)
def test_loopback_is_here(host: str, here: bool) -> None:
    assert is_here(host) is here
