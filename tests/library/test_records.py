from __future__ import annotations

import dataclasses

import pytest

from headrace.library.records import Entry, Position

SECRET = "magnet:?xt=urn:btih:" + "a" * 40 + "&tr=https://tracker.example/0123456789abcdef/announce"


def test_a_record_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Entry("a" * 40).name = "other"  # type: ignore[misc]


def test_passkeys_are_not_in_what_is_printed() -> None:
    shown = repr(Entry("a" * 40, "Film", magnet=SECRET, trackers=("https://x.example/0123456789abcdef/announce",)))
    assert "0123456789abcdef" not in shown
    assert "Film" in shown


@pytest.mark.parametrize(
    ("seconds", "duration", "finished", "resume"),
    [(754.0, 5400.0, False, 754.0), (3.0, 5400.0, False, 0.0), (754.0, None, False, 754.0), (754.0, None, True, 0.0)],
)
def test_where_to_go_on(seconds: float, duration: float | None, finished: bool, resume: float) -> None:
    assert Position("a" * 40, 0, seconds, duration, 1.0, finished).resume == resume
