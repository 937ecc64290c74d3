from __future__ import annotations

from headrace.casting import failures
from headrace.casting.base import Device

TV = Device("x", "Living Room", "dlna", "10.0.0.1:49152")


def test_each_says_which_device_and_what_to_do() -> None:
    assert failures.refused(TV).detail == "Living Room cannot play this"
    assert failures.refused(TV, "codec").detail == "Living Room cannot play this (codec)"
    assert (failures.gone(TV).state, failures.gone(TV).kind) == ("failed", "device_gone")
    error = failures.silent(TV)
    assert "Living Room (10.0.0.1:49152)" in error.message
    assert "headrace devices" in error.hint
    assert (error.kind, error.exit_code) == ("no_device", 6)


def test_who_was_taken_over_is_no_failure() -> None:
    assert failures.TAKEN.over
    assert failures.TAKEN.state == "ended"
