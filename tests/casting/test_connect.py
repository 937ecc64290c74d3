from __future__ import annotations

import types
from typing import Any

import pytest

from headrace.casting import connect as module
from headrace.casting.base import Device, Status
from headrace.errors import PlayerError


class Fake:
    def __init__(self, failure: PlayerError | None = None) -> None:
        self.failure, self.connected, self.closed = failure, 0, 0

    async def connect(self) -> None:
        self.connected += 1
        if self.failure is not None:
            raise self.failure

    async def aclose(self) -> None:
        self.closed += 1


def hear(status: Status) -> None:
    raise AssertionError(status)


def install(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> list[Any]:
    asked: list[Any] = []

    async def caster(given: Device, on_status: object) -> Fake:
        asked.append((given, on_status))
        return fake

    def library(name: str) -> types.SimpleNamespace:
        asked.append(name)
        return types.SimpleNamespace(caster=caster)

    monkeypatch.setattr(module, "library", library)
    return asked


@pytest.mark.parametrize(
    ("kind", "name"), [("chromecast", "headrace.casting.chromecast"), ("dlna", "headrace.casting.dlna")]
)
async def test_each_kind_has_its_module(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str) -> None:
    device, fake = Device("x", "TV", kind, "10.0.0.1:1"), Fake()
    asked = install(monkeypatch, fake)
    assert await module.connect(device, hear) is fake  # type: ignore[comparison-overlap]
    assert asked == [name, (device, hear)]
    assert (fake.connected, fake.closed) == (1, 0)


async def test_one_that_does_not_answer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(PlayerError("silent"))
    install(monkeypatch, fake)
    with pytest.raises(PlayerError, match="silent"):
        await module.connect(Device("x", "TV", "dlna", "10.0.0.1:1"), hear)
    assert (fake.connected, fake.closed) == (1, 1)
