from __future__ import annotations

import pytest

from headrace.core.choice import Choice


def test_by_default_the_main_video_is_streamed_and_only_checked_bytes_are_served() -> None:
    assert Choice() == Choice(selector="", all=False, whole=False, metadata_only=False, eager="off")


def test_a_choice_does_not_change() -> None:
    with pytest.raises(AttributeError):
        Choice().whole = True  # type: ignore[misc]
