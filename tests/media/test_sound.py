"""Sound in segments: copied to the byte, or made without a seam."""

from __future__ import annotations

import array
import io
import itertools
import math
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from mediakit import Cutter, packets, seconds

from headrace.media import sound
from headrace.media.sound import Clock, Grid, Tape


@pytest.mark.parametrize(
    ("name", "track", "rate", "length"),
    [
        ("two.mkv", 1, 48_000, 1024),
        ("two.mp4", 1, 48_000, 1024),
        ("opus.mkv", 1, 48_000, 960),
        ("flac.mkv", 1, 48_000, 4608),
    ],
)
def test_copied_sound_is_the_files_and_has_no_seam(cuts: Path, name: str, track: int, rate: int, length: int) -> None:
    source, sent = packets(str(cuts / name), track), packets(Cutter(cuts / name).whole(track))
    assert [bytes(packet) for packet in sent] == [bytes(packet) for packet in source]
    assert [seconds(packet) for packet in sent] == pytest.approx(
        [seconds(packet) + sound.EPOCH for packet in source], abs=0.0011
    )
    steps = [(b.pts - a.pts) * a.time_base * rate for a, b in itertools.pairwise(sent)]
    assert set(steps[:-1]) == {length}, "Matroska's milliseconds are gone"


def heard(source: Any, track: int = 0) -> tuple[float, array.array[float]]:
    """When the sound begins, and its samples."""
    with av.open(source) as container:
        samples, begin = array.array("f"), None
        resampler = av.AudioResampler("flt", "mono", 48_000)
        for frame in container.decode(container.streams[track]):
            begin = float(frame.pts * frame.time_base) if begin is None else begin
            for out in resampler.resample(frame):
                samples.frombytes(bytes(out.planes[0])[: out.samples * 4])
        return begin or 0.0, samples


def loudness(samples: Any) -> float:
    return math.sqrt(sum(each * each for each in samples) / max(1, len(samples)))


@pytest.mark.parametrize(("name", "track"), [("two.mkv", 2), ("two.mp4", 2), ("dts.mkv", 1), ("mp3.mkv", 1)])
def test_made_sound_is_the_original_at_its_time_without_a_seam(cuts: Path, name: str, track: int) -> None:
    """Each hundredth of a second differs from the original by what AAC costs, at segments' borders as elsewhere."""
    made = Cutter(cuts / name)
    whole = made.whole(track)
    sent = packets(whole)
    assert {b.pts - a.pts for a, b in itertools.pairwise(sent)} == {1024}
    whole.seek(0)
    (begin, original), (began, copy) = heard(str(cuts / name), track), heard(whole)
    shift = round((began - sound.EPOCH - begin) * 48_000)
    assert abs(shift) < 3000
    count = min(len(original) - shift, len(copy)) // 480 - 4
    errors = [
        loudness([copy[at] - original[at + shift] for at in range(block * 480, block * 480 + 480, 3)])
        for block in range(8, count)
    ]
    assert count > 1350
    assert max(errors) < 0.06 * loudness(original[48_000:96_000])


def test_silence_where_the_track_has_ended(cuts: Path, tmp_path: Path) -> None:
    """The sound ends in the second of four segments; the others have silence, as long as they are."""
    with av.open(str(cuts / "two.mkv")) as source, av.open(str(tmp_path / "short.mkv"), "w") as out:
        video, voice = source.streams[0], source.streams[2]
        made = {each: out.add_stream_from_template(each) for each in (video, voice)}
        for packet in source.demux(video, voice):
            if packet.size and (packet.stream is video or seconds(packet) < 6):
                packet.stream = made[packet.stream]
                out.mux(packet)
    cut = Cutter(tmp_path / "short.mkv")
    middle = packets(io.BytesIO(cut.init(1) + cut.segment(1, cut.segments[2])))
    assert len(middle) == pytest.approx(cut.segments[2].seconds * 48_000 / 1024, abs=1)
    _begin, samples = heard(cut.whole(1))
    assert loudness(samples[48_000 : 5 * 48_000]) > 0.1
    assert loudness(samples[7 * 48_000 : 11 * 48_000]) < 0.001


def test_a_grid_takes_rounding_away_and_leaves_breaks() -> None:
    codec = SimpleNamespace(sample_rate=48_000, extradata=None)
    grid = Grid(SimpleNamespace(codec_context=codec, start_time=5, time_base=Fraction(1, 1000)), 1024)
    step, origin = Fraction(1024, 48_000), Fraction(5, 1000)
    for number in range(200):
        exact = origin + number * step
        assert grid.place(Fraction(round(exact * 1000), 1000)) == exact
    off = origin + Fraction(1, 100)
    assert grid.place(off) == off
    assert Grid(SimpleNamespace(codec_context=codec, start_time=None, time_base=Fraction(1, 9)), 0).place(off) == off


def test_chunks_follow_one_another_but_for_breaks() -> None:
    clock = Clock()
    assert [clock.place(Fraction(time, 1000), 48) for time in (0, 1, 3, 4, 1000, 1001, 0)] == [
        0, 48, 96, 144, 48_000, 48_048, 0,
    ]  # fmt: skip


def test_a_tape_has_silence_where_nothing_was_put() -> None:
    one = [array.array("f", [0.5] * 100).tobytes()] * 2
    tape = Tape(1000)
    tape.put(950, one)  # half of it is before the tape
    tape.put(1200, one)
    tape.put(800, one)  # all of it is
    assert tape.end == 1300
    frame = tape.frame(av, 1000)
    assert (frame.samples, frame.pts, frame.sample_rate) == (1024, 1000, 48_000)
    for plane in frame.planes:
        samples = array.array("f", bytes(plane)[: 1024 * 4])
        assert list(samples) == [0.5] * 50 + [0.0] * 150 + [0.5] * 100 + [0.0] * 724
    with pytest.raises(LookupError, match="no order"):
        tape.put(1000 + 48_000 * 100, one)


def test_which_tracks_can_be_heard() -> None:
    codec = SimpleNamespace(sample_rate=48_000, channels=2)
    assert sound.known(SimpleNamespace(codec_context=codec, time_base=Fraction(1, 1000)))
    assert not sound.known(SimpleNamespace(codec_context=None, time_base=Fraction(1, 1000)))
    codec.channels = 0
    assert not sound.known(SimpleNamespace(codec_context=codec, time_base=Fraction(1, 1000)))
