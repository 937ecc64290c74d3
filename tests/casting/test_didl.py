from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.casting import didl
from headrace.casting.base import Captions, Show
from headrace.core.dlna import FEATURES

DIDL = "{urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/}"
SHOW = Show("http://10.0.0.1/a?token=x&y=1", "Film", "video/mp4", size=1000, duration=3723.5)


def item(show: Show) -> ElementTree.Element:
    (found,) = ElementTree.fromstring(didl.didl(show))
    return found


def test_a_film() -> None:
    film = item(SHOW)
    assert film.findtext("{http://purl.org/dc/elements/1.1/}title") == "Film"
    assert film.findtext("{urn:schemas-upnp-org:metadata-1-0/upnp/}class") == "object.item.videoItem"
    (res,) = film.findall(f"{DIDL}res")
    assert res.text == SHOW.url
    told = {"protocolInfo": f"http-get:*:video/mp4:{FEATURES}", "size": "1000", "duration": "1:02:03"}
    assert res.attrib == told


def test_subtitles_are_srt() -> None:
    film = item(Show(SHOW.url, "Film", "video/mp4", captions=Captions("http://x/s.vtt", "http://x/s.srt")))
    second = film.findall(f"{DIDL}res")[1]
    assert (second.text, second.attrib) == ("http://x/s.srt", {"protocolInfo": "http-get:*:text/srt:*"})
    assert film.findtext("{http://www.sec.co.kr/}CaptionInfoEx") == "http://x/s.srt"
    assert "vtt" not in didl.didl(SHOW)


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("audio/mpeg", "audioItem"), ("image/png", "imageItem"), ("application/x", "videoItem")],
)
def test_other_kinds(media_type: str, kind: str) -> None:
    found = item(Show("http://x/", "x", media_type)).findtext("{urn:schemas-upnp-org:metadata-1-0/upnp/}class")
    assert found == f"object.item.{kind}"


@given(st.text())
def test_any_title_makes_xml(title: str) -> None:
    assert item(Show("http://x/", title, "video/mp4"))[0].text


def test_what_a_renderer_lists() -> None:
    sink = [
        "http-get:*:video/mp4:*",
        "http-get:*:Video/MP4:DLNA.ORG_PN=AVC",
        "rtsp:*:video/x:*",
        "torn",
        "http-get:*::*",
    ]
    assert didl.types_of([*sink, "http-get:*:audio/mpeg:*"]) == ["video/mp4", "audio/mpeg"]
