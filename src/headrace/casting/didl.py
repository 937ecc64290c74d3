"""What a renderer is told of a film: DIDL-Lite, and the protocolInfo in it. Pure.

Sources: DIDL-Lite and protocolInfo: UPnP ContentDirectory:1 and ConnectionManager:1 (section 2.5.2). ``res`` of
``text/srt`` and ``sec:CaptionInfoEx`` are how Samsung's televisions take subtitles, which others copied; who does not
know them passes over them.
"""

from __future__ import annotations

from xml.etree import ElementTree

from headrace.casting.base import Show
from headrace.core.dlna import FEATURES

_SPACES = {
    "xmlns": "urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:upnp": "urn:schemas-upnp-org:metadata-1-0/upnp/",
    "xmlns:sec": "http://www.sec.co.kr/",
}
_CLASSES = {"video": "object.item.videoItem", "audio": "object.item.audioItem", "image": "object.item.imageItem"}


def didl(show: Show) -> str:
    """The description of a show."""
    root = ElementTree.Element("DIDL-Lite", _SPACES)
    item = ElementTree.SubElement(root, "item", {"id": "0", "parentID": "-1", "restricted": "1"})
    ElementTree.SubElement(item, "dc:title").text = plain(show.title) or "Headrace"
    kind = "video" if show.hls else show.media_type.partition("/")[0]
    ElementTree.SubElement(item, "upnp:class").text = _CLASSES.get(kind, _CLASSES["video"])
    ElementTree.SubElement(item, "res", _about(show)).text = show.url
    if show.captions is not None:
        captions = show.captions.srt
        ElementTree.SubElement(item, "res", {"protocolInfo": "http-get:*:text/srt:*"}).text = captions
        for name in ("sec:CaptionInfo", "sec:CaptionInfoEx"):
            ElementTree.SubElement(item, name, {"sec:type": "srt"}).text = captions
    return ElementTree.tostring(root, encoding="unicode")


def _about(show: Show) -> dict[str, str]:
    about = {"protocolInfo": protocol_info(show)}
    if show.size and not show.hls:
        about["size"] = str(show.size)
    if show.duration:
        about["duration"] = clock(show.duration)
    return about


def protocol_info(show: Show) -> str:
    """How a show comes: by HTTP, of this type, with these features (those that the stream's own headers name)."""
    return f"http-get:*:{show.media_type}:{'*' if show.hls else FEATURES}"


def plain(text: str) -> str:
    """``text`` without what XML 1.0 cannot hold (section 2.2): names in torrents may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def clock(seconds: float) -> str:
    """Seconds as UPnP writes them: ``1:02:03`` (AVTransport:1, section 2.2.13)."""
    whole = int(max(seconds, 0.0))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def types_of(sink: list[str]) -> list[str]:
    """The media types that a renderer lists (GetProtocolInfo), each once, in its order."""
    parts = (entry.split(":") for entry in sink)
    types = (part[2].strip().lower() for part in parts if len(part) > 3 and part[0].strip() == "http-get")
    return list(dict.fromkeys(filter(None, types)))
