"""What a film's own subtitles say in a part of it, in the worker's words.

Rules: it runs in the confined process and is given the module ``av``. The file may end anywhere, for what is not there
reads as its end: what was understood until then is told, and until which second that is all there is to know.
"""

from __future__ import annotations

import json
from typing import Any

LEAD = 8.0
"""Seconds before the part from which on lines may still be showing in it, if that is there."""
LONGEST, MOST = 4000, 3 << 20
"""Characters of one line (longer ones are drawings) and of all together."""
BUFFER = 64 << 10
"""Bytes that are asked for at once: each ask costs the same, and a film's part has megabytes."""
OF_A_FILE = ("mov",)
"""Containers whose index names each line: nothing else has to be read. In others lines lie among the pictures."""


def write(av: Any, container: Any, torn: Any, track: int, start: float, end: float) -> bytes:
    """Lines of a track between two seconds, as JSON. ``torn()``: whether the file was read to where it is not there."""
    stream = next((each for each in container.streams.subtitles if each.index == track), None)
    if stream is None:
        raise LookupError("there is no such subtitle track")
    part = _Part(av, container, stream, start, end)
    for begin in dict.fromkeys((max(0.0, start - LEAD), start)):
        part.read(begin, torn)
        if part.until > start:
            break
    header = stream.codec_context.extradata if stream.codec_context.codec.canonical_name == "ass" else b""
    lines = [[begin, stop, text] for (begin, text), stop in part.lines.items()]
    told = {"header": (header or b"").decode("utf-8", "replace")[: MOST // 4], "lines": lines, "until": part.until}
    return json.dumps(told).encode()


class _Part:
    """A part of a film, read once or twice. ``until``: the second until which its lines are known."""

    def __init__(self, av: Any, container: Any, stream: Any, start: float, end: float) -> None:
        self._av, self._container, self._stream = av, container, stream
        self._start, self._end = start, end
        self._indexed = container.format.name.startswith(OF_A_FILE)
        clocks = [] if self._indexed else [*container.streams.video, *container.streams.audio][:1]
        self._read = [stream, *clocks]
        discard = av.stream.Discard
        for each in container.streams:
            each.discard = discard.default if each in self._read else discard.all
        self._left = MOST
        self.lines: dict[tuple[float, str], float | None] = {}
        self.until = start

    def read(self, begin: float, torn: Any) -> None:
        """From a second on to the part's end, or to where the file is not there."""
        torn(forget=True)
        try:
            self._container.seek(int(begin * self._av.time_base))
            for packet in self._container.demux(self._read):
                if packet.pts is not None and self._take(packet):
                    return
        except (self._av.error.FFmpegError, ValueError):
            return
        if not torn():
            self.until = max(self.until, self._end)

    def _take(self, packet: Any) -> bool:
        """Whether that is beyond the part."""
        at = float(packet.pts * packet.time_base)
        if packet.stream is self._stream:
            self._keep(packet, at)
        if at > self._end or self._left <= 0:
            self.until = max(self.until, min(at, self._end))
            return True
        if packet.stream is not self._stream:
            at = float(packet.dts * packet.time_base) if packet.dts is not None else at
        self.until = max(self.until, at)
        return False

    def _keep(self, packet: Any, at: float) -> None:
        length = float(packet.duration * packet.time_base) if packet.duration else None
        stop = None if length is None else round(at + length, 3)
        if stop is not None and stop <= self._start:
            return
        for line in _lines(self._av, packet):
            if len(line) <= LONGEST:
                self._left -= len(line)
                self.lines[round(at, 3), line] = stop


def _lines(av: Any, packet: Any) -> list[str]:
    """A packet as lines of ASS; none when it is broken."""
    try:
        found = packet.decode()
    except (av.error.FFmpegError, ValueError):
        return []
    return [rect.ass.decode("utf-8", "replace") for rect in found if getattr(rect, "ass", None)]
