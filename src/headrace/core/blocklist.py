"""Lists of addresses never to talk to, in the forms that people have them.

Rules: one range a line, as P2P text (``name:1.2.3.4-1.2.3.9``), eMule's .dat (``1.2.3.4 - 1.2.3.9 , 100 , name``, of
which levels under 128 block), CIDR, a plain range or a single address; IPv4 and IPv6. Octets may have leading zeros, as
.dat files do, and are decimal. Lines that begin with ``#``, ``;`` or ``//`` are comments, as is what follows `` #`` or
`` ;``. What cannot be read is counted, not passed over in silence. Common lists have 300,000 lines: IPv4 takes one
pattern and no address objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

Range = tuple[str, str]

_V4 = r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})"
_RANGE = re.compile(rf"(?:.*:)?\s*{_V4}\s*-\s*{_V4}\s*(?:,\s*([0-9]{{1,4}})\s*(?:,.*)?)?", re.ASCII)
_ONE = re.compile(rf"{_V4}(?:/([0-9]{{1,2}}))?", re.ASCII)
_COMMENT = re.compile(r"\s(?:#|;|//).*")
_ALLOWED_FROM = 128
"""eMule's access level from which an address is let through."""


class Blocklist(Struct, frozen=True):
    """Ranges as ``(first, last)`` addresses, both included, and how many lines could not be read."""

    ranges: tuple[Range, ...]
    bad: int


def parse_blocklist(lines: Iterable[str]) -> Blocklist:
    """Read a list's lines, of any mix of the forms."""
    ranges: list[Range] = []
    bad = 0
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", ";", "//")):
            continue
        try:
            found = _line(text)
        except ValueError:
            bad += 1
        else:
            ranges += found
    return Blocklist(tuple(ranges), bad)


def _line(text: str) -> tuple[Range, ...]:
    """The range of one line; nothing when it lets addresses through; ``ValueError`` when it cannot be read."""
    if match := _RANGE.fullmatch(text):
        octets = [int(octet) for octet in match.groups()[:8]]
        first, last = octets[:4], octets[4:]
        if max(octets) > 255 or first > last:
            raise ValueError(text)
        return ((_dotted(first), _dotted(last)),) if int(match[9] or 0) < _ALLOWED_FROM else ()
    text = _COMMENT.sub("", text)
    if match := _ONE.fullmatch(text):
        return (_network([int(octet) for octet in match.groups()[:4]], int(match[5] or 32)),)
    # A comment may have hidden a plain range.
    if match := _RANGE.fullmatch(text):
        return _line(text)
    return (_v6(text),)


def _dotted(octets: list[int]) -> str:
    return f"{octets[0]}.{octets[1]}.{octets[2]}.{octets[3]}"


def _network(octets: list[int], prefix: int) -> Range:
    if max(octets) > 255 or prefix > 32:
        raise ValueError(octets)
    value = int.from_bytes(bytes(octets))
    free = (1 << (32 - prefix)) - 1
    ends = (value & ~free, value | free)
    first, last = (_dotted(list(end.to_bytes(4))) for end in ends)
    return first, last


def _v6(text: str) -> Range:
    import ipaddress  # few lists have IPv6

    if "/" in text:
        network = ipaddress.IPv6Network(text.strip(), strict=False)
        return str(network[0]), str(network[-1])
    left, dash, right = text.rpartition("-")
    if not dash:
        return (str(ipaddress.IPv6Address(text)),) * 2
    last = ipaddress.IPv6Address(right.strip())
    first = _named_v6(left.strip())
    if ipaddress.IPv6Address(first) > last:
        raise ValueError(text)
    return first, str(last)


def _named_v6(text: str) -> str:
    """The address of ``name:address``; as a name ends with a colon too, the longest reading that is an address."""
    import ipaddress

    parts = text.split(":")
    # An address has at most 8 groups, and one colon more when it begins or ends with "::".
    for start in range(max(0, len(parts) - 10), len(parts)):
        try:
            return str(ipaddress.IPv6Address(":".join(parts[start:]).strip()))
        except ValueError:
            continue
    raise ValueError(text)
