from __future__ import annotations

import msgspec.structs
import pytest

from headrace.core.heads import Head


def test_a_head_is_a_snapshot() -> None:
    head = Head(1, 10, 20, 0.5)
    with pytest.raises(AttributeError):
        head.position = 11  # type: ignore[misc]
    assert msgspec.structs.replace(head, position=12) == Head(1, 12, 20, 0.5)


def test_a_new_head_is_fresh_and_does_not_wait_yet() -> None:
    head = Head(1, 10, 20, 0.5)
    assert head.fresh
    assert not head.waiting
