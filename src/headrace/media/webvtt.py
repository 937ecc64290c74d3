"""Subtitle files as WebVTT, which is all that browsers and Chromecasts read.

Rules: text comes from strangers: whatever it holds, the answer is WebVTT or an ``InputError``. It may take a second for
the largest files, so this is no work for the event loop. The one importer of pysubs2 and charset-normalizer.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from headrace.core.cues import PLAIN, Cue, Style, cue, webvtt
from headrace.errors import InputError

if TYPE_CHECKING:
    from pysubs2 import SSAFile

LARGEST = 4 * 1024 * 1024
"""Bytes of a subtitle file: the largest real ones, ASS with drawn signs, have 2 MB."""
ASSUMED_FPS = 24000 / 1001
"""For MicroDVD, which counts frames, where its first line does not say: films have it."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BY_LANGUAGE = {
    "cp1250": ("bs", "cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq"),
    "cp1251": ("be", "bg", "mk", "ru", "sr", "uk"),
    "cp1252": ("ca", "da", "de", "en", "es", "eu", "fi", "fr", "gl", "is", "it", "nb", "nl", "no", "pt", "sv"),
    "cp1253": ("el",),
    "cp1254": ("tr",),
    "cp1255": ("he",),
    "cp1256": ("ar", "fa", "ur"),
    "cp1257": ("et", "lt", "lv"),
    "cp1258": ("vi",),
    "shift_jis": ("ja",),
    "cp949": ("ko",),
}
"""What people wrote before UTF-8, by language: surer than a guess (a short French file was taken for Baltic)."""
FEW = 24
"""Bytes beyond ASCII that are too few to guess by; Western languages have such texts."""
_READERS = {"srt": "srt", "ass": "ass", "ssa": "ssa", "vtt": "vtt", "ttml": "ttml", "smi": "sami", "sub": None}
"""pysubs2's name of each format; None lets it look."""


def decode(data: bytes, language: str = "") -> str:
    """Text of an unknown encoding: a byte order mark, else UTF-8, else what the language (BCP 47) was written in, else
    a guess by how well it reads."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    main = language.partition("-")[0]
    habit = next((encoding for encoding, languages in _BY_LANGUAGE.items() if main in languages), "")
    for encoding in filter(None, ("utf-8", habit)):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return _guessed(data)


def _guessed(data: bytes) -> str:
    if sum(byte > 127 for byte in data) >= FEW:
        from charset_normalizer import from_bytes

        if (best := from_bytes(data).best()) is not None:
            return str(best)
    return data.decode("cp1252", "replace")


def to_webvtt(data: bytes, suffix: str, language: str = "") -> str:
    """The subtitles of a file with this suffix. ``InputError`` when they cannot be read."""
    text = decode(data, language).replace("\0", "")
    if text.lstrip().startswith("WEBVTT"):
        return text.lstrip()
    try:
        return _converted(text, _READERS.get(suffix))
    except Exception as error:  # pysubs2 raises whatever its parsing ran into
        raise InputError(
            f"These subtitles cannot be read: {type(error).__name__}.",
            "Another file of the torrent may do, or a player such as mpv.",
            kind="subtitles",
        ) from error


def to_srt(text: str) -> str:
    """WebVTT as SubRip, which is what televisions read; what SubRip cannot say (places) is left out."""
    import pysubs2

    return str(pysubs2.SSAFile.from_string(text, format_="vtt").to_string("srt"))


def _converted(text: str, reader: str | None) -> str:
    import pysubs2

    subtitles = pysubs2.SSAFile.from_string(text, format_=reader, fps=ASSUMED_FPS if reader is None else None)
    found = cues_of(subtitles)
    if not found:
        raise ValueError("nothing to show")
    return webvtt(found)


def cues_of(subtitles: SSAFile) -> list[Cue]:
    """What is shown of a file, in the order of time; layers that say the same (outlines, shadows) say it once."""
    styles, height = _looks(subtitles)
    found: dict[Cue, None] = {}
    for event in subtitles:
        if not event.is_comment:
            made = cue(event.start / 1000, event.end / 1000, event.text, styles.get(event.style, PLAIN), height)
            if made is not None:
                found[made] = None
    return sorted(found, key=lambda each: (each.start, each.end))


def styles_in(header: str) -> tuple[dict[str, Style], float]:
    """Styles by name, and the height of the picture that places count in, of the head of an ASS file; nothing and 0 of
    what is none."""
    import pysubs2

    try:
        return _looks(pysubs2.SSAFile.from_string(header, format_="ass"))
    except Exception:  # as above: then all lines look alike
        return {}, 0.0


def _looks(subtitles: SSAFile) -> tuple[dict[str, Style], float]:
    styles = {
        name: Style(bool(style.bold), bool(style.italic), bool(style.underline), int(style.alignment))
        for name, style in subtitles.styles.items()
    }
    try:
        return styles, max(0.0, float(subtitles.info.get("PlayResY", 0)))
    except ValueError:
        return styles, 0.0
