"""What goes wrong with devices of all kinds, in the same words."""

from __future__ import annotations

from headrace.casting.base import Device, Status
from headrace.errors import PlayerError

TAKEN = Status("ended", detail="something else was started on it")


def refused(device: Device, reason: str = "") -> Status:
    """It cannot play what it was given."""
    said = f" ({reason})" if reason else ""
    return Status("failed", detail=f"{device.name} cannot play this{said}", kind="refused")


def gone(device: Device) -> Status:
    """It was there, and is not any more."""
    return Status("failed", detail=f"{device.name} does not answer any more", kind="device_gone")


def silent(device: Device) -> PlayerError:
    """Nobody answers where it should be."""
    return PlayerError(
        f"{device.name} ({device.address}) does not answer.",
        "Is it on, and in the same network? headrace devices says which are there.",
        kind="no_device",
    )
