"""What devices are to the rest of Headrace: a ``Device`` is found, a ``Caster`` steers it, a ``Status`` tells of it.

Rules of this package:
- it knows URLs and titles, and nothing of torrents;
- one foreign library, one module: ``mdns`` (zeroconf), ``chromecast`` (pychromecast), ``dlna`` (async-upnp-client);
- what those libraries raise becomes a ``PlayerError`` there; what a device says is told, not believed;
- URLs may carry a token: they go to the device and nowhere else.

This module and ``names`` are cheap to import; the libraries are imported when a device is looked for or spoken to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

Kind = Literal["chromecast", "dlna"]
KINDS: tuple[Kind, ...] = ("chromecast", "dlna")


class Device(Struct, frozen=True):
    """A device in reach. ``address`` is ``host:port``; ``url`` of its description, for DLNA alone.

    ``id`` stays the same for as long as the device keeps its own identity: a Chromecast's UUID, a renderer's UDN.
    """

    id: str
    name: str
    kind: Kind
    address: str
    model: str = ""
    url: str = ""

    @property
    def host(self) -> str:
        """The address without its port and brackets."""
        return self.address.rpartition(":")[0].strip("[]")

    def as_dict(self) -> dict[str, str]:
        """What users see of it."""
        return {"id": self.id, "name": self.name, "kind": self.kind, "address": self.address, "model": self.model}


class Captions(Struct, frozen=True):
    """Subtitles for a show. Chromecasts read ``webvtt``, televisions ``srt``; URLs of the same text."""

    webvtt: str
    srt: str
    language: str = ""
    """A BCP 47 tag, or empty."""
    name: str = ""


class Show(Struct, frozen=True):
    """What a device is to play. ``start`` in seconds; ``size`` in bytes, 0 when it is not known."""

    url: str
    title: str
    media_type: str
    start: float = 0.0
    captions: Captions | None = None
    hls: bool = False
    """``url`` is a master playlist of fragmented MP4."""
    size: int = 0
    duration: float | None = None


class Status(Struct, frozen=True):
    """What a device does now. ``state`` is starting, playing, paused, buffering, ended or failed; the last two are the
    end, and ``detail`` says of ``failed`` why, in words without a URL."""

    state: str = "starting"
    position: float | None = None
    duration: float | None = None
    volume: float | None = None
    """0 to 1."""
    muted: bool | None = None
    detail: str = ""
    kind: str = ""
    """Of ``failed``: refused, device_busy or device_gone."""

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ("ended", "failed")


OnStatus = Callable[[Status], None]


class Caster(Protocol):
    """A device that was connected to. What it does is told to the ``OnStatus`` that it was made with, in the event
    loop's thread: whenever it changes, and the position once a second while it plays.

    What cannot be done raises ``PlayerError``.
    """

    device: Device

    async def connect(self) -> None:
        """Meet the device; ``PlayerError`` when it does not answer. Before anything else, and once."""

    async def load(self, show: Show) -> None:
        """Begin a show. Returns when the device has taken it; that it plays, or cannot, is told as its status."""

    async def play(self) -> None:
        """Go on."""

    async def pause(self) -> None:
        """Pause."""

    async def seek(self, seconds: float) -> None:
        """Go to this place."""

    async def set_volume(self, level: float) -> None:
        """How loud, from 0 to 1."""

    async def set_muted(self, muted: bool) -> None:
        """Silence it, or not."""

    async def stop(self) -> None:
        """End the show; the device is left as it was before."""

    async def aclose(self) -> None:
        """Let go of the device, whatever it does."""
