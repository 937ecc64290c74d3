from __future__ import annotations

import pytest

from headrace.casting.reach import address_towards
from headrace.errors import PlayerError


async def test_towards_this_machine_it_is_this_machine() -> None:
    assert await address_towards("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("host", ["no such host", "host..name", "x" * 300])
async def test_without_a_way_it_is_told(host: str) -> None:
    with pytest.raises(PlayerError, match="no way") as refused:
        await address_towards(host)
    assert refused.value.kind == "unreachable"
