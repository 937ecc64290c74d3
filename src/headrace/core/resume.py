"""Where somebody goes on watching.

Rules: pure arithmetic in seconds. Whoever saw a few seconds only has not begun, and whoever saw all but the credits has
done with it: both start from the beginning.
"""

from __future__ import annotations

BEGUN = 10.0
"""Seconds from which on going on is worth it; of a short film ``SHARE`` of it."""
CREDITS = 180.0
"""Seconds before the end from which on a film counts as watched, at most: feature films have three to eight minutes of
credits, and a scene missed is worse than credits seen twice."""
SHARE = 0.05
"""The same as a share of the duration, for what is short: a minute of a sitcom, a second of a clip."""


def watched_through(seconds: float, duration: float | None) -> bool:
    """Whether nothing worth seeing is left behind this position; never when the duration is unknown."""
    return bool(duration and duration > 0 and seconds >= duration - min(CREDITS, SHARE * duration))


def has_begun(seconds: float, duration: float | None) -> bool:
    """Whether enough was seen for this to be worth remembering."""
    return seconds >= (min(BEGUN, SHARE * duration) if duration and duration > 0 else BEGUN)


def resume_at(seconds: float, duration: float | None) -> float:
    """Where to go on after a stop at this position; 0.0: at the beginning."""
    return seconds if has_begun(seconds, duration) and not watched_through(seconds, duration) else 0.0
