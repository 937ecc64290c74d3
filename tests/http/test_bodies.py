"""Bodies over the wire are in test_write; here is what is said of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from headrace.http import bodies
from headrace.http.guard import Refused
from headrace.http.shapes import SetPosition


def request(*chunks: bytes, kind: str = "application/json", length: int | None = None) -> Any:
    async def iter_any() -> Any:
        for chunk in chunks:
            yield chunk

    return SimpleNamespace(content_type=kind, content_length=length, content=SimpleNamespace(iter_any=iter_any))


async def test_a_body_comes_in_parts() -> None:
    assert await bodies.body_of(request(b"a", b"bc"), 3) == b"abc"
    found = await bodies.read(request(b'{"sec', b'onds": 3}'), SetPosition)
    assert found == SetPosition(3.0)


@pytest.mark.parametrize(("chunks", "length"), [((b"a", b"bcd"), None), ((), 4)])
async def test_too_large(chunks: tuple[bytes, ...], length: int | None) -> None:
    with pytest.raises(Refused, match="more than 0 KiB") as caught:
        await bodies.body_of(request(*chunks, length=length), 3)
    assert caught.value.status == 413
