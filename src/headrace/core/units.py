"""Sizes, rates and times, as people write and read them.

Rules: units as in GNU coreutils, wget and aria2: ``K M G T`` and ``KiB MiB …`` are powers of 1024, ``KB MB …`` powers
of 1000; case does not matter. A rate is in bytes a second; ``Mbit`` or ``Mbps`` mean bits, in powers of 1000. What is
printed is in powers of 1024 and says so (``MiB``).
"""

from __future__ import annotations

import math
import re

from headrace.core.display import printable
from headrace.errors import InputError

_NUMBER = r"([0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})"
_QUANTITY = re.compile(_NUMBER + r"\s*(?:([kmgtp]?)(i?b|bits?|bps)?)?(/s(?:ec)?)?", re.ASCII | re.IGNORECASE)
_UNITS = re.compile(
    rf"(?:{_NUMBER}h)?(?:{_NUMBER}m(?:in)?)?(?:{_NUMBER}s(?:ec)?)?",
    re.ASCII | re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{1,2}(?:\.[0-9]{1,9})?)", re.ASCII)
_POWERS = "kmgtp"
_PRINTED = ("B", "KiB", "MiB", "GiB", "TiB")


def parse_size(text: str) -> int:
    """Bytes of ``20G``, ``700MB``, ``1.5 TiB``, ``4096``; ``InputError`` otherwise."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[4] or _is_bits(match):
        raise _bad(text, "a size", "Write bytes, or a number with K, M, G or T: 500M, 1.5G.")
    return int(float(match[1]) * _factor(match))


def parse_rate(text: str) -> int:
    """Bytes a second of ``1.5M``, ``500K``, ``2MiB/s``, ``8Mbit``; 0 means no limit. ``InputError`` otherwise."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise _bad(text, "a rate", "Write bytes a second, 1.5M or 500K, or bits as 8Mbit; 0 means no limit.")
    rate = float(match[1]) * _factor(match)
    # A limit that rounds to 0 must not turn into none.
    return max(int(rate), 1) if rate else 0


def parse_time(text: str) -> float:
    """Seconds of ``90``, ``1:02:03``, ``62:03``, ``12m30s``, ``1h``; ``InputError`` otherwise."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text, re.ASCII):
        return float(text)
    if (clock := _CLOCK.fullmatch(text)) and _fits(clock):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    if text and (units := _UNITS.fullmatch(text.replace(" ", ""))):
        hours, minutes, seconds = (float(part or 0) for part in units.groups())
        return hours * 3600 + minutes * 60 + seconds
    raise _bad(text, "a time", "Write seconds, 1:02:03, or 12m30s.")


def format_size(size: float) -> str:
    """``size`` bytes in three or four digits: ``0 B``, ``1.4 GiB``, ``350 KiB``."""
    power, value = 0, float(size)
    while value >= 999.5 and power < 4:
        power, value = power + 1, value / 1024
    digits = 1 if power and value < 99.95 else 0
    return f"{value:.{digits}f} {_PRINTED[power]}"


def format_rate(rate: float) -> str:
    """``rate`` bytes a second: ``2.3 MiB/s``."""
    return format_size(rate) + "/s"


def format_time(seconds: float) -> str:
    """``seconds`` as a clock shows them, without fractions: ``0:07``, ``12:30``, ``1:02:03``."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _is_bits(match: re.Match[str]) -> bool:
    return (match[3] or "").lower().startswith(("bit", "bp"))


def _factor(match: re.Match[str]) -> float:
    """Bytes in one of the unit."""
    prefix, suffix = (match[2] or "").lower(), (match[3] or "").lower()
    base = 1000.0 if suffix == "b" or _is_bits(match) else 1024.0
    power = _POWERS.index(prefix) + 1 if prefix else 0
    return math.pow(base, power) / (8 if _is_bits(match) else 1)


def _fits(clock: re.Match[str]) -> bool:
    """Whether the parts that follow a larger one are under 60."""
    return float(clock[3]) < 60 and (clock[1] is None or int(clock[2]) < 60)


def _bad(text: str, what: str, hint: str) -> InputError:
    return InputError(f"{printable(text, 40)!r} is not {what}.", hint, kind="bad_value")
