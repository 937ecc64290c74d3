"""Films cut for HLS: the part of ``worker`` that knows where a film can be cut, and cuts it.

Rules: as ``worker``'s: one thread, no file; ``av`` is the module, handed over. A segment depends on the film and on its
borders alone, not on what was cut before: all of a track's segments, one after the other, are the track without a seam.
Pictures are never decoded; sound only where browsers know its codec not, and then it becomes AAC.

What is written counts from ``EPOCH``, so that what begins before zero (pictures that are sent before they are shown,
the encoder's run-up of sound) has its place too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from headrace.media import painter, sound

EPOCH = 10
"""Seconds at which every film begins in what is sent, as in what Apple's tools make."""
MOST = 96 << 20
"""Bytes of a segment: 12 s at 64 Mbit/s. A film with more between two keyframes is not made for this."""
KEYFRAMES = 50_000
"""Of which is told: 14 hours of one every second."""
APART = 1.0
"""Seconds between keyframes that are told; films for editing have nothing else, 24 a second."""
PICTURES = frozenset({"h264", "hevc", "vp9", "av1"})
"""What some browser or television shows, and fragmented MP4 carries."""
FRAGMENT = 1_000_000
"""Microseconds: so much of a segment is in memory in the muxer."""
BACK = 10
"""Seconds before a keyframe from which it is looked for when it was not found at once."""
REACH = 3.0
"""Seconds by which sound may lie earlier in a file than the pictures that go with it."""
BEYOND = 10.0
"""Seconds of pictures after which no more sound of a segment is looked for: the track has ended."""

WORDS = 200
"""Characters of a title."""

Write = Callable[[bytes], None]


