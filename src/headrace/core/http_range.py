"""Range and conditional requests (RFC 9110, sections 13 and 14), as arithmetic.

Rules: a Range that does not follow the grammar, has another unit or names several ranges is ignored, which the RFC
allows for each (14.2): the answer is the whole file with 200. One range that lies in the file, even in part, is
clipped to it. Digits are ASCII and may be as many as a header holds.
"""

from __future__ import annotations

import re

from msgspec import Struct

from headrace.core.spans import Span

# 14.1.2: int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length.
_SPEC = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
# 8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; commas are etagc too.
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_HUGE = 10**25
"""Stands for every longer number; Python would take quadratic time, and refuses over 4,300 digits."""


class Unsatisfiable(Struct, frozen=True):
    """The one range asked for lies outside the file: 416."""

    size: int

    @property
    def content_range(self) -> str:
        """Value of ``Content-Range`` in the answer (14.4)."""
        return f"bytes */{self.size}"


def parse_range(header: str | None, size: int) -> Span | Unsatisfiable | None:
    """What a ``Range`` header asks of a file of ``size`` bytes.

    A ``Span`` (never empty) means 206, ``Unsatisfiable`` 416, and None 200 with the whole file.
    """
    spec = _only_range(header)
    if spec is None:
        return None
    first, last = spec
    if not first:
        return _suffix(_number(last), size)
    start, end = _number(first), _number(last) if last else _HUGE
    if end < start:
        return None  # 14.1.1: an int-range whose last-pos is less than its first-pos is invalid
    return Span(start, min(end + 1, size)) if start < size else Unsatisfiable(size)


def content_range(span: Span, size: int) -> str:
    """Value of ``Content-Range`` for a 206 with the bytes of ``span`` (14.4)."""
    return f"bytes {span.start}-{span.end - 1}/{size}"


def if_range_matches(header: str | None, etag: str) -> bool:
    """Whether a Range may be honoured in the face of ``If-Range`` (13.1.5).

    The comparison is strong; a date never matches, for a torrent's file has none.
    """
    return header is None or (header.strip(" \t") == etag and not etag.startswith("W/"))


def if_none_match(header: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names what we have, so that GET and HEAD answer 304 (13.1.2).

    The comparison is weak. A header that breaks the grammar matches nothing: 200 is never wrong.
    """
    if header is None:
        return False
    header = header.strip(" \t")
    return header == "*" or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in _tags(header)}


def _only_range(header: str | None) -> tuple[str, str] | None:
    """First and last position of the only range-spec, as digits; None when there are more or fewer, or is nonsense."""
    unit, equals, ranges = (header or "").strip(" \t").partition("=")
    # 14.1: range unit names are case-insensitive.
    if not equals or unit.lower() != "bytes":
        return None
    # 5.6.1: elements of a list may be empty, and have blanks around their commas but none before the first.
    head, *rest = ranges.split(",")
    specs = [part for part in (head.rstrip(" \t"), *(part.strip(" \t") for part in rest)) if part]
    match = _SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    return (match[1], match[2]) if match and (match[1] or match[2]) else None


def _suffix(length: int, size: int) -> Span | Unsatisfiable | None:
    """14.1.2: the last ``length`` bytes; all of them if the file is shorter; 0 is unsatisfiable."""
    if length == 0:
        return Unsatisfiable(size)
    # Satisfiable for an empty file too, but no Content-Range can say so: 200.
    return Span(max(0, size - length), size) if size else None


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= 25 else _HUGE


def _tags(header: str) -> list[str]:
    """The entity tags of a list; empty when it breaks the grammar."""
    tags: list[str] = []
    position, expected = 0, True
    while position < len(header):
        if header[position] in ", \t":
            expected = expected or header[position] == ","
            position += 1
        elif expected and (match := _TAG.match(header, position)):
            tags.append(match[0])
            position, expected = match.end(), False
        else:
            return []
    return tags
