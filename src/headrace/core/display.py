"""Text from strangers, fit for a terminal.

Rules: names in torrents and links, and what a user typed, may hold control characters, which a terminal obeys, and may
be of any length. What is shown is one line of printable characters, without secrets where it may hold links.
"""

from __future__ import annotations


def printable(text: str, limit: int = 80) -> str:
    """``text`` with ``?`` for what cannot be printed; of a longer one the last ``limit`` characters, after ``…``."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= limit else "…" + text[1 - limit :]
