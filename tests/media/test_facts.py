from __future__ import annotations

import json

import msgspec
import pytest

from headrace.media.facts import Media, Track, read

TRACK = {
    "index": 0, "kind": "audio", "codec": "aac", "profile": "LC", "language": "ger", "title": "", "default": True,
    "forced": False, "bitrate": 12_000, "channels": 2, "layout": "stereo", "sample_rate": 48_000,
}  # fmt: skip
FILE = {"container": "mp3", "duration": 4.0, "bitrate": None, "tracks": [TRACK], "chapters": []}


def test_what_is_told_comes_through() -> None:
    found = read(json.dumps(FILE).encode())
    assert found == Media("mp3", 4.0, None, (Track(**TRACK),), ())  # type: ignore[arg-type]
    assert json.loads(json.dumps(msgspec.to_builtins(found)))["tracks"][0]["width"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"container": None},
        {"container": "x" * 201},
        {"duration": -1.0},
        {"duration": 1e300},
        {"duration": "4"},
        {"bitrate": 1 << 60},
        {"tracks": [TRACK] * 101},
        {"tracks": [TRACK | {"kind": "virus"}]},
        {"tracks": [TRACK | {"index": -1}]},
        {"tracks": [TRACK | {"title": 5}]},
        {"tracks": [{"index": 0}]},
        {"chapters": [{"start": 0.0, "end": 1.0, "title": "x"}] * 301},
        {"chapters": ["x"]},
    ],
)
def test_what_is_not_agreed_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, as msgspec words it
        read(json.dumps(FILE | change).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b'{"duration": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, as msgspec words it
        read(raw)