def outline(av: Any, container: Any) -> dict[str, Any]:
    """Where the film can be cut, and how each track begins; ``LookupError`` when it cannot be cut."""
    video = painter.video_of(container)
    name = video.codec_context.codec.canonical_name if video.codec_context is not None else ""
    if name not in PICTURES:
        raise LookupError(f"no browser shows {name or 'its codec'}")
    if not {"matroska", "mov"} & set(container.format.name.split(",")):
        raise LookupError("its container has no index of keyframes")
    container.seek(0, stream=video)  # Matroska's index is read with the first seek; to zero, where nothing is missing
    lag, depth = _timing(container, video)
    begin, length = container.start_time or 0, container.duration or 0
    return {
        "unit": [video.time_base.numerator, video.time_base.denominator],
        "end": float((begin + length) / av.time_base),
        "keyframes": _keyframes(container, video, lag),
        "video": {
            "index": video.index,
            "codec": name,
            "width": video.codec_context.width,
            "height": video.codec_context.height,
            "frame_rate": round(float(video.guessed_rate or 0), 3),
            "lag": lag,
            "depth": depth,
            "init": _text(init(av, video)),
        },
        "sounds": [_sound(av, stream) for stream in container.streams.audio if sound.known(stream)],
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _sound(av: Any, stream: Any) -> dict[str, Any]:
    metadata = {name.lower(): value for name, value in stream.metadata.items()}
    language = metadata.get("language", "")
    return {
        "index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "copied": sound.is_copied(stream),
        "channels": stream.codec_context.channels if sound.is_copied(stream) else sound.CHANNELS,
        "language": "" if language == "und" else language[:WORDS],
        "title": metadata.get("title", "")[:WORDS],
        "default": bool(stream.disposition & type(stream.disposition).default),
        "init": _text(init(av, stream)),
    }


def counts_sending(container: Any) -> bool:
    """Whether the index has the times at which pictures are sent (MP4), not those at which they are shown."""
    return "mov" in container.format.name


def _timing(container: Any, video: Any) -> tuple[int, int]:
    """Ticks from when the first picture is sent to when it is shown, and by how many of them pictures are reordered."""
    frame = 1 / float(video.guessed_rate or 25) / float(video.time_base)
    depth = round(video.codec_context.reorder_depth * frame)
    if not counts_sending(container):
        return 0, depth
    first = next((packet for packet in container.demux(video) if packet.size), None)
    if first is None or first.pts is None or first.dts is None:
        raise LookupError("its first picture has no time")
    lag = max(0, first.pts - first.dts)
    return lag, max(lag, depth)


def _keyframes(container: Any, video: Any, lag: int) -> list[tuple[int, int]]:
    """When they are shown, and where they lie."""
    least = APART / float(video.time_base)
    found: list[tuple[int, int]] = []
    for entry in video.index_entries:
        if entry.is_keyframe and (not found or entry.timestamp + lag - found[-1][0] >= least):
            found.append((entry.timestamp + lag, entry.pos))
        if len(found) >= KEYFRAMES:
            break
    return found


class Strip:
    """What the muxer writes to: drops the initialization, which is sent once and by itself."""

    def __init__(self, write: Write) -> None:
        self._write, self.head, self._past = write, bytearray(), False

    def write(self, data: bytes) -> int:
        """Bytes from the muxer."""
        if self._past:
            self._write(bytes(data))
            return len(data)
        self.head += data
        end = _header_end(self.head)
        if end:
            rest = bytes(self.head[end:])
            del self.head[end:]
            self._past = True
            if rest:
                self._write(rest)
        return len(data)


def _header_end(data: bytearray) -> int:
    """Where ``moov``, the second box, ends; 0 when not all of it is there."""
    at = 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if size < 8 or at + size > len(data):
            return 0
        at += size
        if kind == b"moov":
            return at
    return 0


def muxer(av: Any, sink: Strip) -> Any:
    """A container for one track of fragmented MP4, whose times are as they are given."""
    options = {
        "movflags": "empty_moov+default_base_moof+frag_discont+skip_trailer",
        "frag_duration": str(FRAGMENT),
        "use_editlist": "0",
        "avoid_negative_ts": "disabled",
    }
    return av.open(sink, "w", format="mp4", container_options=options)


def track_in(av: Any, out: Any, stream: Any) -> Any:
    """The track as it is sent."""
    if stream.type == "video":
        made = out.add_stream_from_template(stream, opaque=True)
        made.time_base = stream.time_base
        if stream.codec_context.codec.canonical_name == "hevc":
            made.codec_context.codec_tag = "hvc1"  # parameters in front only, which is all that Apple plays
        return made
    return sound.track_in(out, stream)


def init(av: Any, stream: Any) -> bytes:
    """The initialization segment of a track."""
    sink = Strip(lambda _: None)
    out = muxer(av, sink)
    track_in(av, out, stream)
    out.start_encoding()
    out.close()
    return bytes(sink.head)


def cut(av: Any, container: Any, job: dict[str, Any], write: Write) -> None:
    """One segment. ``job``: ``track``, ``first`` and ``last`` (ticks of the video, or None), and the
    outline's ``lag`` and ``depth``."""
    video = painter.video_of(container)
    stream = next((each for each in container.streams if each.index == job["track"]), None)
    if stream is None or (stream is not video and (stream.type != "audio" or not sound.known(stream))):
        raise LookupError("there is no such track")
    out = muxer(av, Strip(write))
    made = track_in(av, out, stream)
    out.start_encoding()
    packets: Iterable[Any] = (
        _pictures(container, video, job)
        if stream is video
        else sound.packets(av, Reading(container, video, stream), made, job["first"], job["last"])
    )
    for packet in packets:
        packet.stream = made
        out.mux_one(packet)
    out.close()


# pictures
def _pictures(container: Any, video: Any, job: dict[str, Any]) -> list[Any]:
    """Packets from one keyframe to before another, with times anew.

    They are shown when the file says. When they are sent Matroska does not say, and after a seek FFmpeg guesses: so
    here the n-th that is sent has the n-th of the times at which one is shown, less what reordering needs. Since no
    picture of a segment is shown between those of another, this is the same order over all segments.
    """
    packets = _between(container, video, job)
    shown = sorted(packet.pts for packet in packets)
    depth = max(job["depth"], *(time - packet.pts for time, packet in zip(shown, packets, strict=True)))
    epoch, sent = round(EPOCH / video.time_base), None
    for time, packet in zip(shown, packets, strict=True):
        sent = time - depth + epoch if sent is None else max(sent + 1, time - depth + epoch)
        packet.pts, packet.dts = packet.pts + epoch, sent
    return packets


def _between(container: Any, video: Any, job: dict[str, Any]) -> list[Any]:
    """The packets as the file has them. A seek may end before the keyframe that was wanted, rarely behind it."""
    first, last, lag = job["first"], job["last"], job["lag"]
    for back in (0, round(BACK / video.time_base)):
        if first is not None:
            container.seek(first - back, stream=video)
        began, packets = _kept(_timed(container, video, lag), first, last)
        if began is not None and (first is None or began == first):
            break
    if not packets:
        raise LookupError("there is no picture in it")
    return packets


def _discard(stream: Any, unwanted: bool) -> None:
    """Have FFmpeg leave out a track's packets, and MP4 their bytes."""
    choices = type(stream.discard)
    stream.discard = choices.all if unwanted else choices.default


def _timed(container: Any, video: Any, lag: int) -> Iterator[tuple[int | None, Any]]:
    """The pictures, and of keyframes their time as the index has it."""
    sending = counts_sending(container)
    for stream in container.streams:
        _discard(stream, stream is not video)
    for packet in container.demux(video):
        if packet.size:
            if packet.pts is None or (sending and packet.dts is None):
                raise LookupError("its pictures have no times")
            yield ((packet.dts + lag if sending else packet.pts) if packet.is_keyframe else None), packet


def _kept(
    packets: Iterator[tuple[int | None, Any]], first: int | None, last: int | None
) -> tuple[int | None, list[Any]]:
    """Those of the segment, and the time of the keyframe that it begins with."""
    kept: list[Any] = []
    began, size = None, 0
    for time, packet in packets:
        if time is not None and last is not None and time >= last:
            break
        if began is None and time is not None and (first is None or time >= first):
            began = time
        if began is not None:
            kept.append(packet)
            size += packet.size
        if size > MOST:
            raise LookupError(f"a segment of it has more than {MOST >> 20} MiB")
    return began, kept


# sound
class Reading:
    """One audio track's packets around a place in the film."""

    def __init__(self, container: Any, video: Any, stream: Any) -> None:
        self._container, self._video, self.stream = container, video, stream

    def seconds(self, ticks: int) -> Fraction:
        """A border of the pictures in seconds of the film."""
        unit: Fraction = self._video.time_base
        return ticks * unit

    def packets(self, first: int | None, start: Fraction, end: Fraction | None) -> Iterator[Any]:
        """Packets from at most ``start`` on, and a little more; until ``end`` or the film's.

        ``first`` is the keyframe that belongs to the place. Sound lies behind it as a rule; if what comes first there
        is later than ``start``, it is looked for in front of it.
        """
        if first is None:
            yield from self._from(None, end)
            return
        found = self._from(first, end)
        head = next(found, None)
        if head is None or head.pts * self.stream.time_base > start:
            yield from self._from(first - round(REACH / self._video.time_base), end)
            return
        yield head
        yield from found

    def _from(self, place: int | None, end: Fraction | None) -> Iterator[Any]:
        mp4 = counts_sending(self._container)
        for each in self._container.streams:
            # MP4 is read track by track; of Matroska pictures show how far one has come
            wanted = each is self.stream or (each is self._video and not mp4)
            _discard(each, not wanted)
        if place is not None:
            self._seek(place, mp4)
        late = None if end is None else end + Fraction(BEYOND)
        for packet in self._container.demux(self.stream, self._video):
            if not packet.size or packet.pts is None:
                continue
            time = packet.pts * packet.stream.time_base
            if packet.stream is self._video:
                if late is not None and time > late:
                    return
                continue
            yield packet
            if end is not None and time >= end:
                return

    def _seek(self, place: int, mp4: bool) -> None:
        if mp4:
            seconds = place * self._video.time_base - Fraction(1, 4)
            self._container.seek(int(seconds / self.stream.time_base), stream=self.stream)
        else:
            self._container.seek(place, stream=self._video)
