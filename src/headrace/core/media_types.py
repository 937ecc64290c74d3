"""What kind of file a name stands for, and its media type.

Rules: by the last suffix of the name alone, case ignored; the table is ours, for the ``mimetypes`` module depends on
the system and costs 10 ms at start. Types are IANA's where it has one, else what players and VLC, nginx and Kodi send.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["video", "audio", "subtitle", "image", "other"]

DEFAULT_TYPE = "application/octet-stream"

_VIDEO = """
3g2 video/3gpp2, 3gp video/3gpp, amv video/x-amv, asf video/x-ms-asf, avi video/x-msvideo, avs2 video/x-avs2,
divx video/x-msvideo, dv video/dv, evo video/mp2p, f4v video/mp4, flv video/x-flv, h264 video/h264, h265 video/h265,
hevc video/h265, ivf video/x-ivf, m1v video/mpeg, m2p video/mp2p, m2t video/mp2t, m2ts video/mp2t, m2v video/mpeg,
m4v video/mp4, mjpeg video/x-motion-jpeg, mk3d video/x-matroska, mkv video/x-matroska, mov video/quicktime,
mp4 video/mp4, mp4v video/mp4, mpe video/mpeg, mpeg video/mpeg, mpg video/mpeg, mpv video/mpeg, mts video/mp2t,
mxf application/mxf, nsv video/x-nsv, nut video/x-nut, obu video/av1, ogm video/ogg, ogv video/ogg, ogx video/ogg,
qt video/quicktime, rm application/vnd.rn-realmedia, rmvb application/vnd.rn-realmedia-vbr, tod video/mp2t,
tp video/mp2t, trp video/mp2t, ts video/mp2t, vob video/mp2p, vro video/mp2p, webm video/webm, wm video/x-ms-wm,
wmv video/x-ms-wmv, wtv video/x-wtv, xvid video/x-msvideo, y4m video/x-yuv4mpeg
"""
_AUDIO = """
aac audio/aac, ac3 audio/ac3, aif audio/aiff, aiff audio/aiff, alac audio/mp4, amr audio/amr, ape audio/x-ape,
au audio/basic, caf audio/x-caf, dff audio/x-dff, dsf audio/x-dsf, dts audio/vnd.dts, dtshd audio/vnd.dts.hd,
eac3 audio/eac3, ec3 audio/eac3, f4a audio/mp4, flac audio/flac, m4a audio/mp4, m4b audio/mp4, mid audio/midi,
midi audio/midi, mka audio/x-matroska, mlp audio/x-mlp, mp1 audio/mpeg, mp2 audio/mpeg, mp3 audio/mpeg,
mpa audio/mpeg, mpc audio/x-musepack, oga audio/ogg, ogg audio/ogg, opus audio/ogg, ra audio/vnd.rn-realaudio,
spx audio/ogg, tak audio/x-tak, thd audio/x-truehd, truehd audio/x-truehd, tta audio/x-tta, w64 audio/x-w64,
wav audio/wav, weba audio/webm, wma audio/x-ms-wma, wv audio/x-wavpack
"""
_SUBTITLE = """
aqt text/plain, ass text/x-ssa, dfxp application/ttml+xml, idx application/x-vobsub, jss text/plain,
lrc text/plain, mks video/x-matroska, mpl2 text/plain, pjs text/plain, psb text/plain, rt text/plain,
sbv text/plain, smi application/x-sami, sami application/x-sami, srt application/x-subrip, ssa text/x-ssa,
stl application/x-ebu-stl, sub text/x-microdvd, sup application/x-pgs, ttml application/ttml+xml, usf text/xml,
vtt text/vtt
"""
_IMAGE = """
avif image/avif, bmp image/bmp, gif image/gif, heic image/heic, heif image/heif, jfif image/jpeg, jpe image/jpeg,
jpeg image/jpeg, jpg image/jpeg, jxl image/jxl, png image/png, svg image/svg+xml, tbn image/jpeg, tif image/tiff,
tiff image/tiff, webp image/webp
"""
_OTHER = """
7z application/x-7z-compressed, cue text/plain, epub application/epub+zip, gz application/gzip, htm text/html,
html text/html, iso application/x-iso9660-image, json application/json, log text/plain, m3u audio/x-mpegurl,
m3u8 application/vnd.apple.mpegurl, md text/markdown, mpd application/dash+xml, nfo text/plain, pdf application/pdf,
pls audio/x-scpls, rar application/vnd.rar, sfv text/plain, tar application/x-tar, torrent application/x-bittorrent,
txt text/plain, xml text/xml, xspf application/xspf+xml, zip application/zip
"""


def _table(text: str, kind: Kind) -> dict[str, tuple[Kind, str]]:
    pairs = (entry.split() for entry in text.split(","))
    return {suffix: (kind, media_type) for suffix, media_type in pairs}


_TYPES: dict[str, tuple[Kind, str]] = (
    _table(_VIDEO, "video")
    | _table(_AUDIO, "audio")
    | _table(_SUBTITLE, "subtitle")
    | _table(_IMAGE, "image")
    | _table(_OTHER, "other")
)


def suffix_of(path: str) -> str:
    """The part after the name's last dot, in lower case; empty when there is none, or the name is all suffix."""
    stem, dot, suffix = path.rsplit("/", 1)[-1].rpartition(".")
    return suffix.lower() if stem and dot else ""


def kind_of(path: str) -> Kind:
    """What a person would call the file, by its name."""
    return _TYPES.get(suffix_of(path), ("other", DEFAULT_TYPE))[0]


def media_type_of(path: str) -> str:
    """The media type for ``Content-Type``; ``application/octet-stream`` when the suffix is not known."""
    return _TYPES.get(suffix_of(path), ("other", DEFAULT_TYPE))[1]
