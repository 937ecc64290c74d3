from __future__ import annotations

import types
from typing import Any

import pytest

from headrace.casting import connect as module
from headrace.casting.base import Device, Status


@pytest.mark.parametrize(
    ("kind", "name"), [("chromecast", "headrace.casting.chromecast"), ("dlna", "headrace.casting.dlna")]
)
async def test_each_kind_has_its_module(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str) -> None:
    device = Device("x", "TV", kind, "10.0.0.1:1")
    asked: list[str] = []

    async def connected(given: Device, on_status: object) -> tuple[Device, object]:
        return given, on_status

    def library(module_name: str) -> types.SimpleNamespace:
        asked.append(module_name)
        return types.SimpleNamespace(connect=connected)

    def hear(status: Status) -> None:
        raise AssertionError(status)

    monkeypatch.setattr(module, "library", library)
    assert await module.connect(device, hear) == (device, hear)  # type: ignore[comparison-overlap]
    assert asked == [name]
